"""A video on its way to YouTube, around one upload session; and its first comment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import (
    Capabilities,
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
from . import rules
from .client import PAGE, Progress, YouTubeApi
from .errors import from_processing

POLL_SECONDS = 6.0
# How long one run of a stage may send pieces, so that a worker shows it is alive in between.
SLICE_SECONDS = 20.0
# A video is there from its last byte on. So long we wait to hear that it failed, then it counts.
PROCESSING_SECONDS = 900.0
UNLISTED_SECONDS = 120.0
CLOCK_SKEW = timedelta(minutes=3)
LOOK_PAGES = 3
# So often we send captions that YouTube does not take just now; the video itself is out.
CAPTION_TRIES = 3
_PASSING = (
    ErrorKind.AUTH_EXPIRED,
    ErrorKind.RATE_LIMITED,
    ErrorKind.MEDIA_NOT_READY,
    ErrorKind.TRANSIENT_SAFE,
)


@dataclass
class Flow:
    """The stages of one intent; each method is the stage of its name. `site` shows videos."""

    api: YouTubeApi
    ctx: PublishContext
    facts: Capabilities
    site: str

    def _done(self) -> Done:
        return Done(dict(self.ctx.handles))

    @property
    def item(self) -> MediaItem:
        return self.ctx.content.media[0]

    # --- Stages ----------------------------------------------------------------------------------

    def session(self) -> Done:
        handles = self.ctx.handles
        if "session" not in handles and "video_id" not in handles:
            made = self.api.open_session(
                rules.about(self.ctx.content, self.facts),
                mime=self.item.mime,
                size=self.item.size,
                notify=rules.notifies(self.ctx.content, self.facts),
            )
            self.ctx.remember("session", made)
        return self._done()

    def upload(self) -> Done | Wait:
        """Every piece but the last, which makes the video and belongs to `submit`."""
        if "video_id" in self.ctx.handles:
            return self._done()
        return self._done() if self._pump(self._where()) is not None else Wait(0)

    def submit(self) -> Done | Wait:
        """The last byte. Asked first how far it is, it never sends what has arrived."""
        if "video_id" in self.ctx.handles:
            return self._done()
        at: int | None = self._where()
        while "video_id" not in self.ctx.handles:
            at = self._pump(at or 0)
            if at is None:
                return Wait(0)
            if "video_id" not in self.ctx.handles:
                at = self._send(at, self.item.size - at)
        return self._done()

    def process(self) -> Done | Wait:
        handles, video_id = self.ctx.handles, self.ctx.handles["video_id"]
        if "remote_id" in handles:
            return self._done()
        if "uploaded_at" not in handles:
            self.ctx.remember("uploaded_at", str(time.time()))
        age = time.time() - float(handles["uploaded_at"])
        status = self.api.status(video_id)
        state = (status or {}).get("uploadStatus")
        if state in ("failed", "rejected", "deleted"):
            self.ctx.forget("video_id", "uploaded_at", "begun")
            raise from_processing(status or {})
        if status is None and age > UNLISTED_SECONDS:
            self.ctx.forget("video_id", "uploaded_at", "begun")
            raise from_processing({"uploadStatus": "deleted"})
        if state != "processed" and age < PROCESSING_SECONDS:
            return Wait(POLL_SECONDS)
        if (
            status
            and status.get("privacyStatus") == "private"
            and self._wanted_privacy != "private"
        ):
            self.ctx.note("YouTube has locked the video as private.")
        self.ctx.remember("remote_id", video_id)
        self.ctx.remember("permalink", self.link(video_id))
        return self._done()

    def thumbnail(self) -> Done:
        """The cover. The video is out: a refusal is noted, never a failure of the post."""
        cover = self.item.cover
        if cover is None or self.ctx.handles.get("thumbnail"):
            return self._done()
        try:
            self.api.set_thumbnail(self.ctx.handles["remote_id"], cover.read(), cover.mime)
        except ProviderError as error:
            if error.retryable or error.needs_person:
                raise
            self.ctx.note(f"YouTube did not take the cover: {error.message}"[:300])
        self.ctx.remember("thumbnail", "1")
        return self._done()

    def captions(self) -> Done:
        """A track of captions. The video is out: what goes wrong is noted, never a failed post."""
        item, tries = self.item, int(self.ctx.handles.get("caption_tries") or 0)
        if item.captions is None or self.ctx.handles.get("captions"):
            return self._done()
        try:
            self.api.add_captions(
                self.ctx.handles["remote_id"], item.captions_language, item.captions()
            )
        except ProviderError as error:
            if error.kind in _PASSING and tries + 1 < CAPTION_TRIES:
                self.ctx.remember("caption_tries", str(tries + 1))
                raise
            # A track that is there already is ours, from a call whose answer we never got.
            if error.kind is not ErrorKind.DUPLICATE:
                self.ctx.note(f"YouTube did not take the captions: {error.message}"[:300])
        self.ctx.remember("captions", "1")
        return self._done()

    def comment(self) -> Done:
        if "remote_id" not in self.ctx.handles:
            video = self.ctx.root["remote_id"]
            made = self.api.comment(self.ctx.account.remote_id, video, self.ctx.content.text)
            self.ctx.remember("remote_id", made)
            self.ctx.remember("permalink", self.comment_link(video, made))
        return self._done()

    # --- Pieces ----------------------------------------------------------------------------------

    def _where(self) -> int:
        """The byte to go on from; 0 for a session that has had none."""
        if not self.ctx.handles.get("begun"):
            self.ctx.remember("begun", "1")
            return 0
        return self._read(self.api.probe(self.ctx.handles["session"], self.item.size))

    def _pump(self, at: int) -> int | None:
        """Send whole pieces until only the last is left; None where time for this run is up."""
        assert self.facts.upload is not None
        chunk, until = self.facts.upload.chunk_bytes, time.monotonic() + SLICE_SECONDS
        while "video_id" not in self.ctx.handles and at + chunk < self.item.size:
            if time.monotonic() > until:
                return None
            at = self._send(at, chunk)
        return at

    def _send(self, at: int, length: int) -> int:
        """One piece; returns the byte that YouTube wants next, which may lie before its end."""
        data = self.item.part(at, length)
        session = self.ctx.handles["session"]
        wanted = self._read(self.api.send(session, data, start=at, total=self.item.size))
        if wanted == at and "video_id" not in self.ctx.handles:
            raise ProviderError(ErrorKind.TRANSIENT_SAFE, "YouTube did not keep a piece.")
        return wanted

    def _read(self, progress: Progress) -> int:
        """Note what an answer says; returns the byte that YouTube wants next."""
        if progress.gone:
            self._session_gone()
        if progress.video_id:
            self.ctx.remember("video_id", progress.video_id)
            self.ctx.forget("session")
        return progress.received

    def _session_gone(self) -> None:
        """A session ends after a week, or with the video made. Look before another is opened."""
        found = self._in_uploads()
        if isinstance(found, Found):
            self.ctx.remember("video_id", found.remote_id)
            self.ctx.forget("session")
            return
        if isinstance(found, Unreadable):
            raise ProviderError(ErrorKind.AMBIGUOUS, "YouTube has ended the upload.")
        self.ctx.forget("session", "begun")
        raise ProviderError(
            ErrorKind.TRANSIENT_SAFE, "YouTube has ended the upload; we begin again."
        )

    # --- Doubt -----------------------------------------------------------------------------------

    def look(self) -> Found | NotFound | Unreadable:
        """The session says whether the video was made; without one, the list of uploads does."""
        if self.ctx.role == "comment":
            return self._in_comments()
        found = self._look_for_video()
        if isinstance(found, Found):
            # What is adopted goes through no further stage.
            if rules.sets_cover(self.ctx.content, self.facts):
                self.ctx.note("The cover was not set: choose it in YouTube Studio.")
            if rules.has_captions(self.ctx.content):
                self.ctx.note("The captions were not sent: add them in YouTube Studio.")
        return found

    def _look_for_video(self) -> Found | NotFound | Unreadable:
        handles = self.ctx.handles
        if "video_id" in handles:
            return Found(handles["video_id"], self.link(handles["video_id"]))
        if "session" not in handles:
            return NotFound()  # the bytes come after the session
        progress = self.api.probe(handles["session"], self.item.size)
        if progress.video_id:
            return Found(progress.video_id, self.link(progress.video_id))
        return self._in_uploads() if progress.gone else NotFound()

    def _in_uploads(self) -> Found | NotFound | Unreadable:
        """Our video among the newest uploads, by title, description and time."""
        playlist, since = str(self.ctx.account.limits.get("uploads") or ""), self._since
        if not playlist:
            return Unreadable("The channel does not list its uploads.")
        wanted = rules.about(self.ctx.content, self.facts)["snippet"]
        seen = 0
        try:
            for snippet in self.api.uploads(playlist, pages=LOOK_PAGES):
                seen += 1
                at = instant(snippet.get("publishedAt"))
                if at is not None and at < since:
                    return NotFound()
                video = str((snippet.get("resourceId") or {}).get("videoId") or "")
                if _same(snippet, wanted) and video and not self.ctx.is_claimed(video):
                    return Found(video, self.link(video))
        except ProviderError as error:
            return _blind(error)
        if seen >= PAGE * LOOK_PAGES:
            return Unreadable("The channel has had too many uploads since then to be searched.")
        return NotFound()

    def _in_comments(self) -> Found | NotFound | Unreadable:
        video = self.ctx.root["remote_id"]
        try:
            threads = self.api.comments(video)
        except ProviderError as error:
            return _blind(error)
        for thread in threads:
            top = (thread.get("snippet") or {}).get("topLevelComment") or {}
            said = top.get("snippet") or {}
            author = (said.get("authorChannelId") or {}).get("value")
            text = said.get("textOriginal") or said.get("textDisplay")
            at, comment_id = instant(said.get("publishedAt")), str(thread.get("id") or "")
            if (
                author == self.ctx.account.remote_id
                and _words(text) == _words(self.ctx.content.text)
                and at is not None
                and at >= self._since
                and not self.ctx.is_claimed(comment_id)
            ):
                return Found(comment_id, self.comment_link(video, comment_id))
        return NotFound()

    # --- Small -----------------------------------------------------------------------------------

    @property
    def _since(self) -> datetime:
        return self.ctx.started_at - CLOCK_SKEW

    @property
    def _wanted_privacy(self) -> str:
        return str(rules.about(self.ctx.content, self.facts)["status"]["privacyStatus"])

    def link(self, video_id: str) -> str:
        return f"{self.site}/watch?v={video_id}"

    def comment_link(self, video_id: str, comment_id: str) -> str:
        return f"{self.link(video_id)}&lc={comment_id}"


def _blind(error: ProviderError) -> Unreadable:
    """Refused for good: a person looks. Anything that may pass is raised, to be asked again."""
    if error.kind in (ErrorKind.SCOPE_MISSING, ErrorKind.POLICY_BLOCKED, ErrorKind.VALIDATION):
        return Unreadable("The connection may not read this channel.")
    raise error


def _same(snippet: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(
        _words(snippet.get(name)) == _words(wanted[name]) for name in ("title", "description")
    )


def _words(text: object) -> str:
    return " ".join(str(text or "").split())


def instant(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
