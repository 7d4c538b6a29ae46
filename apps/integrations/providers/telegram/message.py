"""A part of a publication as the one call that sends it. Pure but for reading the files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, Any

from ..base import MediaItem, PublishContext
from ..checks import is_on
from ..files import opened

_SINGLE = {
    "image": ("sendPhoto", "photo"),
    "gif": ("sendAnimation", "animation"),
    "video": ("sendVideo", "video"),
    "document": ("sendDocument", "document"),
}


@dataclass
class Call:
    method: str
    fields: dict[str, Any]
    files: dict[str, tuple[str, IO[bytes], str]] = field(default_factory=dict)


def call_for(ctx: PublishContext) -> Call:
    content = ctx.content
    fields = _common(ctx)
    if content.poll is not None:
        return Call("sendPoll", fields | _poll(ctx))
    if not content.media:
        return Call("sendMessage", fields | {"text": content.text or content.link} | _preview(ctx))
    return _one_file(ctx, fields) if len(content.media) == 1 else _album(ctx, fields)


def _common(ctx: PublishContext) -> dict[str, Any]:
    options = ctx.content.options
    fields: dict[str, Any] = {"chat_id": ctx.account.remote_id}
    if is_on(options.get("silent")):
        fields["disable_notification"] = True
    if is_on(options.get("protect")):
        fields["protect_content"] = True
    if topic := str(options.get("topic") or "").strip():
        fields["message_thread_id"] = int(topic)
    if ctx.role == "thread":
        fields["reply_parameters"] = {"message_id": int(ctx.parent["remote_id"])}
    return fields


def _preview(ctx: PublishContext) -> dict[str, Any]:
    choice = str(ctx.content.options.get("preview") or "")
    found: dict[str, Any] = {}
    if ctx.content.link:
        found["url"] = ctx.content.link
    if choice == "off":
        found = {"is_disabled": True}
    elif choice == "above":
        found["show_above_text"] = True
    return {"link_preview_options": found} if found else {}


def _poll(ctx: PublishContext) -> dict[str, Any]:
    poll = ctx.content.poll
    assert poll is not None
    return {
        "question": ctx.content.text,
        "options": [{"text": option} for option in poll.options],
        "allows_multiple_answers": poll.multiple,
        "open_period": poll.minutes * 60,
    }


def _one_file(ctx: PublishContext, fields: dict[str, Any]) -> Call:
    item = ctx.content.media[0]
    method, name = _SINGLE[item.kind]
    call = Call(method, fields | _details(ctx, item), {name: _file(item, 0)})
    if ctx.content.text:
        call.fields["caption"] = ctx.content.text
    _cover(call, call.fields, item, 0)
    return call


def _album(ctx: PublishContext, fields: dict[str, Any]) -> Call:
    """All files in one call; the caption of the first is what readers see below them all."""
    call = Call("sendMediaGroup", fields)
    media = []
    for number, item in enumerate(ctx.content.media):
        name = f"file{number}"
        call.files[name] = _file(item, number)
        kind = _SINGLE[item.kind][1]
        entry = {"type": kind, "media": f"attach://{name}", **_details(ctx, item)}
        if number == 0 and ctx.content.text:
            entry["caption"] = ctx.content.text
        _cover(call, entry, item, number)
        media.append(entry)
    fields["media"] = media
    return call


def _details(ctx: PublishContext, item: MediaItem) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if item.kind in ("video", "gif") and item.width and item.height:
        found |= {"width": item.width, "height": item.height}
    if item.kind == "video":
        found["supports_streaming"] = True
        if item.seconds:
            found["duration"] = round(item.seconds)
    if item.kind != "document" and is_on(ctx.content.options.get("spoiler")):
        found["has_spoiler"] = True
    return found


def _cover(call: Call, entry: dict[str, Any], item: MediaItem, number: int) -> None:
    if item.kind == "video" and item.cover is not None:
        name = f"cover{number}"
        call.files[name] = _file(item.cover, number)
        entry["cover"] = f"attach://{name}"


def _file(item: MediaItem, number: int) -> tuple[str, IO[bytes], str]:
    ending = item.mime.rpartition("/")[2]
    return item.name or f"{item.kind}-{number + 1}.{ending}", opened(item), item.mime
