"""A pin on its way out, and looking for it afterwards."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import (
    Content,
    Done,
    ErrorKind,
    Found,
    MediaItem,
    NotFound,
    ProviderError,
    PublishContext,
    Unreadable,
    Wait,
)
from .client import PAGE, PAGES, PinterestApi

POLL_SECONDS = 5.0
# Between our clock and Pinterest's.
CLOCK_SKEW = timedelta(minutes=3)


def link_of(content: Content) -> str:
    return str(content.options.get("link") or content.link or "").strip()


def register(api: PinterestApi, ctx: PublishContext) -> Done | Wait:
    if "media_id" not in ctx.handles:
        media_id, url, fields = api.register_video()
        ctx.remember("upload", json.dumps({"url": url, "fields": fields}))
        ctx.remember("media_id", media_id)
    return Done(dict(ctx.handles))


def upload(api: PinterestApi, ctx: PublishContext) -> Done | Wait:
    """A file that arrived twice is the same file: nothing is public before the pin is made."""
    if not ctx.handles.get("uploaded"):
        where = json.loads(ctx.handles["upload"])
        if not api.upload(where["url"], where["fields"], ctx.content.media[0]):
            ctx.forget("media_id", "upload")
            raise ProviderError(
                ErrorKind.TRANSIENT_SAFE, "The permission to upload has ended; we ask again."
            )
        ctx.remember("uploaded", "1")
        ctx.forget("upload")  # what it holds opens the store for a while
    return Done(dict(ctx.handles))


def process(api: PinterestApi, ctx: PublishContext) -> Done | Wait:
    if ctx.handles.get("ready"):
        return Done(dict(ctx.handles))
    status = api.media_status(ctx.handles["media_id"])
    if status == "succeeded":
        ctx.remember("ready", "1")
        return Done(dict(ctx.handles))
    if status in ("registered", "processing"):
        return Wait(POLL_SECONDS)
    ctx.forget("media_id", "upload", "uploaded")
    if status == "failed":
        raise ProviderError(
            ErrorKind.MEDIA_INVALID, "Pinterest could not process the video.", field="media"
        )
    raise ProviderError(ErrorKind.TRANSIENT_SAFE, "Pinterest has forgotten the upload.")


VIDEO = {"register": register, "upload": upload, "process": process}


def submit(api: PinterestApi, ctx: PublishContext) -> str:
    """Make the pin; returns its id."""
    return str(api.create_pin(pin_of(ctx))["id"])


def pin_of(ctx: PublishContext) -> dict[str, Any]:
    """The body of `POST /pins`; the same for every attempt."""
    content = ctx.content
    pin: dict[str, Any] = {
        "board_id": str(content.options.get("board") or ""),
        "title": content.title.strip(),
        "description": content.text.strip(),
        "alt_text": content.media[0].alt_text.strip(),
        "link": link_of(content),
    }
    pin = {name: value for name, value in pin.items() if value}
    pin["media_source"] = _source(ctx)
    return pin


def _source(ctx: PublishContext) -> dict[str, Any]:
    """Pictures travel inside the call, so that an installation behind a router can pin too."""
    media = ctx.content.media
    if media[0].kind == "video":
        return {
            "source_type": "video_id",
            "media_id": ctx.handles["media_id"],
            **_cover(media[0]),
        }
    if len(media) == 1:
        return {"source_type": "image_base64", **_inline(media[0])}
    return {
        "source_type": "multiple_image_base64",
        "items": [_inline(item) for item in media],
        "index": 0,
    }


def _inline(item: MediaItem) -> dict[str, str]:
    return {"content_type": item.mime, "data": base64.b64encode(item.read()).decode()}


def _cover(video: MediaItem) -> dict[str, Any]:
    """A video pin needs one: the chosen picture, else the chosen moment, else an early one."""
    if video.cover is not None:
        return {
            "cover_image_content_type": video.cover.mime,
            "cover_image_data": base64.b64encode(video.cover.read()).decode(),
        }
    moment = video.cover_ms / 1000 if video.cover_ms is not None else min(1.0, video.seconds / 2)
    return {"cover_image_key_frame_time": round(moment, 3)}


def find(api: PinterestApi, ctx: PublishContext) -> Found | NotFound | Unreadable:
    """The pin on its board, not claimed by another intent. The permalink is left to the caller."""
    since, seen, oldest = ctx.started_at - CLOCK_SKEW, 0, None
    for pin in api.board_pins(str(ctx.content.options.get("board") or "")):
        seen += 1
        oldest = instant(pin)
        if oldest is not None and oldest < since:
            return NotFound()
        if oldest is not None and is_ours(pin, ctx.content) and not ctx.is_claimed(str(pin["id"])):
            return Found(str(pin["id"]), "")
    if seen >= PAGE * PAGES:
        return Unreadable("The board has had too many pins since then to be searched.")
    return NotFound()


def is_ours(pin: Mapping[str, Any], content: Content) -> bool:
    def same(name: str, ours: str) -> bool:
        return " ".join(str(pin.get(name) or "").split()) == " ".join(ours.split())

    kind = str((pin.get("media") or {}).get("media_type") or "")
    is_video = content.media[0].kind == "video"
    return (
        same("link", link_of(content))
        and same("title", content.title)
        and same("description", content.text)
        and (not kind or (kind == "video") == is_video)
    )


def instant(pin: Mapping[str, Any]) -> datetime | None:
    """Pinterest writes UTC, with or without saying so."""
    try:
        at = datetime.fromisoformat(str(pin.get("created_at")))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
