"""The stages of a publication on Mastodon, and how to find out what became of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import (
    Account,
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
from ..checks import is_on
from ..files import opened
from ..text import with_link
from .client import MastodonApi
from .text import comparable, from_html

# A server keeps an Idempotency-Key for an hour; clocks differ, so we count on less.
KEY_TRUSTED = timedelta(minutes=50)
# Between our clock and the server's.
CLOCK_SKEW = timedelta(minutes=3)
POLL_SECONDS = {"image": 2.0, "gif": 2.0, "video": 5.0}
# Who may see a post and still be allowed to quote it; the server refuses a policy for the rest.
_QUOTABLE = ("public", "unlisted")


def upload(api: MastodonApi, ctx: PublishContext) -> Done | Wait:
    """Send each file once, then ask until the server has prepared it."""
    wait = 0.0
    for number, item in enumerate(ctx.content.media):
        name = f"media.{number}"
        if ctx.handles.get(f"{name}.ready"):
            continue
        if name in ctx.handles:
            ready = _is_ready(api, ctx, name)
        else:
            media_id, ready = _send(api, ctx, item)
            ctx.remember(name, media_id)
        if ready:
            ctx.remember(f"{name}.ready", "1")
        else:
            wait = max(wait, POLL_SECONDS.get(item.kind, 2.0))
    return Wait(wait) if wait else Done(dict(ctx.handles))


def _send(api: MastodonApi, ctx: PublishContext, item: MediaItem) -> tuple[str, bool]:
    cover = item.cover if item.kind == "video" else None
    return api.upload(
        opened(item),
        item.mime,
        item.alt_text,
        focus=str(ctx.content.options.get("focus") or ""),
        thumbnail=(opened(cover), cover.mime) if cover else None,
    )


def _is_ready(api: MastodonApi, ctx: PublishContext, name: str) -> bool:
    """A file that the server gave up on, or has thrown away, is not asked for again."""
    try:
        return api.media_ready(ctx.handles[name])
    except ProviderError as error:
        if error.kind is ErrorKind.MEDIA_INVALID:
            ctx.forget(name)
        elif error.kind is ErrorKind.VALIDATION:  # 404
            ctx.forget(name)
            raise ProviderError(
                ErrorKind.TRANSIENT_SAFE, "The server no longer has the file; it is sent again."
            ) from error
        raise


def submit(api: MastodonApi, ctx: PublishContext) -> Done:
    status = api.create_status(_fields(ctx), key=ctx.key)
    ctx.remember("remote_id", str(status["id"]))
    ctx.remember("permalink", _permalink(status, ctx.account))
    return Done(dict(ctx.handles))


def full_text(content: Content) -> str:
    """The text with the link, as a paragraph of its own: cards are made from the text only."""
    return with_link(content, gap="\n\n")


def replied_to(ctx: PublishContext) -> str:
    """The status that this one answers: the part before in a thread, the post for a comment."""
    handles = {"thread": ctx.parent, "comment": ctx.root}.get(ctx.role, {})
    return handles.get("remote_id", "")


def _fields(ctx: PublishContext) -> list[tuple[str, str]]:
    content, options = ctx.content, ctx.content.options
    visibility = str(options.get("visibility") or "public")
    fields = [("status", full_text(content)), ("visibility", visibility)]
    if answered := replied_to(ctx):
        fields.append(("in_reply_to_id", answered))
    if content.language:
        # Mastodon takes ISO 639 codes only: "de-AT" is "de" there.
        fields.append(("language", content.language.partition("-")[0].lower()))
    if options.get("spoiler_text"):
        fields.append(("spoiler_text", str(options["spoiler_text"])))
    if is_on(options.get("sensitive")) or options.get("spoiler_text"):
        fields.append(("sensitive", "true"))
    if options.get("quotes") and visibility in _QUOTABLE:
        fields.append(("quote_approval_policy", str(options["quotes"])))
    if poll := content.poll:
        fields += [("poll[options][]", option) for option in poll.options]
        fields.append(("poll[expires_in]", str(poll.minutes * 60)))
        if poll.multiple:
            fields.append(("poll[multiple]", "true"))
        if is_on(options.get("hide_totals")):
            fields.append(("poll[hide_totals]", "true"))
    return fields + [
        ("media_ids[]", ctx.handles[f"media.{number}"]) for number in range(len(content.media))
    ]


def reconcile(api: MastodonApi, ctx: PublishContext) -> Found | NotFound | Unreadable:
    """Look through the account's newest posts; NotFound makes a resend with the same key safe.

    Within the key's lifetime the server itself holds back a second copy, so even an account that we
    may not read can be answered with NotFound.
    """
    keyed = datetime.now(UTC) - ctx.started_at < KEY_TRUSTED
    try:
        newest = api.account_statuses(ctx.account.remote_id)
    except ProviderError as error:
        if error.kind is ErrorKind.SCOPE_MISSING:
            return NotFound() if keyed else Unreadable("The connection may not read its posts.")
        raise
    for status in newest:
        if _is_ours(status, ctx) and not ctx.is_claimed(str(status["id"])):
            return Found(str(status["id"]), _permalink(status, ctx.account))
    oldest = _instant(newest[-1]) if newest else None
    if not keyed and len(newest) >= 40 and oldest and oldest > ctx.started_at:
        return Unreadable("The account has posted too much since then to be searched.")
    return NotFound()


def _is_ours(status: Mapping[str, Any], ctx: PublishContext) -> bool:
    at = _instant(status)
    if at is None or at < ctx.started_at - CLOCK_SKEW:
        return False
    if str(status.get("in_reply_to_id") or "") != replied_to(ctx):
        return False
    sent = {
        ctx.handles[f"media.{number}"]
        for number in range(len(ctx.content.media))
        if f"media.{number}" in ctx.handles
    }
    there = {str(media.get("id")) for media in status.get("media_attachments") or ()}
    if sent:
        return sent == there  # an uploaded file belongs to one post only
    text = comparable(full_text(ctx.content))
    return not there and from_html(str(status.get("content") or "")) == text


def _permalink(status: Mapping[str, Any], account: Account) -> str:
    return str(status.get("url") or status.get("uri") or f"{account.host}/web/{status['id']}")


def _instant(status: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(status.get("created_at")))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
