"""A post as the lexicon `app.bsky.feed.post` has it, the same for every attempt. Pure."""

from __future__ import annotations

import json
from typing import Any

from ..base import Content, MediaItem, PublishContext
from ..text import links
from .client import POST

_IMAGES = "app.bsky.embed.images"
_GALLERY = "app.bsky.embed.gallery"
_THREADGATE = "app.bsky.feed.threadgate"
_POSTGATE = "app.bsky.feed.postgate"
IMAGES_IN_POST = 4  # more go out as a gallery
_MAY_ANSWER = {
    "mentioned": "mentionRule",
    "following": "followingRule",
    "followers": "followerRule",
}


def record_of(ctx: PublishContext) -> dict[str, Any]:
    content, handles = ctx.content, ctx.handles
    record: dict[str, Any] = {
        "$type": POST,
        "text": content.text,
        "createdAt": handles["created_at"],
    }
    if content.language:
        record["langs"] = [content.language]
    if rich := json.loads(handles["facets"]):
        record["facets"] = rich
    if "reply" in handles:
        record["reply"] = json.loads(handles["reply"])
    if label := str(content.options.get("label") or ""):
        record["labels"] = {
            "$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": label}],
        }
    if embed := _embed(ctx):
        record["embed"] = embed
    return record


def card_of(content: Content) -> str:
    """The address whose card the post shows: the chosen one, else the text's first link."""
    if content.media:
        return ""
    return content.link or next((link.value for link in links(content.text)), "")


def gates_of(ctx: PublishContext) -> list[dict[str, Any]]:
    """Records beside the post that say who may answer and quote it; they carry the post's key."""
    post = f"at://{ctx.account.remote_id}/{POST}/{ctx.handles['rkey']}"
    common = {"post": post, "createdAt": ctx.handles["created_at"]}
    found: list[dict[str, Any]] = []
    answers = str(ctx.content.options.get("replies") or "")
    if answers in (*_MAY_ANSWER, "nobody"):
        rule = _MAY_ANSWER.get(answers)
        allow = [{"$type": f"{_THREADGATE}#{rule}"}] if rule else []
        found.append({"$type": _THREADGATE, **common, "allow": allow})
    if ctx.content.options.get("quotes") == "nobody":
        rules = [{"$type": f"{_POSTGATE}#disableRule"}]
        found.append({"$type": _POSTGATE, **common, "embeddingRules": rules})
    return found


def _embed(ctx: PublishContext) -> dict[str, Any] | None:
    media = ctx.content.media
    if media and media[0].kind == "video":
        return _video(ctx, media[0])
    if media:
        return _pictures(ctx)
    if url := card_of(ctx.content):
        return _external(ctx, url)
    return None


def _pictures(ctx: PublishContext) -> dict[str, Any]:
    items = [
        {
            "image": json.loads(ctx.handles[f"blob.{number}"]),
            "alt": item.alt_text,
            "aspectRatio": _ratio(item),
        }
        for number, item in enumerate(ctx.content.media)
    ]
    if len(items) <= IMAGES_IN_POST:
        return {"$type": _IMAGES, "images": items}
    return {"$type": _GALLERY, "items": [{"$type": f"{_GALLERY}#image", **one} for one in items]}


def _video(ctx: PublishContext, item: MediaItem) -> dict[str, Any]:
    embed: dict[str, Any] = {
        "$type": "app.bsky.embed.video",
        "video": json.loads(ctx.handles["blob.0"]),
        "aspectRatio": _ratio(item),
    }
    if item.alt_text:
        embed["alt"] = item.alt_text
    if "captions" in ctx.handles:
        language = item.captions_language or ctx.content.language or "en"
        embed["captions"] = [{"lang": language, "file": json.loads(ctx.handles["captions"])}]
    return embed


def _external(ctx: PublishContext, url: str) -> dict[str, Any]:
    title, description, _ = json.loads(ctx.handles["card"])
    card: dict[str, Any] = {
        "uri": url,
        "title": title or url.partition("://")[2].rstrip("/")[:200],
        "description": description,
    }
    if thumb := json.loads(ctx.handles["thumb"]):
        card["thumb"] = thumb
    return {"$type": "app.bsky.embed.external", "external": card}


def _ratio(item: MediaItem) -> dict[str, int]:
    return {"width": item.width or 1, "height": item.height or 1}
