"""A picture of what was approved: who, the words with their line breaks, files, poll, thread."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image, ImageDraw

from apps.errors import DomainError
from apps.integrations import providers
from apps.knisoci.previews import fonts
from apps.media import queries as media
from apps.media.services import assets
from apps.media.types import SHOWN

WIDTH, EDGE, MOST = 720, 32, 12_000
FIRST = 1_200  # what a short post needs
_INK, _SOFT, _LINE, _PAPER = "#1c1a1b", "#6f666a", "#ded6d9", "#ffffff"
_BODY, _SMALL, _HEAD = 20, 15, 24


class _Sheet:
    """A column that grows downwards; what is too long for `MOST` pixels is cut there."""

    def __init__(self) -> None:
        self.y = EDGE
        self._paper(FIRST)

    def room_for(self, height: int) -> None:
        """See that `height` more pixels are there: most posts are short, some are very long."""
        if self.y + height > self.image.height < MOST:
            drawn = self.image
            self._paper(min(MOST, 2 * max(drawn.height, self.y + height)))
            self.image.paste(drawn, (0, 0))

    def _paper(self, height: int) -> None:
        self.image = Image.new("RGB", (WIDTH, height), _PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def words(self, text: str, *, size: int = _BODY, ink: str = _INK, indent: int = 0) -> None:
        room = WIDTH - 2 * EDGE - indent
        for line in text.split("\n"):
            for piece in _wrapped(line, size, room):
                self.room_for(2 * size)
                x: float = EDGE + indent
                for run, font in fonts.runs(piece, size):
                    self.pen.text((x, self.y + size), run, font=font, fill=ink, anchor="ls")
                    x += font.getlength(run)
                self.y += round(size * 1.5)

    def gap(self, pixels: int = 16) -> None:
        self.y += pixels

    def rule(self) -> None:
        self.gap(8)
        self.room_for(16)
        self.pen.line((EDGE, self.y, WIDTH - EDGE, self.y), fill=_LINE)
        self.gap(16)

    def paste(self, picture: Image.Image) -> None:
        picture.thumbnail((WIDTH - 2 * EDGE, 720))
        self.room_for(picture.height)
        self.image.paste(picture.convert("RGB"), (EDGE, self.y))
        self.y += picture.height + 12

    def png(self) -> bytes:
        self.room_for(EDGE)
        out = io.BytesIO()
        height = min(self.y + EDGE, MOST)
        # Flat colours shrink well at any level; the highest takes several times as long.
        self.image.crop((0, 0, WIDTH, height)).save(out, "PNG", compress_level=3)
        return out.getvalue()


def draw(snapshot: Mapping[str, Any]) -> bytes:
    """`snapshot` (see services.approving) as a PNG."""
    sheet = _Sheet()
    _head(sheet, snapshot)
    for name, size in (("title", _HEAD), ("text", _BODY)):
        if snapshot.get(name):
            sheet.words(snapshot[name], size=size)
            sheet.gap(8)
    _files(sheet, snapshot["media"], snapshot["files"])
    if snapshot.get("link"):
        sheet.words(snapshot["link"], size=_SMALL, ink=_SOFT)
    _poll(sheet, snapshot.get("poll"))
    parts = 1 + len(snapshot.get("thread") or ())
    for number, piece in enumerate(snapshot.get("thread") or (), 2):
        sheet.rule()
        sheet.words(f"{number} of {parts}", size=_SMALL, ink=_SOFT)
        sheet.words(piece.get("text", ""))
        _files(sheet, piece.get("media") or (), snapshot["files"])
    if snapshot.get("first_comment"):
        sheet.rule()
        sheet.words("First comment", size=_SMALL, ink=_SOFT)
        sheet.words(snapshot["first_comment"])
    _options(sheet, snapshot)
    return sheet.png()


def _head(sheet: _Sheet, snapshot: Mapping[str, Any]) -> None:
    network = providers.of_row(snapshot["provider"])
    name, color = network.name, network.color
    account = snapshot["account"]
    sheet.pen.rectangle((0, 0, WIDTH, 8), fill=color)
    sheet.words(account["name"] or account["handle"], size=_HEAD)
    sheet.words(f"{account['handle']} · {name}", size=_SMALL, ink=_SOFT)
    sheet.gap()


def _files(sheet: _Sheet, ids: Iterable[str], known: Mapping[str, Any]) -> None:
    for pk in ids:
        about = known.get(pk, {})
        shown = _shown(pk)
        if shown is not None:
            sheet.paste(shown)
        if shown is None or not about.get("mime", "").startswith("image/"):
            sheet.words(f"{about.get('name', pk)} ({about.get('mime', 'file')})", ink=_SOFT)
        if about.get("alt_text"):
            sheet.words(f"Described as: {about['alt_text']}", size=_SMALL, ink=_SOFT)
        sheet.gap(8)


def _shown(pk: str) -> Image.Image | None:
    """The picture, or a video's still; None where there is none."""
    try:
        (asset,) = media.in_order([pk])
        made = assets.rendition(asset=asset, spec=SHOWN["large"])
        found = Image.open(io.BytesIO(assets.read(made)))
        found.load()
    except (DomainError, OSError):
        return None
    return found


def _poll(sheet: _Sheet, poll: Mapping[str, Any] | None) -> None:
    if not poll:
        return
    for answer in poll["options"]:
        top = sheet.y
        sheet.gap(8)
        sheet.words(answer, indent=16)
        sheet.gap(4)
        sheet.room_for(EDGE)
        sheet.pen.rounded_rectangle((EDGE, top, WIDTH - EDGE, sheet.y), 8, outline=_LINE, width=2)
        sheet.gap(8)
    sheet.words(f"Runs {poll['minutes']:,} minutes", size=_SMALL, ink=_SOFT)


def _options(sheet: _Sheet, snapshot: Mapping[str, Any]) -> None:
    chosen = {name: value for name, value in snapshot["options"].items() if value}
    if snapshot.get("format"):
        chosen = {"format": snapshot["format"], **chosen}
    if chosen:
        sheet.rule()
        for name, value in chosen.items():
            sheet.words(f"{name.replace('_', ' ')}: {value}", size=_SMALL, ink=_SOFT)


def _wrapped(line: str, size: int, room: int) -> Iterable[str]:
    """`line` in pieces that fit; a word that is longer than a line is broken."""
    held = ""
    for word in line.split(" "):
        longer = f"{held} {word}" if held else word
        if fonts.width(longer, size) <= room:
            held = longer
            continue
        if held:
            yield held
        while fonts.width(word, size) > room:
            most = len(word)
            while fonts.width(word[:most], size) > room:
                most -= max(1, most // 8)
            yield word[:most]
            word = word[most:]
        held = word
    yield held
