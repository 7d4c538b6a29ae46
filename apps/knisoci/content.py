"""From a variant to what a network gets: hash, files in its format, findings."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.integrations import providers
from apps.integrations.providers.base import (
    Content,
    Count,
    Issue,
    MediaItem,
    Part,
    Piece,
    Poll,
)
from apps.knisoci import media_items
from apps.knisoci.media_items import Wanted

if TYPE_CHECKING:
    from apps.integrations.providers.base import PublishProvider
    from apps.knisoci.models import Channel, Variant


# Fields of a Variant beyond text, media, options and language; see models.Variant.
SHAPE = ("format", "title", "link", "thread", "first_comment", "poll")


def digest(
    *,
    text: str,
    media: Iterable[UUID | str],
    options: Mapping[str, Any],
    language: str = "",
    **shape: Any,
) -> str:
    """What makes two variants of one account the same post, as 64 hex digits.

    `shape` are the fields of SHAPE; empty ones do not count.
    """
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    parts = [plain, [str(one) for one in media], dict(options), language]
    if given := {name: value for name, value in shape.items() if value}:
        parts.append(given)
    packed = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(variant: Variant) -> str:
    return digest(
        text=variant.text,
        media=variant.media,
        options=variant.options,
        language=variant.language,
        **{name: getattr(variant, name) for name in SHAPE},
    )


def digest_of_part(part: Part) -> str:
    """As `digest`, of one part that is on its way."""
    content = part.content
    return digest(
        text=content.text,
        media=[item.asset_id for item in content.media],
        options=content.options if part.role == "post" else {},
        language=content.language or "",
        format=content.format,
        title=content.title,
        link=content.link,
        poll=content.poll and [*content.poll.options, content.poll.minutes, content.poll.multiple],
    )


def provider_of(channel: Channel) -> PublishProvider:
    return providers.of_row(channel.connection.provider)


def build(variant: Variant, channel: Channel, *, wanted: Wanted = "look") -> Content:
    """What would go out now. Makes missing pictures, so keep it out of transactions.

    `wanted` says what to do about videos that are not in the network's form yet, see media_items.
    Raises MediaPreparing, and the media app's errors where a file is gone or cannot be made to fit.
    """
    return build_from(
        channel=channel,
        wanted=wanted,
        text=variant.text,
        media_ids=variant.media,
        options=variant.options,
        language=variant.language,
        **{name: getattr(variant, name) for name in SHAPE},
    )


def build_from(
    *,
    channel: Channel,
    text: str,
    media_ids: Sequence[UUID] = (),
    options: Mapping[str, Any] | None = None,
    language: str = "",
    format: str = "",
    title: str = "",
    link: str = "",
    thread: Sequence[Mapping[str, Any]] = (),
    first_comment: str = "",
    poll: Mapping[str, Any] | None = None,
    wanted: Wanted = "look",
) -> Content:
    """As `build`, for text that is not saved yet."""
    whole = Content(
        text=text,
        language=language or None,
        options=dict(options or {}),
        format=format,
        title=title,
        link=link,
        poll=Poll(
            tuple(poll["options"]), int(poll.get("minutes", 1440)), bool(poll.get("multiple"))
        )
        if poll
        else None,
        first_comment=first_comment,
    )
    files = partial(_items, channel, wanted=wanted)
    bare = Content(text="", language=whole.language)
    return replace(
        whole,
        media=files(media_ids, whole),
        thread=tuple(
            Piece(str(piece.get("text", "")), files(piece.get("media", ()), bare))
            for piece in thread
        ),
    )


def _items(
    channel: Channel, ids: Sequence[UUID | str], sketch: Content, *, wanted: Wanted
) -> tuple[MediaItem, ...]:
    connection = channel.connection
    return media_items.items(
        ids,
        provider=provider_of(channel),
        account=connection.account,
        sketch=sketch,
        is_sandbox=connection.is_sandbox,
        wanted=wanted,
    )


def all_media(content: Content) -> list[MediaItem]:
    """The files of all parts."""
    return [item for part in content.parts() for item in part.content.media]


def count(channel: Channel, text: str) -> Count:
    """Length by the network's own rule, as composers show it."""
    return provider_of(channel).count(text, channel.connection.account)


def issues(channel: Channel, content: Content) -> list[Issue]:
    """What the network would say to `content`. Pure."""
    return provider_of(channel).validate(content, channel.connection.account)


def takes_plain_text(channel: Channel) -> bool:
    """Whether a text by itself is a post there; some networks want a picture or a video."""
    return not any(issue.level == "error" for issue in issues(channel, Content("A first post.")))
