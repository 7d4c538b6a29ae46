"""The stages of a publication on Discord, and how to find out what became of one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..base import (
    Account,
    Done,
    Found,
    MediaItem,
    NotFound,
    ProviderError,
    PublishContext,
    Unreadable,
)
from ..checks import is_on
from ..files import opened
from ..hosts import simulated
from ..text import with_link
from .client import PUBLIC, DiscordApi, id_at, may_not_read

CLOCK_SKEW = timedelta(minutes=3)
PAGES = 5  # of a hundred messages, that a check looks through
_NO_EMBEDS, _SILENT = 1 << 2, 1 << 12
_PARSE = {"people": ["users"], "all": ["users", "roles", "everyone"]}


def prepare(api: DiscordApi, ctx: PublishContext) -> Done:
    """The rest of a thread stands in a thread of Discord's below the post: it has to be there."""
    if ctx.role == "thread" and "thread" not in ctx.handles:
        thread = ctx.parent.get("thread")
        if not thread:
            channel, _, message = ctx.root["remote_id"].partition("/")
            thread = api.start_thread(channel, message, _thread_name(ctx))
        ctx.remember("thread", thread)
    return Done(dict(ctx.handles))


def _thread_name(ctx: PublishContext) -> str:
    chosen = str(ctx.content.options.get("thread_name") or "").strip()
    return (chosen or " ".join(ctx.content.text.split()) or "More")[:100]


def submit(api: DiscordApi, ctx: PublishContext) -> Done:
    channel = channel_of(ctx)
    files = {
        f"files[{number}]": (file_name(item, number), opened(item), item.mime)
        for number, item in enumerate(ctx.content.media)
    }
    message = api.create(channel, payload_of(ctx, keyed=not api.webhook), files)
    remote_id = f"{message.get('channel_id') or channel}/{message['id']}"
    ctx.remember("remote_id", remote_id)
    ctx.remember("permalink", permalink(ctx.account, remote_id))
    return Done(dict(ctx.handles))


def channel_of(ctx: PublishContext) -> str:
    """Where the part goes: the account's channel, or the thread below the post."""
    return ctx.handles.get("thread") or str(ctx.account.limits.get("channel") or "")


def payload_of(ctx: PublishContext, *, keyed: bool) -> dict[str, Any]:
    content, options = ctx.content, ctx.content.options
    payload: dict[str, Any] = {
        "allowed_mentions": {"parse": _PARSE.get(str(options.get("mentions") or ""), [])}
    }
    if content.poll is None:
        payload["content"] = with_link(content)
    else:
        payload["poll"] = _poll(ctx)
    if keyed:
        payload |= {"nonce": nonce(ctx.key), "enforce_nonce": True}
    flags = (_NO_EMBEDS if options.get("preview") == "off" else 0) | (
        _SILENT if is_on(options.get("silent")) else 0
    )
    if flags:
        payload["flags"] = flags
    if content.media:
        payload["attachments"] = [
            {"id": number, "filename": file_name(item, number), "description": item.alt_text}
            for number, item in enumerate(content.media)
        ]
    if ctx.role == "comment":
        payload["message_reference"] = {
            "message_id": ctx.root["remote_id"].partition("/")[2],
            "fail_if_not_exists": True,
        }
    return payload


def _poll(ctx: PublishContext) -> dict[str, Any]:
    poll = ctx.content.poll
    assert poll is not None
    return {
        "question": {"text": ctx.content.text},
        "answers": [{"poll_media": {"text": option}} for option in poll.options],
        "duration": max(1, poll.minutes // 60),
        "allow_multiselect": poll.multiple,
        "layout_type": 1,
    }


def file_name(item: MediaItem, number: int) -> str:
    return item.name or f"{item.kind}-{number + 1}.{item.mime.rpartition('/')[2]}"


def nonce(key: str) -> str:
    """The intent's key in the 25 characters that a nonce may have."""
    return hashlib.sha256(key.encode()).hexdigest()[:25]


def reconcile(api: DiscordApi, ctx: PublishContext) -> Found | NotFound | Unreadable:
    """Look through what was written since; a nonce holds back a second copy for minutes only."""
    if api.webhook:
        return Unreadable("A webhook cannot read the channel: please look there.")
    if ctx.role == "thread" and "thread" not in ctx.handles:
        return NotFound()  # it goes out after its thread is there
    channel, after = channel_of(ctx), id_at(ctx.started_at - CLOCK_SKEW)
    author = str(ctx.account.limits.get("author") or "")
    for _ in range(PAGES):
        try:
            page = api.messages_since(channel, after)
        except ProviderError as error:
            if may_not_read(error):
                return Unreadable("The bot may not read the channel's history.")
            raise
        for message in page:
            remote_id = f"{channel}/{message.get('id')}"
            if _is_ours(message, ctx, author) and not ctx.is_claimed(remote_id):
                return Found(remote_id, permalink(ctx.account, remote_id))
        if len(page) < 100:
            return NotFound()
        after = str(max(int(message["id"]) for message in page))
    return Unreadable("Too much was written there since then to be searched.")


def _is_ours(message: Mapping[str, Any], ctx: PublishContext, author: str) -> bool:
    if str((message.get("author") or {}).get("id")) != author:
        return False
    try:
        at = datetime.fromisoformat(str(message.get("timestamp")))
    except ValueError:
        return False
    if at < ctx.started_at - CLOCK_SKEW:
        return False
    answered = (message.get("message_reference") or {}).get("message_id")
    wanted = ctx.root["remote_id"].partition("/")[2] if ctx.role == "comment" else None
    if answered != wanted:
        return False
    sizes = [int(one.get("size") or 0) for one in message.get("attachments") or ()]
    if sorted(sizes) != sorted(item.size for item in ctx.content.media):
        return False
    if ctx.content.poll is not None:
        question = ((message.get("poll") or {}).get("question") or {}).get("text")
        return bool(question == ctx.content.text)
    return _plain(str(message.get("content") or "")) == _plain(with_link(ctx.content))


def _plain(text: str) -> str:
    return " ".join(text.split())


def permalink(account: Account, remote_id: str) -> str:
    base = account.host if simulated(account.host) else PUBLIC
    return f"{base}/channels/{account.limits.get('guild') or '@me'}/{remote_id}"
