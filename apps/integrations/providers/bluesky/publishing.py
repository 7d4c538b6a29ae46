"""The stages of a publication on Bluesky. Everything the one write says is settled before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from ..base import (
    Account,
    Done,
    ErrorKind,
    Found,
    NotFound,
    ProviderError,
    PublishContext,
    Wait,
)
from ..hosts import simulated
from ..link_cards import LinkCard, read_card, read_image
from .client import POST, BlueskyApi
from .record import card_of, gates_of, record_of
from .text import facets
from .tid import new_tid
from .video import POLL_SECONDS, upload_video

APP = "https://bsky.app"
THUMB_BYTES = 1_000_000


def prepare(api: BlueskyApi, ctx: PublishContext) -> Done | Wait:
    """Files, rich text, the link's card, what is answered, and our own record key."""
    for number, item in enumerate(ctx.content.media):
        name = f"blob.{number}"
        if name in ctx.handles:
            continue
        if item.kind == "video":
            if not upload_video(api, ctx, item, name):
                return Wait(POLL_SECONDS)
        else:
            ctx.remember(name, json.dumps(api.upload(item.read(), item.mime)))
    _captions(api, ctx)
    if "facets" not in ctx.handles:
        ctx.remember("facets", json.dumps(facets(ctx.content.text, api.resolve)))
    _card(api, ctx)
    if ctx.role != "post" and "reply" not in ctx.handles:
        parent = ctx.parent if ctx.role == "thread" else ctx.root
        ctx.remember(
            "reply", json.dumps({"root": _ref(api, ctx.root), "parent": _ref(api, parent)})
        )
    if "rkey" not in ctx.handles:
        ctx.remember("created_at", _now())
        ctx.remember("rkey", new_tid())
    _gates(api, ctx)
    return Done(dict(ctx.handles))


def _captions(api: BlueskyApi, ctx: PublishContext) -> None:
    item = ctx.content.media[0] if ctx.content.media else None
    if item is None or item.captions is None or "captions" in ctx.handles:
        return
    ctx.remember("captions", json.dumps(api.upload(item.captions(), "text/vtt")))


def _card(api: BlueskyApi, ctx: PublishContext) -> None:
    """Read the page once: each attempt has to write the same record, whatever the page says then."""
    url = card_of(ctx.content)
    if not url:
        return
    if "card" not in ctx.handles:
        page = read_card(url, ctx.client)
        ctx.remember("card", json.dumps([page.title, page.description, page.image]))
    if "thumb" in ctx.handles:
        return
    card = LinkCard(*json.loads(ctx.handles["card"]))
    picture = read_image(card.image, ctx.client, max_bytes=THUMB_BYTES) if card.image else None
    thumb = None
    try:
        thumb = api.upload(*picture) if picture else None
    except ProviderError as error:
        if error.kind not in (ErrorKind.MEDIA_INVALID, ErrorKind.VALIDATION):
            raise  # a picture that the server does not want is no reason not to post
    ctx.remember("thumb", json.dumps(thumb))


def _ref(api: BlueskyApi, handles: Mapping[str, str]) -> dict[str, str]:
    """A post as replies name it. Its cid is unknown where the post was found by a check."""
    uri = handles["remote_id"]
    cid = handles.get("cid")
    if not cid:
        did, _, rkey = uri.removeprefix("at://").replace(f"/{POST}/", " ").partition(" ")
        found = api.get_post(did, rkey)
        if found is None:
            raise ProviderError(
                ErrorKind.VALIDATION, "The post that this one answers is gone.", field="thread"
            )
        cid = str(found.get("cid") or "")
    return {"uri": uri, "cid": cid}


def _gates(api: BlueskyApi, ctx: PublishContext) -> None:
    """Before the post, so that there is no moment in which anyone may answer."""
    if ctx.role != "post" or "gated" in ctx.handles:
        return
    gates = gates_of(ctx)
    for gate in gates:
        api.put_gate(ctx.account.remote_id, ctx.handles["rkey"], gate)
    if gates:
        ctx.remember("gated", "1")


def submit(api: BlueskyApi, ctx: PublishContext) -> Done | Wait:
    if any(f"blob.{number}" not in ctx.handles for number in range(len(ctx.content.media))):
        step = prepare(api, ctx)
        if isinstance(step, Wait):
            return step
    rkey = ctx.handles["rkey"]
    try:
        found = api.put_post(ctx.account.remote_id, rkey, record_of(ctx))
    except ProviderError as error:
        if error.kind is ErrorKind.MEDIA_NOT_READY:
            # A server throws away files that no record names for a while: they go up again.
            ctx.forget(
                *(name for name in ctx.handles if name.startswith("blob.")),
                "video.job",
                "captions",
                "thumb",
            )
        raise
    ctx.remember("remote_id", str(found["uri"]))
    ctx.remember("cid", str(found.get("cid") or ""))
    ctx.remember("permalink", permalink(ctx.account, rkey))
    return Done(dict(ctx.handles))


def reconcile(api: BlueskyApi, ctx: PublishContext) -> Found | NotFound:
    """Ask for the record under our own key: there is no doubt left after that."""
    rkey = ctx.handles.get("rkey")
    if rkey is None:
        return NotFound()  # the write comes after the key
    found = api.get_post(ctx.account.remote_id, rkey)
    if found is None:
        return NotFound()
    uri = str(found.get("uri") or f"at://{ctx.account.remote_id}/{POST}/{rkey}")
    return Found(uri, permalink(ctx.account, rkey))


def permalink(account: Account, rkey: str) -> str:
    """Where readers find the post: in the app, or at the sandbox."""
    page = account.host if simulated(account.host) else APP
    return f"{page}/profile/{account.handle.removeprefix('@')}/post/{rkey}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
