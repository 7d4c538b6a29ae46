"""The way of one post or comment to Instagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..base import (
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
from ..meta.containers import Containers, Words, is_recent, same_text
from ..meta.graph import GraphApi, wanted
from . import client as calls
from . import people
from .errors import TABLE

WORDS = Words(state="status_code", said="status", publish="media_publish")
PAGES_READ = 4


class Publication:
    """One intent. `upload` is the address that takes a container's bytes, `{id}` stands in it."""

    def __init__(
        self, api: GraphApi, ctx: PublishContext, *, upload: str, poll_seconds: float
    ) -> None:
        self._api, self._ctx, self._upload = api, ctx, upload
        self._user = ctx.account.remote_id
        self._flow = Containers(api, ctx, WORDS, TABLE, poll_seconds)

    def run(self, stage: str) -> Done | Wait:
        waiting: Wait | None = None
        if stage == "upload":
            waiting = self._children()
        elif stage == "container":
            waiting = self._container()
        elif stage == "submit":
            waiting = self._submit()
        elif stage == "comments":
            self._close_comments()
        else:
            self._permalink()
        return waiting or Done(dict(self._ctx.handles))

    # --- Stages ----------------------------------------------------------------------------------

    def _children(self) -> Wait | None:
        """The files of a carousel, each in a container of its own."""
        waiting: Wait | None = None
        for number, item in enumerate(self._ctx.content.media):
            name = f"item.{number}"
            step = self._prepare(name, item, partial(_child, self._ctx.content, number))
            if step is not None and not self._ctx.handles.get(name):
                return step  # everything was too old: begin again
            waiting = step or waiting
        return waiting

    def _container(self) -> Wait | None:
        content = self._ctx.content
        if len(content.media) > 1:
            if (waiting := self._children()) is not None:
                return waiting
            return self._prepare("container", None, self._carousel)
        (item,) = content.media
        return self._prepare("container", item, lambda: _single(item, content))

    def _carousel(self) -> dict[str, Any]:
        content = self._ctx.content
        children = [self._ctx.handles[f"item.{n}"] for n in range(len(content.media))]
        return {"media_type": "CAROUSEL", "children": ",".join(children), **_details(content)}

    def _prepare(
        self, name: str, item: MediaItem | None, fields: Callable[[], Mapping[str, Any]]
    ) -> Wait | None:
        """A container in the making; a video's bytes are sent, a picture is fetched by them."""

        def send(container: str, begun: bool) -> None:
            assert item is not None
            offset = calls.bytes_there(self._api, container) if begun else 0
            if offset < item.size:
                self._api.send_file(self._upload.format(id=container), item, offset)

        return self._flow.prepare(
            name,
            lambda: calls.create_container(self._api, self._user, fields()),
            send if item is not None and item.kind == "video" else None,
        )

    def _submit(self) -> Wait | None:
        if self._ctx.handles.get("remote_id"):
            return None
        if self._ctx.role == "comment":
            self._comment()
            return None
        if (waiting := self._container()) is not None:
            return waiting
        return None if self._flow.publish(self._user, self._find) else Wait(0)

    def _comment(self) -> None:
        ctx = self._ctx
        answer = calls.add_comment(self._api, ctx.root["remote_id"], ctx.content.text)
        ctx.remember("remote_id", wanted(answer, "id", mutating=True))

    def _close_comments(self) -> None:
        if not self._ctx.handles.get("comments_closed"):
            calls.close_comments(self._api, self._ctx.handles["remote_id"])
            self._ctx.remember("comments_closed", "1")

    def _permalink(self) -> None:
        ctx = self._ctx
        if ctx.handles.get("permalink"):
            return
        if ctx.role == "comment":  # a comment has no page of its own
            ctx.remember("permalink", ctx.root.get("permalink", ""))
            return
        media = calls.media(self._api, ctx.handles["remote_id"], "permalink")
        ctx.remember("permalink", wanted(media, "permalink"))

    # --- Finding ---------------------------------------------------------------------------------

    def reconcile(self) -> Found | NotFound | Unreadable:
        if self._ctx.role != "comment":
            return self._flow.reconcile(self._find)
        try:
            return self._find_comment() or NotFound()
        except ProviderError as error:
            if error.kind is ErrorKind.SCOPE_MISSING:
                return Unreadable("The connection may not read comments.")
            raise

    def _find(self) -> Found | None:
        """The post of a container that is known to be published. Stories have no caption."""
        ctx = self._ctx
        if ctx.content.format == "story":
            there, text = calls.stories(self._api, self._user), None
        else:
            there = calls.newest_media(self._api, self._user, PAGES_READ)
            text = ctx.content.text
        for media in there:
            if (
                is_recent(media.get("timestamp"), ctx)
                and (text is None or same_text(media.get("caption"), text))
                and not ctx.is_claimed(str(media["id"]))
            ):
                return Found(str(media["id"]), str(media.get("permalink") or ""))
        return None

    def _find_comment(self) -> Found | None:
        ctx = self._ctx
        mine = ctx.account.handle.removeprefix("@")
        for comment in calls.comments(self._api, ctx.root["remote_id"], PAGES_READ):
            if (
                same_text(comment.get("text"), ctx.content.text)
                and is_recent(comment.get("timestamp"), ctx)
                and comment.get("username", mine) == mine
                and not ctx.is_claimed(str(comment["id"]))
            ):
                return Found(str(comment["id"]), ctx.root.get("permalink", ""))
        return None


def _child(content: Content, number: int) -> dict[str, Any]:
    item, tags = content.media[number], people.user_tags(content, number)
    fields = {**_file(item), "is_carousel_item": True, "user_tags": tags}
    return {**fields, "media_type": "VIDEO"} if item.kind == "video" else fields


def _file(item: MediaItem) -> dict[str, Any]:
    if item.kind == "video":
        return {"media_type": "REELS", "upload_type": "resumable"}
    return {"image_url": item.url(), "alt_text": item.alt_text.strip()}


def _single(item: MediaItem, content: Content) -> dict[str, Any]:
    fields = _file(item)
    if content.format == "story":
        fields.pop("alt_text", None)
        return {**fields, "media_type": "STORIES"}
    fields |= {**_details(content), "user_tags": people.user_tags(content, 0)}
    return {**fields, **_reel(item, content.options)} if item.kind == "video" else fields


def _details(content: Content) -> dict[str, Any]:
    """What stands beside the media of everything but stories."""
    options = content.options
    return {
        "caption": content.text,
        "collaborators": names(options.get("collaborators")) or None,
        "location_id": options.get("location_id"),
        "is_ai_generated": True if is_on(options.get("ai_generated")) else None,
    }


def _reel(item: MediaItem, options: Mapping[str, Any]) -> dict[str, Any]:
    trial = str(options.get("trial") or "")
    fields: dict[str, Any] = {
        "share_to_feed": is_on(options.get("share_to_feed", True)),
        "audio_name": options.get("audio_name"),
        "trial_params": {"graduation_strategy": trial} if trial else None,
    }
    if item.cover is not None:
        fields["cover_url"] = item.cover.url()
    elif item.cover_ms is not None:
        fields["thumb_offset"] = item.cover_ms
    return fields


def names(value: Any) -> list[str]:
    """Usernames as a form's tags give them: a list, or text with commas."""
    parts = value if isinstance(value, list | tuple) else str(value or "").split(",")
    return [name for one in parts if (name := str(one).strip().removeprefix("@"))]
