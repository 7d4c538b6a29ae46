"""The calls of YouTube's Data API that Candy uses, and its resumable upload."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from apps.integrations.http import GuardedClient

from ..base import ProviderError
from ..json_api import Answer, JsonApi
from .errors import NETWORK, from_answer

PAGE = 50
_RANGE = re.compile(r"bytes=0-(\d+)")


@dataclass(frozen=True, slots=True)
class Progress:
    """How an upload stands: done with an id, gone, or `received` bytes so far."""

    received: int = 0
    video_id: str = ""
    gone: bool = False


class YouTubeApi(JsonApi):
    """One channel. `base` is the API's address."""

    network = NETWORK

    def __init__(self, base: str, client: GuardedClient, token: str) -> None:
        super().__init__(client, token)
        self._home = base
        self._base = f"{base}/youtube/v3"
        self._upload = f"{base}/upload/youtube/v3"

    def refusal(self, answer: Answer) -> ProviderError:
        return from_answer(answer)

    def _items(self, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        found = self.call("GET", f"{self._base}/{path}", params=params).object.get("items")
        return [one for one in found or () if isinstance(one, dict)]

    # --- Who -------------------------------------------------------------------------------------

    def channel(self) -> dict[str, Any] | None:
        query = {"part": "snippet,contentDetails,status", "mine": "true"}
        return next(iter(self._items("channels", query)), None)

    # --- Upload ----------------------------------------------------------------------------------

    def open_session(self, about: Mapping[str, Any], *, mime: str, size: int, notify: bool) -> str:
        """The address that the bytes go to. Not mutating: without bytes there is no video."""
        answer = self.call(
            "POST",
            f"{self._upload}/videos",
            params={
                "uploadType": "resumable",
                "part": ",".join(about),
                "notifySubscribers": "true" if notify else "false",
            },
            headers={"X-Upload-Content-Type": mime, "X-Upload-Content-Length": str(size)},
            json=dict(about),
        )
        session = answer.headers.get("location", "")
        if not session.startswith(("https://", "http://")):
            raise self.unreadable(mutating=False)
        return session

    def send(self, session: str, data: bytes, *, start: int, total: int) -> Progress:
        """One piece. The one with the last byte makes the video, so it is the mutating one."""
        end = start + len(data)
        return self._put(
            session,
            data,
            f"bytes {start}-{end - 1}/{total}",
            mutating=end == total,
        )

    def probe(self, session: str, total: int) -> Progress:
        """How far the upload is; changes nothing."""
        return self._put(session, b"", f"bytes */{total}", mutating=False)

    def _put(self, session: str, data: bytes, position: str, *, mutating: bool) -> Progress:
        answer = self.call(
            "PUT",
            session,
            mutating=mutating,
            also=(308, 404, 410),
            signed=self._is_ours(session),
            headers={"Content-Range": position, "Content-Length": str(len(data))},
            content=data,
            size=len(data),
        )
        if answer.status in (404, 410):
            return Progress(gone=True)
        if answer.status == 308:
            found = _RANGE.fullmatch(answer.headers.get("range", ""))
            return Progress(received=int(found[1]) + 1 if found else 0)
        if not answer.object.get("id"):
            raise self.unreadable(mutating=mutating)
        return Progress(video_id=str(answer.object["id"]))

    def _is_ours(self, session: str) -> bool:
        """Whether the token may travel there: the same server, or another one of Google's API."""
        ours, theirs = urlsplit(self._home), urlsplit(session)
        google = all((one.hostname or "").endswith(".googleapis.com") for one in (ours, theirs))
        return theirs.scheme == ours.scheme and (theirs.netloc == ours.netloc or google)

    # --- Videos ----------------------------------------------------------------------------------

    def status(self, video_id: str) -> dict[str, Any] | None:
        """The video's `status`; None where YouTube does not list it."""
        query = {"part": "status,processingDetails", "id": video_id}
        found = next(iter(self._items("videos", query)), None)
        return None if found is None else dict(found.get("status") or {})

    def uploads(self, playlist: str, *, pages: int) -> Iterator[dict[str, Any]]:
        """The `snippet`s of the channel's uploads, newest first."""
        query = {"part": "snippet", "playlistId": playlist, "maxResults": str(PAGE)}
        for _ in range(pages):
            page = self.call("GET", f"{self._base}/playlistItems", params=query).object
            for one in page.get("items") or ():
                yield one.get("snippet") or {}
            if not page.get("nextPageToken"):
                return
            query["pageToken"] = str(page["nextPageToken"])

    def set_thumbnail(self, video_id: str, data: bytes, mime: str) -> None:
        """Safe to repeat: the same picture again."""
        self.call(
            "POST",
            f"{self._upload}/thumbnails/set",
            params={"videoId": video_id, "uploadType": "media"},
            headers={"Content-Type": mime},
            content=data,
            size=len(data),
        )

    def add_captions(self, video_id: str, language: str, data: bytes) -> None:
        """A track of WebVTT. Safe to repeat: DUPLICATE says that the video has it."""
        snippet = {"videoId": video_id, "language": language, "name": "", "isDraft": False}
        body, kind = _related({"snippet": snippet}, data, "text/vtt")
        self.call(
            "POST",
            f"{self._upload}/captions",
            params={"part": "snippet", "uploadType": "multipart"},
            headers={"Content-Type": kind},
            content=body,
            size=len(body),
        )

    def statistics(self, ids: list[str]) -> list[dict[str, Any]]:
        """Up to 50 videos with their `statistics`; those that are gone are left out."""
        return self._items("videos", {"part": "statistics", "id": ",".join(ids)})

    # --- Comments --------------------------------------------------------------------------------

    def comment(self, channel: str, video_id: str, text: str) -> str:
        """The id of a new comment thread on the video."""
        body = {
            "snippet": {
                "channelId": channel,
                "videoId": video_id,
                "topLevelComment": {"snippet": {"textOriginal": text}},
            }
        }
        made = self.call(
            "POST",
            f"{self._base}/commentThreads",
            mutating=True,
            params={"part": "snippet"},
            json=body,
        ).object
        if not made.get("id"):
            raise self.unreadable(mutating=True)
        return str(made["id"])

    def comments(self, video_id: str) -> list[dict[str, Any]]:
        """The newest comment threads of the video."""
        query = {
            "part": "snippet",
            "videoId": video_id,
            "order": "time",
            "maxResults": "100",
            "textFormat": "plainText",
        }
        return self._items("commentThreads", query)


def _related(about: Mapping[str, Any], data: bytes, mime: str) -> tuple[bytes, str]:
    """A description and its file as one body, and that body's type."""
    boundary = secrets.token_hex(16)
    parts = (("application/json; charset=UTF-8", json.dumps(about).encode()), (mime, data))
    lines = [
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + part + b"\r\n"
        for kind, part in parts
    ]
    body = b"".join(lines) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/related; boundary={boundary}"
