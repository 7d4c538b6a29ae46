"""Getting one part of a publication onto X: its files, the call, and finding out afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..checks import is_on
from ..errors import ErrorKind, ProviderError
from ..text import with_link
from ..types import Done, Found, MediaItem, NotFound, PublishContext, Unreadable, Wait
from .client import Media, XApi
from .text import as_written, comparable

SEGMENT = 4 * 1024 * 1024  # bytes; X takes 5 MB and 1,000 segments
CLOCK_SKEW = timedelta(minutes=3)  # between our clock and theirs
MARGIN = 600  # seconds before X forgets a file that we no longer count on it
REPEATS = 2  # refusals as a repeat after which a person has to look
PAGES = 3  # of 100 posts each that a check reads at most
_FILE = ("", ".segments", ".state", ".described", ".until")


def upload(api: XApi, ctx: PublishContext) -> Done:
    """Every file with its description. Continues at the segment where a worker stopped."""
    for number, item in enumerate(ctx.content.media):
        name = f"media.{number}"
        if _has_expired(ctx, name):
            _forget(ctx, name)
        if not ctx.handles.get(f"{name}.state"):
            _send(api, ctx, name, item)
        if item.alt_text and item.kind != "video" and not ctx.handles.get(f"{name}.described"):
            api.describe(ctx.handles[name], item.alt_text)
            ctx.remember(f"{name}.described", "1")
    return Done(dict(ctx.handles))


def _send(api: XApi, ctx: PublishContext, name: str, item: MediaItem) -> None:
    if item.kind == "image":
        _keep(ctx, name, media := api.upload(item.read(), item.mime))
        ctx.remember(f"{name}.state", media.state)
        return
    if not ctx.handles.get(name):
        category = "tweet_gif" if item.kind == "gif" else "tweet_video"
        _keep(ctx, name, api.initialize(item.mime, item.size, category))
    media_id = ctx.handles[name]
    for segment in range(int(ctx.handles.get(f"{name}.segments") or 0), _segments(item.size)):
        api.append(media_id, segment, item.part(segment * SEGMENT, SEGMENT))
        ctx.remember(f"{name}.segments", str(segment + 1))
    ctx.remember(f"{name}.state", api.finalize(media_id).state)


def _segments(size: int) -> int:
    return max(1, -(-size // SEGMENT))


def _keep(ctx: PublishContext, name: str, media: Media) -> None:
    ctx.remember(f"{name}.until", str(int(time.time()) + media.kept_seconds))
    ctx.remember(name, media.id)


def _has_expired(ctx: PublishContext, name: str) -> bool:
    until = ctx.handles.get(f"{name}.until")
    return bool(until) and int(until or 0) - MARGIN < time.time()


def _forget(ctx: PublishContext, name: str) -> None:
    ctx.forget(*(name + suffix for suffix in _FILE))


def process(api: XApi, ctx: PublishContext) -> Done | Wait:
    """Ask until X has prepared every file; never uploads."""
    waits = []
    for number, _ in enumerate(ctx.content.media):
        name = f"media.{number}"
        if ctx.handles.get(f"{name}.state") == "ready":
            continue
        media = api.status(ctx.handles[name])
        if media.state == "failed":
            _forget(ctx, name)
            raise ProviderError(
                ErrorKind.MEDIA_INVALID,
                f"X could not use this file: {media.error or 'no reason given'}.",
                field="media",
            )
        ctx.remember(f"{name}.state", media.state)
        if media.state != "ready":
            waits.append(media.seconds)
    return Wait(max(waits)) if waits else Done(dict(ctx.handles))


def submit(api: XApi, ctx: PublishContext, permalink: str) -> Done:
    """Make it public. `permalink` has a place for the id."""
    for number, _ in enumerate(ctx.content.media):
        if _has_expired(ctx, f"media.{number}"):
            _forget(ctx, f"media.{number}")
            raise ProviderError(
                ErrorKind.TRANSIENT_SAFE, "X has forgotten the files; they go up again."
            )
    post, was_sent = body(ctx), bool(ctx.handles.get("sent"))
    ctx.remember("sent", "1")
    try:
        remote_id = api.create(post)
    except ProviderError as error:
        if error.kind is ErrorKind.DUPLICATE:
            _note_duplicate(api, ctx, was_sent)
        elif error.kind is not ErrorKind.AMBIGUOUS and not was_sent:
            ctx.forget("sent")
        if error.kind is ErrorKind.POLICY_BLOCKED and ctx.role != "post":
            what = "the first comment" if ctx.role == "comment" else "this part as a reply"
            raise ProviderError(
                ErrorKind.POLICY_BLOCKED,
                f"X does not take {what}; what went out before it stays. It says: {error.message}",
            ) from error
        raise
    ctx.remember("remote_id", remote_id)
    ctx.remember("permalink", permalink.format(id=remote_id))
    return Done(dict(ctx.handles))


def body(ctx: PublishContext) -> dict[str, Any]:
    """The request of `POST /2/tweets`."""
    content, options = ctx.content, ctx.content.options
    post: dict[str, Any] = {}
    if text := with_link(content):
        post["text"] = text
    if content.media:
        ids = [ctx.handles[f"media.{number}"] for number in range(len(content.media))]
        post["media"] = {"media_ids": ids}
    if content.poll is not None:
        poll = content.poll
        post["poll"] = {"options": list(poll.options), "duration_minutes": poll.minutes}
    if ctx.role != "post":
        post["reply"] = {"in_reply_to_tweet_id": _replied_to(ctx)}
    elif options.get("reply_settings"):
        post["reply_settings"] = str(options["reply_settings"])
    for name in ("made_with_ai", "paid_partnership"):
        if is_on(options.get(name)):
            post[name] = True
    return post


def _replied_to(ctx: PublishContext) -> str:
    parent = ctx.parent.get("remote_id") or ctx.root.get("remote_id")
    if not parent:
        raise ProviderError(ErrorKind.VALIDATION, "The post before this one is not known.")
    return parent


def _note_duplicate(api: XApi, ctx: PublishContext, was_sent: bool) -> None:
    """X refuses a repeat. Of this very intent, if it was sent before: then reconcile finds it.

    Else of an older post, and sending again would never help: raises VALIDATION where that one is
    there to see.
    """
    if was_sent:
        ctx.remember("repeats", str(int(ctx.handles.get("repeats") or 0) + 1))
        return
    ctx.forget("sent")
    try:
        posts, _ = api.timeline(ctx.account.remote_id, limit=50)
    except ProviderError:
        return
    if any(_says_the_same(one, ctx) for one in posts):
        raise ProviderError(
            ErrorKind.VALIDATION,
            "X has a post of this account with the same text and takes no second one.",
            field="text",
        )


def reconcile(api: XApi, ctx: PublishContext, permalink: str) -> Found | NotFound | Unreadable:
    """Look through the account's own posts since the intent was first sent."""
    since = (ctx.started_at - CLOCK_SKEW).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    page = ""
    for _ in range(PAGES):
        try:
            posts, page = api.timeline(ctx.account.remote_id, since=since, page=page)
        except ProviderError as error:
            if error.kind in (
                ErrorKind.POLICY_BLOCKED,
                ErrorKind.SCOPE_MISSING,
                ErrorKind.QUOTA_EXHAUSTED,
            ):
                return Unreadable("X does not let Candy read this account's posts.")
            raise
        for post in posts:
            if _is_ours(post, ctx):
                return Found(str(post["id"]), permalink.format(id=post["id"]))
        if not page:
            return _absent(ctx)
    return Unreadable("The account has posted too much since then to be searched.")


