"""Bringing files to LinkedIn: reserve a place, put the bytes there, wait until they are usable."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ErrorKind, ProviderError
from ..types import Content, Done, MediaItem, PublishContext, Wait
from . import captions
from .client import Kind, LinkedInApi, Slot

POLL_SECONDS = 3.0
MARGIN = 60  # seconds before an upload address ends that we no longer begin with it
# So often captions are sent that LinkedIn does not take just now; then the video goes without.
CAPTION_TRIES = 3
_HANDLES = ("", ".slot", ".captions", ".etags", ".sent", ".ready")
_PASSING = (
    ErrorKind.AUTH_EXPIRED,
    ErrorKind.RATE_LIMITED,
    ErrorKind.MEDIA_NOT_READY,
    ErrorKind.TRANSIENT_SAFE,
)


def kind_of(item: MediaItem) -> Kind:
    return {"video": "videos", "document": "documents"}.get(item.kind, "images")  # type: ignore[return-value]


def has_captions(content: Content) -> bool:
    return any(item.captions is not None for item in content.media)


def caption(api: LinkedInApi, ctx: PublishContext) -> Done:
    """What videos are captioned with, settled before their first byte: see `_place`."""
    for name, item in _unsent(ctx):
        if item.captions is not None:
            with _renewing(ctx, name):
                _place(api, ctx, name, item)
    return Done(dict(ctx.handles))


def upload(api: LinkedInApi, ctx: PublishContext) -> Done:
    """Every file. A video goes on at the part where a worker stopped."""
    for name, item in _unsent(ctx):
        with _renewing(ctx, name):
            _send(api, ctx, name, item)
        ctx.remember(f"{name}.sent", "1")
    return Done(dict(ctx.handles))


def _unsent(ctx: PublishContext) -> list[tuple[str, MediaItem]]:
    named = ((f"media.{number}", item) for number, item in enumerate(ctx.content.media))
    return [(name, item) for name, item in named if not ctx.handles.get(f"{name}.sent")]


@contextmanager
def _renewing(ctx: PublishContext, name: str) -> Iterator[None]:
    """Let go of a place whose address has ended: a new one at the next try."""
    try:
        yield
    except ProviderError as error:
        if error.kind in (ErrorKind.VALIDATION, ErrorKind.TRANSIENT_SAFE) and (
            error.field == "media"
        ):
            forget(ctx, name)
        raise


def _send(api: LinkedInApi, ctx: PublishContext, name: str, item: MediaItem) -> None:
    slot = _place(api, ctx, name, item)
    if item.kind != "video":
        api.put(slot.parts[0][0], item.read(), signed=True)
        return
    etags: list[str] = json.loads(ctx.handles.get(f"{name}.etags") or "[]")
    for url, first, last in slot.parts[len(etags) :]:
        etags.append(api.put(url, item.part(first, last - first + 1), signed=False))
        ctx.remember(f"{name}.etags", json.dumps(etags))
    api.finish_video(slot.urn, slot.token, etags)


def _place(api: LinkedInApi, ctx: PublishContext, name: str, item: MediaItem) -> Slot:
    """Where the file goes, with its captions there already.

    A video whose place has room for captions is not usable without them. So they go first, and
    where LinkedIn does not take them, the video gets a place without, before a byte of it was sent.
    """
    slot = _slot(api, ctx, name, item)
    if item.captions is None or ctx.handles.get(f"{name}.captions"):
        return slot
    if not ctx.handles.get(f"{name}.plain"):
        refused = _captioned(api, ctx, name, item, slot)
        if refused is None:
            ctx.remember(f"{name}.captions", "1")
            return slot
        ctx.note(f"LinkedIn did not take the captions: {refused}"[:300])
        forget(ctx, name)  # first, so that the place with room for captions is never used without
        ctx.remember(f"{name}.plain", "1")
    return _slot(api, ctx, name, item)


def _captioned(
    api: LinkedInApi, ctx: PublishContext, name: str, item: MediaItem, slot: Slot
) -> str | None:
    """Send the captions; returns why LinkedIn has not got them, None where it has."""
    assert item.captions is not None
    tries = int(ctx.handles.get(f"{name}.tries") or 0) + 1
    if not slot.captions:
        return "it gave no place for them."
    try:
        api.caption(
            slot.captions, captions.about(item.captions_language), captions.subrip(item.captions())
        )
    except ProviderError as error:
        if error.kind is ErrorKind.AUTH_REVOKED:
            raise
        if error.kind in _PASSING and tries < CAPTION_TRIES:
            ctx.remember(f"{name}.tries", str(tries))
            raise
        return error.message
    return None


def _slot(api: LinkedInApi, ctx: PublishContext, name: str, item: MediaItem) -> Slot:
    """The place reserved before, as long as its addresses are good, else a new one."""
    if kept := ctx.handles.get(f"{name}.slot"):
        urn, parts, token, until, *more = json.loads(kept)
        if not until or until - MARGIN > time.time():
            return Slot(urn, tuple((u, f, n) for u, f, n in parts), token, until, *more)
        forget(ctx, name)
    wants = item.captions is not None and not ctx.handles.get(f"{name}.plain")
    slot = api.reserve(kind_of(item), ctx.account.remote_id, item.size, captions=wants)
    kept = json.dumps([slot.urn, slot.parts, slot.token, slot.until, slot.captions])
    ctx.remember(f"{name}.slot", kept)
    ctx.remember(name, slot.urn)
    return slot


def forget(ctx: PublishContext, name: str) -> None:
    ctx.forget(*(name + suffix for suffix in _HANDLES))


def process(api: LinkedInApi, ctx: PublishContext) -> Done | Wait:
    """Ask until every file can be in a post. Self-serve apps may not ask: the post itself tells."""
    waiting = False
    for number, item in enumerate(ctx.content.media):
        name = f"media.{number}"
        if ctx.handles.get(f"{name}.ready"):
            continue
        try:
            status = api.file_status(kind_of(item), ctx.handles[name])
        except ProviderError as error:
            if error.kind is not ErrorKind.SCOPE_MISSING:
                raise
            status = "AVAILABLE"
        if status == "PROCESSING_FAILED":
            forget(ctx, name)
            raise ProviderError(
                ErrorKind.MEDIA_INVALID,
                f"LinkedIn could not use file {number + 1}.",
                field="media",
            )
        if status == "AVAILABLE":
            ctx.remember(f"{name}.ready", "1")
        else:
            waiting = True
    return Wait(POLL_SECONDS) if waiting else Done(dict(ctx.handles))
