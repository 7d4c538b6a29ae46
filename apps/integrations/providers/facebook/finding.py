"""Finding out at Facebook whether an intent went out. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import ErrorKind, Found, NotFound, ProviderError, PublishContext, Unreadable
from ..meta.containers import SKEW, is_recent, same_text
from ..meta.graph import GraphApi, instant, is_gone
from . import client as calls
from .publishing import failure, full_link, is_accepted

PAGES_READ = 6


def reconcile(api: GraphApi, ctx: PublishContext, shape: str) -> Found | NotFound | Unreadable:
    try:
        if ctx.role == "comment":
            return _comment(api, ctx)
        if shape in ("video", "reel") or ctx.handles.get("video"):
            return _video(api, ctx)
        if shape == "story":
            return _photo_story(api, ctx)
        return _post(api, ctx)
    except ProviderError as error:
        if error.kind is ErrorKind.SCOPE_MISSING:
            return Unreadable("The connection may not read the page's posts.")
        raise


def _video(api: GraphApi, ctx: PublishContext) -> Found | NotFound | Unreadable:
    """A video's own state tells; it is known since the upload began."""
    video_id = ctx.handles.get("video")
    if not video_id:
        return NotFound()
    try:
        video = calls.video(api, video_id)
    except ProviderError as error:
        if is_gone(error):
            return NotFound()
        raise
    if failure(video) is not None or not is_accepted(video):
        return NotFound()
    return Found(video_id, full_link(str(video.get("permalink_url") or ""), video_id))


def _photo_story(api: GraphApi, ctx: PublishContext) -> Found | NotFound:
    photo = ctx.handles.get("photo.0")
    for story in calls.stories(api, ctx.account.remote_id) if photo else ():
        if str(story.get("media_id")) == photo:
            found = str(story.get("post_id"))
            return Found(found, full_link(str(story.get("url") or ""), found))
    return NotFound()


def _post(api: GraphApi, ctx: PublishContext) -> Found | NotFound | Unreadable:
    last: Mapping[str, Any] = {}
    seen = 0
    for last in calls.published_posts(api, ctx.account.remote_id, PAGES_READ):
        seen += 1
        at = instant(last.get("created_time"))
        if at is not None and at < ctx.started_at - SKEW:
            return NotFound()  # newest first: everything after this is older still
        if _is_ours(last, ctx) and not ctx.is_claimed(str(last["id"])):
            return Found(str(last["id"]), full_link(str(last.get("permalink_url") or ""), ""))
    if seen >= 50 * PAGES_READ:
        return Unreadable("The page has posted too much since then to be searched.")
    return NotFound()


def _is_ours(post: Mapping[str, Any], ctx: PublishContext) -> bool:
    attached = list(_photos(post))
    sent = [ctx.handles.get(f"photo.{n}") for n in range(len(ctx.content.media))]
    if len(sent) > 1:
        return set(sent) == set(attached)  # an unpublished photo belongs to one post only
    return same_text(post.get("message"), ctx.content.text) and len(attached) == len(sent)


def _photos(post: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the photos in a post, one by one where there are several."""
    for one in (post.get("attachments") or {}).get("data") or ():
        inner = (one.get("subattachments") or {}).get("data")
        for photo in inner or [one]:
            if photo.get("media_type") == "photo":
                yield str((photo.get("target") or {}).get("id"))


def _comment(api: GraphApi, ctx: PublishContext) -> Found | NotFound:
    for comment in calls.comments(api, ctx.root["remote_id"], PAGES_READ):
        author = str((comment.get("from") or {}).get("id") or ctx.account.remote_id)
        if (
            author == ctx.account.remote_id
            and same_text(comment.get("message"), ctx.content.text)
            and is_recent(comment.get("created_time"), ctx)
            and not ctx.is_claimed(str(comment["id"]))
        ):
            found = str(comment["id"])
            return Found(found, full_link(str(comment.get("permalink_url") or ""), found))
    return NotFound()