def _absent(ctx: PublishContext) -> NotFound | Unreadable:
    """Not in the list; but X cannot go on calling it a repeat of something that is not there."""
    if int(ctx.handles.get("repeats") or 0) < REPEATS:
        return NotFound()
    ctx.forget("repeats", "sent")
    return Unreadable("X says that it has this post already, but does not show it.")


def _is_ours(post: Mapping[str, Any], ctx: PublishContext) -> bool:
    at = _instant(post)
    recent = at is not None and at >= ctx.started_at - CLOCK_SKEW
    return recent and _says_the_same(post, ctx) and not ctx.is_claimed(str(post.get("id")))


def _says_the_same(post: Mapping[str, Any], ctx: PublishContext) -> bool:
    """Same text, same files, and an answer to the same post."""
    if as_written(post) != comparable(with_link(ctx.content)):
        return False
    attached = post.get("attachments") or {}
    there = {str(key).rpartition("_")[2] for key in attached.get("media_keys") or ()}
    ours = {ctx.handles.get(f"media.{number}") for number in range(len(ctx.content.media))}
    if there != ours or bool(attached.get("poll_ids")) != (ctx.content.poll is not None):
        return False
    replied = {
        str(one.get("id"))
        for one in post.get("referenced_tweets") or ()
        if one.get("type") == "replied_to"
    }
    return replied == (set() if ctx.role == "post" else {_replied_to(ctx)})


def _instant(post: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(post.get("created_at")).replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
