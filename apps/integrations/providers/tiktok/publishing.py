"""A post on its way to TikTok, around one publish_id that is never made twice while it is open."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ..base import (
    Capabilities,
    Content,
    Done,
    ErrorKind,
    Found,
    NotFound,
    ProviderError,
    PublishContext,
    Unreadable,
    Wait,
)
from ..checks import is_on
from . import chunks, rules
from .client import TikTokApi
from .errors import from_failure

POLL_SECONDS = 4.0
# How long one run of a stage may send pieces, so that a worker shows it is alive in between.
SLICE_SECONDS = 20.0
# TikTok tells the public id after moderation; so long we wait for it before we do without.
PUBLIC_ID_SECONDS = 120.0
WORKING = ("PROCESSING_UPLOAD", "PROCESSING_DOWNLOAD")
NOTE = "It waits in the creator's TikTok inbox: open the notification in the app to finish it."


def is_video(content: Content) -> bool:
    return any(item.kind == "video" for item in content.media)


@dataclass
class Flow:
    """The stages of one intent; each method is the stage of its name. `web` shows posts."""

    api: TikTokApi
    ctx: PublishContext
    facts: Capabilities
    web: str

    @property
    def direct(self) -> bool:
        return rules.is_direct(self.ctx.content, self.facts)

    @property
    def plan(self) -> chunks.Plan:
        assert self.facts.upload is not None
        return chunks.plan(self.ctx.content.media[0].size, self.facts.upload)

    def _done(self) -> Done:
        return Done(dict(self.ctx.handles))

    # --- Stages ----------------------------------------------------------------------------------

    def check(self) -> Done:
        """Right before a direct post: may the creator still choose what was chosen?"""
        if "publish_id" in self.ctx.handles:
            return self._done()
        creator, options = self.api.creator(), self.ctx.content.options
        privacy = str(options.get("privacy") or "")
        if privacy not in (creator.get("privacy_level_options") or ()):
            raise ProviderError(
                ErrorKind.VALIDATION,
                "The creator's account does not have this choice of viewers any more.",
                field="privacy",
            )
        for name in ("comment", "duet", "stitch"):
            if creator.get(f"{name}_disabled") and is_on(options.get(f"allow_{name}")):
                raise ProviderError(
                    ErrorKind.VALIDATION,
                    f"The creator has turned {name}s off at TikTok meanwhile.",
                    field=f"allow_{name}",
                )
        longest = float(creator.get("max_video_post_duration_sec") or 0)
        if longest and any(item.seconds > longest + 0.05 for item in self.ctx.content.media):
            raise ProviderError(
                ErrorKind.MEDIA_INVALID, f"This creator may post {longest:g} s.", field="media"
            )
        return self._done()

    def init(self) -> Done:
        if "publish_id" not in self.ctx.handles:
            plan = self.plan
            source = {
                "source": "FILE_UPLOAD",
                "video_size": plan.size,
                "chunk_size": plan.chunk,
                "total_chunk_count": plan.count,
            }
            post = rules.video_info(self.ctx.content) if self.direct else None
            publish_id, url = self.api.start_video(source=source, post=post)
            self.ctx.remember("upload_url", url)
            self.ctx.remember("publish_id", publish_id)
        return self._done()

    def upload(self) -> Done | Wait:
        """Every piece but the last, which starts the post and belongs to `submit`."""
        plan, until = self.plan, time.monotonic() + SLICE_SECONDS
        if self.ctx.handles.get("sending"):
            return self._done()
        while (number := int(self.ctx.handles.get("piece") or 0)) < plan.count - 1:
            if time.monotonic() > until:
                return Wait(0)
            status = self._send(number)
            if status == 416:
                number = self._resume_at(number)
            self.ctx.remember("piece", str(number if status == 416 else number + 1))
        return self._done()

    def submit(self) -> Done:
        """The call after which TikTok works on its own: the last piece, or the photo post."""
        ctx = self.ctx
        if ctx.handles.get("sent"):
            return self._done()
        if not is_video(ctx.content):
            if "publish_id" not in ctx.handles:
                body = rules.photo_body(ctx.content, direct=self.direct)
                ctx.remember("publish_id", self.api.start_photos(body))
        elif not (ctx.handles.get("sending") and self._has_all()):
            ctx.remember("sending", "1")
            # 416: TikTok has that piece already, from a call whose answer we never got.
            self._send(self.plan.count - 1)
        ctx.remember("sent", "1")
        ctx.forget("upload_url")
        return self._done()

    def confirm(self) -> Done | Wait:
        status = self._status()
        state = status.get("status")
        if state in WORKING:
            return Wait(POLL_SECONDS)
        if state == "SEND_TO_USER_INBOX" or (state == "PUBLISH_COMPLETE" and not self.direct):
            self.ctx.remember("note", NOTE)
            self._remember_post("")
            return self._done()
        if state == "PUBLISH_COMPLETE":
            self._remember_post(_public_id(status))
            return self._done()
        raise self._unreadable(state)

    def permalink(self) -> Done | Wait:
        """The public id, which TikTok tells when its moderation is through, of public posts only."""
        handles = self.ctx.handles
        if handles.get("permalink") or self.ctx.content.options.get("privacy") != rules.PUBLIC:
            return self._done()
        since = handles.get("asking_since")
        if since is None:
            self.ctx.remember("asking_since", str(time.time()))
        elif time.time() - float(since) > PUBLIC_ID_SECONDS:
            return self._done()
        if post := _public_id(self.api.status(handles["publish_id"])):
            self._remember_post(post)
            return self._done()
        return Wait(POLL_SECONDS * 2)

    # --- Doubt -----------------------------------------------------------------------------------

    def look(self) -> Found | NotFound | Unreadable:
        publish_id = self.ctx.handles.get("publish_id")
        if publish_id is None:
            if is_video(self.ctx.content):
                return NotFound()  # without bytes nothing comes of a lost start
            return Unreadable("TikTok did not tell its number for the photos: look in the app.")
        status = self.api.status(publish_id)
        if status.get("status") == "SEND_TO_USER_INBOX":
            self.ctx.remember("note", NOTE)
            return Found(publish_id, "")
        if status.get("status") == "PUBLISH_COMPLETE":
            post = _public_id(status) if self.direct else ""
            return Found(post or publish_id, self._link(post))
        return NotFound()

    # --- Pieces ----------------------------------------------------------------------------------

    def _send(self, number: int) -> int:
        plan, item = self.plan, self.ctx.content.media[0]
        start, length = plan.piece(number)
        status = self.api.send(
            self.ctx.handles["upload_url"],
            item.part(start, length),
            item.mime,
            start=start,
            total=plan.size,
            is_last=number == plan.count - 1,
        )
        if status in (403, 404):
            raise self._address_gone()
        return status

    def _resume_at(self, number: int) -> int:
        """Where TikTok says it stands, after it refused piece `number` as out of turn."""
        status = self._status()
        if status.get("status") not in WORKING:
            return self.plan.count - 1
        at = self.plan.at(int(status.get("uploaded_bytes") or 0))
        if at == number:
            raise ProviderError(ErrorKind.TRANSIENT_SAFE, "TikTok refused a piece of the file.")
        return at

    def _has_all(self) -> bool:
        """Whether the last piece, sent before without an answer, did arrive."""
        status = self._status()
        if status.get("status") != "PROCESSING_UPLOAD":
            return True
        return int(status.get("uploaded_bytes") or 0) >= self.plan.size

    def _address_gone(self) -> ProviderError:
        """The upload address lives an hour. The open publish_id is closed before another is made."""
        publish_id = self.ctx.handles["publish_id"]
        status = self.api.status(publish_id)
        if status.get("status") == "PROCESSING_UPLOAD":
            if int(status.get("uploaded_bytes") or 0) >= self.plan.size:
                self.ctx.remember("sent", "1")
                return ProviderError(ErrorKind.MEDIA_NOT_READY, "TikTok works on the video.")
            self.api.cancel(publish_id)
            status = self.api.status(publish_id)
        if status.get("status") != "FAILED":
            self.ctx.remember("sent", "1")
            return ProviderError(ErrorKind.MEDIA_NOT_READY, "TikTok works on the video.")
        self._start_over()
        return ProviderError(
            ErrorKind.TRANSIENT_SAFE, "The upload address has ended; we ask for another."
        )

    # --- Status ----------------------------------------------------------------------------------

    def _status(self) -> dict[str, Any]:
        """Raises the reason where TikTok has given up: that publish_id is closed for good."""
        status = self.api.status(self.ctx.handles["publish_id"])
        if status.get("status") == "FAILED":
            self._start_over()
            raise from_failure(str(status.get("fail_reason") or ""))
        return status

    def _start_over(self) -> None:
        self.ctx.forget("publish_id", "upload_url", "piece", "sending", "sent")

    def _unreadable(self, state: object) -> ProviderError:
        return ProviderError(ErrorKind.MEDIA_NOT_READY, f"TikTok says {state or 'nothing'}.")

    def _remember_post(self, post: str) -> None:
        """The post's public id where there is one; else the publish_id stands for it."""
        self.ctx.remember("remote_id", post or self.ctx.handles["publish_id"])
        if post:
            self.ctx.remember("permalink", self._link(post))

    def _link(self, post: str) -> str:
        if not post:
            return ""
        kind = "video" if is_video(self.ctx.content) else "photo"
        return f"{self.web}/{self.ctx.account.handle}/{kind}/{post}"


def _public_id(status: dict[str, Any]) -> str:
    """The field really is spelt that way."""
    found = status.get("publicaly_available_post_id") or []
    return str(found[0]) if found else ""
