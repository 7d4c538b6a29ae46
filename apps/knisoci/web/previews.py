"""A post as its readers will see it. How a network looks is data in its folder: `look.json`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from apps.integrations import providers
from apps.integrations.providers.text import links

Layout = Literal["note", "card", "photo", "tall", "watch", "pin", "chat"]


class Look(BaseModel):
    """How a network draws a post. `formats` names the layout where a format has another.

    `swipe`: several pictures stand side by side to be swiped instead of in a grid. `actions` are
    Lucide icons below a post; `words` stand beside them where the network has words. `fold` is after
    how many characters it hides the rest behind “more”, 0 for never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Layout = "note"
    formats: dict[str, Layout] = {}
    swipe: bool = False
    square: bool = False
    actions: tuple[str, ...] = ("message-circle", "repeat-2", "heart")
    words: tuple[str, ...] = ()
    subtitle: str = ""  # below the name; empty: the handle
    fold: int = 0


_PLAIN = Look()


@lru_cache(maxsize=64)
def look(provider: str) -> Look:
    """Checked when first read. A network without the file is drawn plainly."""
    path: Path = providers.of_row(provider).folder / "look.json"
    return Look.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else _PLAIN


@dataclass(frozen=True, slots=True)
class Action:
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class PreviewPart:
    """`folded` is what stands behind “more”."""

    number: int
    text: str
    folded: str
    media: list[Any]
    swipe: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """`card` is the host of the link whose card the network shows, empty for none."""

    look: Look
    layout: Layout
    parts: list[PreviewPart]
    title: str
    card: str
    poll: dict[str, Any] | None
    poll_runs: str
    comment: str
    total: int

    @property
    def template(self) -> str:
        return f"knisoci/compose/preview/{self.layout}.html"

    @property
    def first(self) -> PreviewPart:
        return self.parts[0]

    @property
    def more(self) -> list[PreviewPart]:
        return self.parts[1:]

    @property
    def actions(self) -> list[Action]:
        words = self.look.words + ("",) * len(self.look.actions)
        return [Action(*pair) for pair in zip(self.look.actions, words, strict=False)]


def of(line: Any) -> Preview:
    """The preview of a composer's line, see sheets.Line."""
    shape = line.shape_key
    known = look(line.provider.key)
    texts = [(line.shown, line.sheet.post.tiles)]
    texts += [(part.text, part.tiles) for part in line.thread]
    swipe = known.swipe or shape == "carousel"
    return Preview(
        look=known,
        layout=known.formats.get(shape, known.layout),
        parts=[
            PreviewPart(number, *_fold(text, known.fold), media, swipe)
            for number, (text, media) in enumerate(texts, 1)
        ],
        title=line.title if line.facts.title and line.title_counts else "",
        card=_card(line),
        poll=line.poll,
        poll_runs=_runs(line.poll),
        comment=line.first_comment if line.facts.first_comment else "",
        total=len(texts),
    )


def _fold(text: str, after: int) -> tuple[str, str]:
    if not after or len(text) <= after:
        return text, ""
    at = text.rfind(" ", 0, after)
    at = after if at < after // 2 else at
    return text[:at], text[at:]


def _card(line: Any) -> str:
    if line.sheet.post.media or line.facts.publishing.link_card == "none":
        return ""
    found = line.link or next((one.value for one in links(line.shown)), "")
    return urlsplit(found).hostname or "" if found else ""


def _runs(poll: dict[str, Any] | None) -> str:
    if not poll:
        return ""
    minutes = int(poll["minutes"])
    if minutes >= 1440:
        return f"{round(minutes / 1440)} d left"
    return f"{minutes // 60} h left" if minutes >= 60 else f"{minutes} min left"
