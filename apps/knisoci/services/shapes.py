"""What a variant has beyond text and media: threads, polls, first comments. Tidied and bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.knisoci import content
from apps.knisoci.errors import ContentInvalid
from apps.media import queries as media

_LENGTHS = {"format": 20, "title": 300, "link": 2000, "first_comment": 10_000}
_PARTS, _PART_TEXT, _ANSWERS = 100, 30_000, 20


def checked(shape: Mapping[str, Any]) -> dict[str, Any]:
    """`shape` as it is kept: fields of content.SHAPE, NUL gone, media known.

    None means: leave as it is; an empty value clears. What a network takes is not judged here, a
    draft may hold more. Raises ContentInvalid with the field, AssetNotFound; TypeError for a field
    that there is not.
    """
    unknown = shape.keys() - set(content.SHAPE)
    if unknown:
        raise TypeError(f"A variant has no {sorted(unknown)}")
    kept: dict[str, Any] = {}
    for name, value in shape.items():
        if value is None:
            continue
        if name in _LENGTHS:
            kept[name] = _line(name, value)
        elif name == "thread":
            kept[name] = _thread(value)
        else:
            kept[name] = _poll(value)
    return kept


def _line(name: str, value: Any) -> str:
    text = _plain(value)
    if name != "first_comment":
        text = text.strip()
    if len(text) > _LENGTHS[name]:
        raise ContentInvalid(f"At most {_LENGTHS[name]:,} characters.", field=name)
    return text


def _thread(pieces: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Empty parts at the end are what a form sends for a box that nobody filled in."""
    if len(pieces) > _PARTS:
        raise ContentInvalid(f"A thread has at most {_PARTS} parts.", field="thread")
    kept: list[dict[str, Any]] = []
    for number, piece in enumerate(pieces, 1):
        text = _plain(piece.get("text", ""))
        if len(text) > _PART_TEXT:
            raise ContentInvalid(f"At most {_PART_TEXT:,} characters.", field=f"thread.{number}")
        ids: list[UUID | str] = list(piece.get("media") or ())
        kept.append({"text": text, "media": [str(asset.pk) for asset in media.in_order(ids)]})
    while kept and not kept[-1]["text"].strip() and not kept[-1]["media"]:
        kept.pop()
    return kept


def _poll(value: Mapping[str, Any]) -> dict[str, Any] | None:
    options: list[str] = [_plain(one).strip() for one in value.get("options") or ()]
    options = [answer for answer in options if answer]
    if not options:
        return None
    if len(options) > _ANSWERS or any(len(one) > 200 for one in options):
        raise ContentInvalid("A poll has at most 20 answers of 200 characters.", field="poll")
    try:
        minutes = int(value.get("minutes") or 1440)
    except (TypeError, ValueError):
        raise ContentInvalid(
            "How long the poll runs is a number of minutes.", field="poll"
        ) from None
    return {"options": options, "minutes": minutes, "multiple": bool(value.get("multiple"))}


def _plain(value: Any) -> str:
    return str(value).replace("\x00", "").replace("\r\n", "\n")
