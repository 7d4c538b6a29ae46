"""What the simulated YouTube takes: a video in pieces through a session, its cover, its captions."""

from __future__ import annotations

import re
import secrets
from typing import Any

from apps.integrations.sandbox.kernel import Request, Response, json_response

from . import simulated_captions
from .simulated import Refused, checked, iso, refused
from .simulated_channels import MANAGE, UPLOAD, Channels

PIECE = 262_144
WEEK = 7 * 86_400  # how long a session is kept
THUMBNAIL = 2_000_000
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")


class Uploads(Channels):
    async def open_session(self, request: Request) -> Response:
        login = self._held(request, UPLOAD, MANAGE).login
        data = request.json()

        def accept() -> Response:
            try:
                if request.first("uploadType") != "resumable":
                    raise Refused(400, "mediaBodyRequired", "The request has no media.")
                if self.is_on("quota_full", login):
                    raise Refused(403, "quotaExceeded", "You have exceeded your quota.")
                size = int(request.headers.get("x-upload-content-length") or 0)
                mime = request.headers.get("x-upload-content-type", "")
                meta = checked(data, request.first("part").split(","))
                if size <= 0 or not mime.startswith("video/"):
                    raise Refused(400, "mediaBodyRequired", "The request has no video.")
            except Refused as error:
                return error.answer
            session = secrets.token_urlsafe(24)
            doc = {"id": session, "login": login, "meta": meta, "size": size, "mime": mime}
            self.store.put(
                self.key, "session", session, doc | {"received": 0, "video": "", "at": self.now()}
            )
            query = f"uploadType=resumable&upload_id={session}"
            url = f"{request.base}/api/upload/youtube/v3/videos?{query}"
            return Response(status=200, headers={"location": url, "x-guploader-uploadid": session})

        return await self.step("container", login, accept)

    async def upload(self, request: Request) -> Response:
        doc = self.store.get(self.key, "session", request.first("upload_id"))
        if doc is None or self.now() - doc["at"] > WEEK:
            return Response(b"Not Found", 404, {"content-type": "text/plain"})
        if request.bearer:
            self._held(request, UPLOAD, MANAGE)
        found = _RANGE.fullmatch(request.headers.get("content-range", ""))
        if found is None or int(found[3]) != doc["size"]:
            return refused(400, "badRequest", "Failed to parse Content-Range header.")
        if doc["video"]:
            return json_response(self._video_json(doc["video"], ("snippet", "status")), 200)
        if found[1] is None:
            return self._more(doc)
        start, end = int(found[1]), int(found[2])
        is_last = end + 1 == doc["size"]
        if end - start + 1 != len(request.body) or (not is_last and len(request.body) % PIECE):
            return refused(400, "badRequest", "Invalid request: size of the piece.")
        if start != doc["received"]:
            return self._more(doc)  # nothing is kept out of turn; the range says what is wanted

        def accept() -> Response:
            before = self.store.blob(self.key, doc["id"]) if start else None
            data = (before[1] if before else b"") + request.body
            self.store.put_blob(self.key, doc["id"], doc["mime"], data)
            fresh = doc | {"received": end + 1}
            if is_last:
                fresh["video"] = self._make(fresh)
            self.store.put(self.key, "session", doc["id"], fresh)
            if not is_last:
                return self._more(fresh)
            return json_response(self._video_json(fresh["video"], ("snippet", "status")), 201)

        if is_last:
            return await self.publish(doc["login"], accept)
        return await self.step("upload", doc["login"], accept)

    @staticmethod
    def _more(doc: dict[str, Any]) -> Response:
        headers = {"range": f"bytes=0-{doc['received'] - 1}"} if doc["received"] else {}
        return Response(status=308, headers=headers)

    def _make(self, session: dict[str, Any]) -> str:
        """The video, unless the scenario lets YouTube's processing fail."""
        login, video_id = session["login"], secrets.token_urlsafe(8)[:11]
        slow = self.is_on("slow_processing", login)
        failed = self.is_on("container_error", login)
        snippet, status = session["meta"]["snippet"], session["meta"]["status"]
        doc = {
            "kind": "video",
            "id": video_id,
            "login": login,
            "snippet": snippet,
            "status": status,
            "file": session["id"],
            "poster": "",
            "captions": [],
            "failed": failed,
            "ready_at": self.now() + (self.scenario(login).seconds if slow else 0),
            "at": self.now(),
        }
        self.store.put(self.key, "video", video_id, doc)
        if not failed:
            text = f"{snippet['title']}\n{snippet.get('description', '')}"
            self.store.add_post(self.key, video_id, login, text, doc)
        return video_id

    async def thumbnail(self, request: Request) -> Response:
        held = self._held(request)
        video = self._video(request.first("videoId"))
        if video["login"] != held.login:
            raise Refused(403, "forbidden", "The thumbnail can't be set for this video.")
        if held.login.startswith("unverified"):
            message = "The authenticated user doesn't have permissions to upload thumbnails."
            raise Refused(403, "forbidden", message)
        mime = request.headers.get("content-type", "")
        if mime not in ("image/jpeg", "image/png"):
            raise Refused(400, "invalidImage", "The provided image content is invalid.")
        if len(request.body) > THUMBNAIL:
            raise Refused(413, "mediaBodyTooLarge", "The image is larger than 2 MB.")
        poster = f"thumb-{video['id']}"
        self.store.put_blob(self.key, poster, mime, request.body)
        self._keep(video | {"poster": poster})
        item = {"default": {"url": f"{request.base}/files/{poster}", "width": 120, "height": 90}}
        return json_response({"kind": "youtube#thumbnailSetResponse", "items": [item]})

    async def captions(self, request: Request) -> Response:
        login = self._held(request, MANAGE).login
        video_id, language, name, data = simulated_captions.sent(request)

        def accept() -> Response:
            try:
                video = self._video(video_id)
                if self.is_on("quota_full", login):
                    raise Refused(403, "quotaExceeded", "You have exceeded your quota.")
                if video["login"] != login:
                    raise Refused(403, "forbidden", "The captions can't be set for this video.")
                if [language, name] in video["captions"]:
                    raise Refused(409, "captionExists", "The video already has this track.")
            except Refused as error:
                return error.answer
            self.store.put_blob(self.key, f"captions-{video_id}-{language}", "text/vtt", data)
            self._keep(video | {"captions": [*video["captions"], [language, name]]})
            snippet = {"videoId": video_id, "language": language, "name": name, "isDraft": False}
            more = {"trackKind": "standard", "status": "serving", "lastUpdated": iso(self.now())}
            track = {"id": secrets.token_urlsafe(18), "snippet": snippet | more}
            return json_response({"kind": "youtube#caption", **track})

        return await self.step("captions", login, accept)
