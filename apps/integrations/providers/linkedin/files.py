"""Bringing files to LinkedIn: reserve a place, put the bytes there, wait until they are usable."""

from __future__ import annotations

import json
import time

from ..errors import ErrorKind, ProviderError
from ..types import Done, MediaItem, PublishContext, Wait
from .client import Kind, LinkedInApi, Slot

POLL_SECONDS = 3.0
MARGIN = 60  # seconds before an upload address ends that we no longer begin with it
_HANDLES = ("", ".slot", ".etags", ".sent", ".ready")


def kind_of(item: MediaItem) -> Kind:
    return {"video": "videos", "document": "documents"}.get(item.kind, "images")  # type: ignore[return-value]


def upload(api: LinkedInApi, ctx: PublishContext) -> Done:
    """Every file. A video goes on at the part where a worker stopped."""
    for number, item in enumerate(ctx.content.media):
        name = f"media.{number}"
        if ctx.handles.get(f"{name}.sent"):
            continue
        try:
            _send(api, ctx, name, item)
        except ProviderError as error:
            if error.kind in (ErrorKind.VALIDATION, ErrorKind.TRANSIENT_SAFE) and (
                error.field == "media"
            ):
                forget(ctx, name)  # the address has ended: a new one at the next try
            raise
        ctx.remember(f"{name}.sent", "1")
    return Done(dict(ctx.handles))


def _send(api: LinkedInApi, ctx: PublishContext, name: str, item: MediaItem) -> None:
    kind = kind_of(item)
    slot = _slot(api, ctx, name, kind, item.size)
    if kind != "videos":
        api.put(slot.parts[0][0], item.read(), signed=True)
        return
    etags: list[str] = json.loads(ctx.handles.get(f"{name}.etags") or "[]")
    for url, first, last in slot.parts[len(etags) :]:
        etags.append(api.put(url, item.part(first, last - first + 1), signed=False))
        ctx.remember(f"{name}.etags", json.dumps(etags))
    api.finish_video(slot.urn, slot.token, etags)


def _slot(api: LinkedInApi, ctx: PublishContext, name: str, kind: Kind, size: int) -> Slot:
    """The place reserved before, as long as its addresses are good, else a new one."""
    if kept := ctx.handles.get(f"{name}.slot"):
        urn, parts, token, until = json.loads(kept)
        if not until or until - MARGIN > time.time():
            return Slot(urn, tuple((u, f, n) for u, f, n in parts), token, until)
        forget(ctx, name)
    slot = api.reserve(kind, ctx.account.remote_id, size)
    ctx.remember(f"{name}.slot", json.dumps([slot.urn, slot.parts, slot.token, slot.until]))
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
