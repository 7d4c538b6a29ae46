"""The stages of a publication on Slack, and how to find out what became of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ..base import (
    Account,
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
from ..text import with_link
from .client import SlackApi

CLOCK_SKEW = timedelta(minutes=3)
SHARE_SECONDS = 1.0  # between looks whether uploaded files stand in the channel
EVENT = "candy_post"  # what our messages carry, with a mark of their intent


def channel_of(account: Account) -> str:
    """`remote_id` is "<team>/<channel>": ids of channels are a workspace's own."""
    return account.remote_id.partition("/")[2]


def prepare(api: SlackApi, ctx: PublishContext) -> Done:
    """Be in the channel (files are shared by members only) and send the files."""
    if "joined" not in ctx.handles and not ctx.account.limits.get("private"):
        try:
            api.join(channel_of(ctx.account))
        except ProviderError as error:
            # Posting in public channels works without; whether the rest does, the post will show.
            if error.kind not in (ErrorKind.SCOPE_MISSING, ErrorKind.VALIDATION):
                raise
        ctx.remember("joined", "1")
    if "mark" not in ctx.handles:
        ctx.remember("mark", ctx.key)
    for number, item in enumerate(ctx.content.media):
        name = f"file.{number}"
        if name not in ctx.handles:
            ctx.remember(name, api.upload(item, file_name(item, number)))
    return Done(dict(ctx.handles))


def submit(api: SlackApi, ctx: PublishContext) -> Done | Wait:
    if not ctx.content.media:
        ctx.remember("remote_id", api.post(message_of(ctx)))
        return Done(dict(ctx.handles))
    channel, first = channel_of(ctx.account), ctx.handles["file.0"]
    ts = api.shared_at(first, channel) if "shared" in ctx.handles else ""
    if not ts and ctx.handles.get("shared") != "done":
        # Kept before the call: whoever comes back asks the file first, and shares it only once.
        ctx.remember("shared", "tried")
        api.share(_shown(ctx), _where(ctx))
        ctx.remember("shared", "done")
        ts = api.shared_at(first, channel)
    if not ts:
        return Wait(SHARE_SECONDS)
    ctx.remember("remote_id", ts)
    return Done(dict(ctx.handles))


def permalink(api: SlackApi, ctx: PublishContext) -> Done:
    ts = ctx.handles["remote_id"]
    ctx.remember("permalink", api.permalink(channel_of(ctx.account), ts))
    return Done(dict(ctx.handles))


def message_of(ctx: PublishContext) -> dict[str, Any]:
    options = ctx.content.options
    shown = options.get("preview") != "off"
    message: dict[str, Any] = {
        "channel": channel_of(ctx.account),
        "text": escaped(with_link(ctx.content)),
        "unfurl_links": shown,
        "unfurl_media": shown,
        "metadata": {"event_type": EVENT, "event_payload": {"key": ctx.handles["mark"]}},
    }
    if options.get("marks") == "plain":
        message["mrkdwn"] = False
    if ctx.role != "post":
        # Always the post's own: an answer to an answer would start a thread that nobody sees.
        message["thread_ts"] = ctx.root["remote_id"]
    return message


def _where(ctx: PublishContext) -> dict[str, str]:
    fields = {"channel_id": channel_of(ctx.account)}
    if text := escaped(with_link(ctx.content)):
        fields["initial_comment"] = text
    if ctx.role != "post":
        fields["thread_ts"] = ctx.root["remote_id"]
    return fields


def _shown(ctx: PublishContext) -> list[dict[str, str]]:
    return [
        {"id": ctx.handles[f"file.{number}"], "title": file_name(item, number)}
        for number, item in enumerate(ctx.content.media)
    ]


def file_name(item: MediaItem, number: int) -> str:
    return item.name or f"{item.kind}-{number + 1}.{item.mime.rpartition('/')[2]}"


def escaped(text: str) -> str:
    """Three characters are Slack's own marks; nobody is called by what a person typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def reconcile(api: SlackApi, ctx: PublishContext) -> Found | NotFound | Unreadable:
    """Ask the uploaded file where it is shown, or look for the message that carries our mark."""
    channel = channel_of(ctx.account)
    if "mark" not in ctx.handles:
        return NotFound()  # nothing goes out before the mark is kept
    try:
        if ctx.content.media:
            file_id = ctx.handles.get("file.0")
            ts = api.shared_at(file_id, channel) if file_id else ""
        else:
            ts = _find(api, ctx, channel)
    except ProviderError as error:
        if error.kind in (ErrorKind.SCOPE_MISSING, ErrorKind.POLICY_BLOCKED):
            return Unreadable("The bot may not read the channel's messages.")
        if error.kind is ErrorKind.VALIDATION and error.field == "channel":
            return Unreadable("The bot is not in the channel, so it cannot look.")
        raise
    if not ts:
        return NotFound()
    return Found(ts, api.permalink(channel, ts))


def _find(api: SlackApi, ctx: PublishContext, channel: str) -> str:
    oldest = f"{(ctx.started_at - CLOCK_SKEW).timestamp():.6f}"
    if ctx.role == "post":
        listed = api.history(channel, oldest)
    else:
        listed = api.answers(channel, ctx.root["remote_id"], oldest)
    bot = str(ctx.account.limits.get("bot") or "")
    for message in listed:
        ts = str(message.get("ts") or "")
        if _is_ours(message, ctx, bot) and not ctx.is_claimed(ts):
            return ts
    return ""


def _is_ours(message: Mapping[str, Any], ctx: PublishContext, bot: str) -> bool:
    """By the mark where metadata may be read, else by who wrote what since."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") == EVENT:
        return bool((metadata.get("event_payload") or {}).get("key") == ctx.handles["mark"])
    if str(message.get("user") or "") != bot or message.get("files"):
        return False
    if ctx.role != "post" and str(message.get("ts")) == ctx.root["remote_id"]:
        return False
    wanted = escaped(with_link(ctx.content))
    return " ".join(str(message.get("text") or "").split()) == " ".join(wanted.split())
