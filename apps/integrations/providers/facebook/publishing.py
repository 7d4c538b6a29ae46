"""The way of one post, story or comment to a Facebook page.

Photos are uploaded unpublished and attached, videos are uploaded and then finished: what makes them
public is one short call that carries no file (a single photo alone travels with its post).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import Done, ErrorKind, MediaItem, ProviderError, PublishContext, Wait
from ..meta.errors import GraphError
from ..meta.graph import PIECE, GraphApi, instant, wanted
from . import client as calls
from .errors import OFFSET

# A video that Facebook has taken and still works on after this long counts as out: it said yes.
ACCEPTED_AFTER = timedelta(minutes=30)
_OF_A_VIDEO = ("video", "session", "start", "end", "begun", "sent", "finished")
_EDGES = {"reel": "video_reels", "story": "video_stories"}


class Publication:
    """One intent. `shape` is the key of its format; `upload` the address for bytes, with `{id}`."""

    def __init__(
        self,
        api: GraphApi,
        videos: GraphApi,
        ctx: PublishContext,
        *,
        shape: str,
        upload: str,
        poll_seconds: float,
    ) -> None:
        self._api, self._videos, self._ctx = api, videos, ctx
        self._shape, self._upload, self._poll = shape, upload, poll_seconds
        self._page = ctx.account.remote_id

    def run(self, stage: str) -> Done | Wait:
        waiting: Wait | None = None
        if stage == "upload":
            waiting = self._send()
        elif stage == "submit":
            self._submit()
        elif stage == "confirm":
            waiting = self._confirm()
        else:
            self._permalink()
        return waiting or Done(dict(self._ctx.handles))

    # --- Upload ----------------------------------------------------------------------------------

    def _send(self) -> Wait | None:
        (first, *_) = media = self._ctx.content.media
        if first.kind != "video":
            return self._photos(media)
        if self._shape == "video":
            return self._pieces(first)
        return self._rest_of(first, _EDGES[self._shape])

    def _photos(self, media: tuple[MediaItem, ...]) -> Wait | None:
        for number, item in enumerate(media):
            name = f"photo.{number}"
            if self._ctx.handles.get(name):
                continue
            answer = calls.add_photo(self._api, self._page, item, published=False)
            self._ctx.remember(name, wanted(answer, "id"))
            if self._api.usage.slow:
                return Wait(self._api.usage.pause)
        return None

    def _pieces(self, item: MediaItem) -> Wait | None:
        """A long video in pieces of the size that Facebook asks for, each remembered."""
        ctx = self._ctx
        if not ctx.handles.get("session"):
            answer = calls.start_video(self._videos, self._page, item.size)
            ctx.remember("video", wanted(answer, "video_id"))
            ctx.remember("session", wanted(answer, "upload_session_id"))
            self._next_piece(answer)
        while (start := int(ctx.handles["start"])) < (end := int(ctx.handles["end"])):
            piece = item.part(start, min(end - start, PIECE))
            try:
                answer = calls.add_piece(
                    self._videos, self._page, ctx.handles["session"], start, piece
                )
            except GraphError as error:
                if (error.graph_code, error.subcode) != OFFSET or not error.details:
                    raise
                answer = dict(error.details)  # the last piece had arrived after all
            self._next_piece(answer)
            if self._videos.usage.slow:
                return Wait(self._videos.usage.pause)
        return None

    def _next_piece(self, answer: Mapping[str, Any]) -> None:
        self._ctx.remember("start", str(int(wanted(answer, "start_offset"))))
        self._ctx.remember("end", str(int(wanted(answer, "end_offset"))))

    def _rest_of(self, item: MediaItem, edge: str) -> Wait | None:
        """Reels and stories: the upload host takes the rest of the file in one request."""
        ctx = self._ctx
        if not ctx.handles.get("video"):
            answer = calls.start_upload(self._api, self._page, edge)
            ctx.remember("video", wanted(answer, "video_id"))
        if ctx.handles.get("sent"):
            return None
        offset = 0
        if ctx.handles.get("begun"):
            offset = arrived(calls.video(self._api, ctx.handles["video"]))
        ctx.remember("begun", "1")
        if offset < item.size:
            self._api.send_file(self._upload.format(id=ctx.handles["video"]), item, offset)
        ctx.remember("sent", "1")
        return None

    # --- Submit ----------------------------------------------------------------------------------

    def _submit(self) -> None:
        ctx = self._ctx
        if ctx.handles.get("remote_id") or ctx.handles.get("finished"):
            return
        if ctx.role == "comment":
            answer = calls.add_comment(self._api, ctx.root["remote_id"], ctx.content.text)
            ctx.remember("remote_id", wanted(answer, "id", mutating=True))
        elif self._shape in ("video", "reel") or ctx.handles.get("video"):
            self._finish()
        elif self._shape == "story":
            answer = calls.post_photo_story(self._api, self._page, ctx.handles["photo.0"])
            ctx.remember("remote_id", wanted(answer, "post_id", mutating=True))
        elif len(ctx.content.media) == 1:
            self._one_photo(ctx.content.media[0])
        else:
            answer = calls.post_feed(self._api, self._page, self._post_fields())
            ctx.remember("remote_id", wanted(answer, "id", mutating=True))

    def _one_photo(self, item: MediaItem) -> None:
        words = {"caption": self._ctx.content.text, "place": self._place}
        answer = calls.add_photo(self._api, self._page, item, words, published=True)
        self._ctx.remember("remote_id", wanted(answer, "post_id", mutating=True))

    def _post_fields(self) -> dict[str, Any]:
        content, handles = self._ctx.content, self._ctx.handles
        if content.media:
            photos = [{"media_fbid": handles[f"photo.{n}"]} for n in range(len(content.media))]
            return {"message": content.text, "attached_media": photos, "place": self._place}
        return {"message": content.text, "link": content.link, "place": self._place}

    @property
    def _place(self) -> str:
        return str(self._ctx.content.options.get("place") or "").strip()

    def _finish(self) -> None:
        """What makes a video public; whether it becomes so is seen in `confirm`."""
        content, handles = self._ctx.content, self._ctx.handles
        words = {"title": content.title, "description": content.text}
        if self._shape == "video":
            answer = calls.finish_video(self._videos, self._page, handles["session"], words)
        else:
            fields: dict[str, Any] = {"video_id": handles["video"]}
            if self._shape == "reel":
                fields |= {"video_state": "PUBLISHED", **words}
            answer = calls.finish_upload(self._api, self._page, _EDGES[self._shape], fields)
        if answer.get("success") is not True:
            raise ProviderError(ErrorKind.AMBIGUOUS, "Facebook does not say whether it is out.")
        self._ctx.remember("finished", datetime.now(UTC).isoformat())

    # --- After -----------------------------------------------------------------------------------

    def _confirm(self) -> Wait | None:
        ctx = self._ctx
        if ctx.handles.get("remote_id"):
            return None
        video = calls.video(self._api, ctx.handles["video"])
        if (reason := failure(video)) is not None:
            ctx.forget(*_OF_A_VIDEO)  # a person who tries again sends it anew
            raise ProviderError(ErrorKind.MEDIA_INVALID, reason, field="media")
        since = instant(ctx.handles.get("finished"))
        accepted = since is not None and since < datetime.now(UTC) - ACCEPTED_AFTER
        if not is_public(video) and not accepted:
            return Wait(self._poll)
        ctx.remember("remote_id", ctx.handles["video"])
        return None

    def _permalink(self) -> None:
        ctx = self._ctx
        if ctx.handles.get("permalink"):
            return
        remote_id = ctx.handles["remote_id"]
        if self._shape == "story" and ctx.role == "post":
            link = next(
                (
                    str(story.get("url") or "")
                    for story in calls.stories(self._api, self._page)
                    if remote_id in (str(story.get("post_id")), str(story.get("media_id")))
                ),
                "",
            )
        else:
            link = str(calls.permalink(self._api, remote_id).get("permalink_url") or "")
        ctx.remember("permalink", full_link(link, remote_id))


def full_link(link: str, remote_id: str) -> str:
    """Videos come with a path only; what has no link is found by its id."""
    if link.startswith("/"):
        return f"https://www.facebook.com{link}"
    return link or f"https://www.facebook.com/{remote_id}"


def _phase(video: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    phase = (video.get("status") or {}).get(name)
    return phase if isinstance(phase, dict) else {}


def arrived(video: Mapping[str, Any]) -> int:
    """Bytes of the file that are there. The field's name is Facebook's own spelling."""
    phase = _phase(video, "uploading_phase")
    return int(phase.get("bytes_transfered") or phase.get("bytes_transferred") or 0)


def is_public(video: Mapping[str, Any]) -> bool:
    phase = _phase(video, "publishing_phase")
    if phase:
        return phase.get("publish_status") == "published" or phase.get("status") == "complete"
    return (video.get("status") or {}).get("video_status") == "ready"


def is_accepted(video: Mapping[str, Any]) -> bool:
    """Whether the finishing call arrived: something goes on beyond the upload."""
    begun = [_phase(video, name).get("status") for name in ("processing_phase", "publishing_phase")]
    return is_public(video) or any(one in ("in_progress", "complete") for one in begun)


def failure(video: Mapping[str, Any]) -> str | None:
    status = video.get("status") or {}
    if status.get("video_status") not in ("error", "expired"):
        return None
    for name in ("uploading_phase", "processing_phase", "publishing_phase"):
        error = _phase(video, name).get("error")
        if isinstance(error, dict) and error.get("message"):
            return str(error["message"])[:300]
    return "Facebook could not use the video."
