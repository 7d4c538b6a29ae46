"""Videos, reels and stories of the simulated pages: begun, uploaded, finished, then processed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.store import Store

from ..meta.simulated import DAY, GraphSimulator, Refused, when
from ..meta.simulated_uploads import Uploads

PIECE = 8 * 1024  # small, so that small files too come in several pieces
REELS_A_DAY = 30
VIDEO_COUNTS: dict[str, float] = {"views": 4200, "likes": 160, "comments": 19}


class Videos(GraphSimulator):
    """Pages and everything that moves on them."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.uploads = Uploads(self.key, store)

    def add_videos(self, route: Callable[..., None]) -> None:
        at = "/api/{version}/{page}"
        route("POST", "/video/{version}/{page}/videos", self.videos)
        route("POST", f"{at}/video_reels", self.reels)
        route("POST", f"{at}/video_stories", self.video_stories)
        route("POST", f"{at}/photo_stories", self.photo_story)
        route("GET", f"{at}/stories", self.stories)
        route("POST", "/upload/video-upload/{version}/{id}", self.upload)

    # --- Pages and posts -------------------------------------------------------------------------

    def page_id(self, login: str) -> str:
        return self.number("page", login)

    def page_held(self, request: Request) -> str:
        """The page that a call speaks for; a person's token may not post."""
        held = self.held(request)
        if held.scopes and "page" not in held.scopes:
            said = "(#200) Posting to a page needs a page access token"
            raise Refused(200, said, status=403)
        return held.login

    def page_login(self, request: Request) -> str:
        login = self.page_held(request)
        if request.params["page"] not in ("me", self.page_id(login)):
            said = f"Unsupported request. Object with ID '{request.params['page']}' does not exist"
            raise Refused(100, said, subcode=33)
        return login

    async def out(self, login: str, accept: Callable[[], Response]) -> Response:
        """The call that makes something public, with the page's allowance in mind."""

        def guarded() -> Response:
            try:
                if self.is_on("quota_full", login):
                    headers = self._usage_headers(100, 60)
                    said = "(#613) Calls to this api have exceeded the rate limit."
                    raise Refused(613, said, headers=headers)
                return accept()
            except Refused as refused:
                return refused.answer

        return await self.publish(login, guarded)

    def post(
        self, login: str, text: str, media: list[dict[str, Any]], kind: str, **more: Any
    ) -> dict[str, Any]:
        id = more.pop("id", "") or f"{self.page_id(login)}_{self.new_number()}"
        if kind == "comment":
            id = f"{more['root'].rpartition('_')[2]}_{self.new_number()}"
        post = {
            "id": id,
            "login": login,
            "text": text,
            "media": media,
            "kind": kind,
            "at": self.now(),
            **more,
        }
        self.store.add_post(self.key, post["id"], login, text, post)
        return post

    def find(self, id: str) -> dict[str, Any]:
        post = self.store.post(self.key, id)
        if post is None:
            said = f"Unsupported get request. Object with ID '{id}' does not exist"
            raise Refused(100, said, subcode=33)
        return dict(post)

    # --- Videos in pieces ------------------------------------------------------------------------

    async def videos(self, request: Request) -> Response:
        login = self.page_login(request)
        pairs, files = request.form()
        fields = dict(pairs)
        phase = fields.get("upload_phase")
        if phase == "start":
            video = self._begin(login, "video", int(fields.get("file_size") or 0))
            answer = {"video_id": video["id"], "upload_session_id": f"s{video['id']}"}
            return json_response(answer | self._offsets(0, video["size"]))
        video = self._video(fields.get("upload_session_id", "")[1:], login)
        if phase == "transfer":
            file = files.get("video_file_chunk")
            piece = file.data if file else b""
            start = int(fields.get("start_offset") or 0)
            return await self.step("upload", login, lambda: self._piece(video, start, piece))
        if phase != "finish":
            raise Refused(100, "(#100) Param upload_phase is not valid")
        return await self.out(login, lambda: self._finish(video, fields))

    def _piece(self, video: dict[str, Any], start: int, piece: bytes) -> Response:
        have = self.uploads.received(video["id"])
        if start != len(have) or not piece:
            refused = Refused(
                6000, "There was a problem uploading your video file.", subcode=1363037
            )
            return self._with_offsets(refused, self._offsets(len(have), video["size"]))
        self.store.put_blob(self.key, f"upload:{video['id']}", "video/mp4", have + piece)
        return json_response(self._offsets(len(have) + len(piece), video["size"]))

    @staticmethod
    def _with_offsets(refused: Refused, offsets: dict[str, str]) -> Response:
        """Facebook says beside the error where the video goes on."""
        body = json.loads(refused.answer.body)
        body["error"]["error_data"] = offsets
        return json_response(body, refused.answer.status)

    @staticmethod
    def _offsets(start: int, size: int) -> dict[str, str]:
        return {"start_offset": str(start), "end_offset": str(min(start + PIECE, size))}

    # --- Reels and stories -----------------------------------------------------------------------

    async def reels(self, request: Request) -> Response:
        return await self._two_phases(request, "reel")

    async def video_stories(self, request: Request) -> Response:
        return await self._two_phases(request, "story")

    async def _two_phases(self, request: Request, kind: str) -> Response:
        login = self.page_login(request)
        fields = dict(request.form()[0])
        if fields.get("upload_phase") == "start":
            video = self._begin(login, kind, 0)
            at = f"{request.base}/upload/video-upload/{request.params['version']}/{video['id']}"
            return json_response({"video_id": video["id"], "upload_url": at})
        if fields.get("upload_phase") != "finish":
            raise Refused(100, "(#100) Param upload_phase is not valid")
        video = self._video(fields.get("video_id", ""), login)
        if kind == "reel" and fields.get("video_state") != "PUBLISHED":
            raise Refused(100, "(#100) Param video_state is not valid")
        if kind == "reel" and self.today(login, 400, ("reel",)) >= REELS_A_DAY:
            raise Refused(613, "(#613) The limit of reels in 24 hours is reached.")
        return await self.out(login, lambda: self._finish(video, fields))

    async def upload(self, request: Request) -> Response:
        login = self.held(request).login
        video = self._video(request.params["id"], login)

        def accept() -> Response:
            answer, whole = self.uploads.take(request, video["id"])
            if whole is not None:
                video["size"] = len(whole)
                self._keep(video)
            return answer

        return await self.step("upload", login, accept)

    def _begin(self, login: str, kind: str, size: int) -> dict[str, Any]:
        video = {"id": self.new_number(), "login": login, "kind": kind, "size": size}
        self._keep(video)
        return video

    def _keep(self, video: dict[str, Any]) -> None:
        self.store.put(self.key, "video", video["id"], video)

    def _video(self, id: str, login: str) -> dict[str, Any]:
        video = self.store.get(self.key, "video", id)
        if video is None or video["login"] != login:
            raise Refused(100, f"(#100) Video {id} does not exist", subcode=33)
        return dict(video)

    def _finish(self, video: dict[str, Any], fields: dict[str, str]) -> Response:
        login, data = video["login"], self.uploads.received(video["id"])
        if not video["size"] or len(data) < video["size"]:
            raise Refused(100, "The upload is not complete", subcode=1349125)
        if data[:16].lstrip().startswith((b"<", b"\xff\xd8", b"\x89PNG")):
            raise Refused(352, "The format of the video is not supported", subcode=1349125)
        if video.get("finished_at"):
            raise Refused(100, "(#100) This video was published already")
        slow = self.is_on("slow_processing", login)
        video["finished_at"] = self.now()
        video["ready_at"] = self.now() + (self.scenario(login).seconds if slow else 0)
        video["failed"] = self.is_on("container_error", login)
        self._keep(video)
        if not video["failed"]:
            self.store.put_blob(self.key, f"v{video['id']}", "video/mp4", data)
            media = [{"kind": "video", "blob": f"v{video['id']}"}]
            text = fields.get("description", "")
            title = fields.get("title", "")
            self.post(login, text, media, video["kind"], id=video["id"], title=title)
        return json_response({"success": True})

    # --- Asking ----------------------------------------------------------------------------------

    def show_video(self, video: dict[str, Any], request: Request) -> Response:
        login = video["login"]
        if self.is_on("expire_polling", login):
            raise self.expired()
        if "status" in request.first("fields"):
            self.unreadable(login)
        post = self.store.post(self.key, video["id"])
        at = (post or {}).get("at", self.now())
        grown = self.grown(video["id"], at, VIDEO_COUNTS)
        return json_response(
            {
                "id": video["id"],
                "status": self._status(video),
                "permalink_url": f"{request.base}/web/{login}/posts/{video['id']}",
                "views": grown["views"],
                "likes": {"data": [], "summary": {"total_count": grown["likes"]}},
                "comments": {"data": [], "summary": {"total_count": grown["comments"]}},
            }
        )

    def _status(self, video: dict[str, Any]) -> dict[str, Any]:
        have = len(self.uploads.received(video["id"]))
        whole = bool(video["size"]) and have >= video["size"]
        finished = video.get("finished_at")
        done = bool(finished) and video["ready_at"] <= self.now() and not video["failed"]
        uploading = {"status": "complete" if whole else "in_progress", "bytes_transfered": have}
        processing: dict[str, Any] = {"status": "not_started"}
        publishing: dict[str, Any] = {"status": "not_started"}
        state = "upload_complete" if whole else "processing"
        if finished:
            state = "ready" if done else "processing"
            processing = {"status": "complete" if done else "in_progress"}
        if done:
            publishing = {
                "status": "complete",
                "publish_status": "published",
                "publish_time": when(video["finished_at"]),
            }
        if finished and video["failed"]:
            state = "error"
            said = "The video could not be processed: unsupported codec."
            processing = {"status": "error", "error": {"message": said}}
        return {
            "video_status": state,
            "uploading_phase": uploading,
            "processing_phase": processing,
            "publishing_phase": publishing,
        }

    # --- Photo stories ---------------------------------------------------------------------------

    async def photo_story(self, request: Request) -> Response:
        login = self.page_login(request)
        id = dict(request.form()[0]).get("photo_id", "")
        photo = self.store.get(self.key, "photo", id)
        if photo is None or photo["login"] != login or photo["used"]:
            raise Refused(100, f"(#100) Photo {id} cannot be used", subcode=33)

        def accept() -> Response:
            self.store.put(self.key, "photo", id, photo | {"used": True})
            post = self.post(login, "", [photo["media"]], "story", photo=id)
            return json_response({"success": True, "post_id": post["id"]})

        return await self.out(login, accept)

    async def stories(self, request: Request) -> Response:
        login = self.page_login(request)
        self.unreadable(login)
        rows = [
            {
                "post_id": one["id"],
                "status": "PUBLISHED",
                "creation_time": str(int(one["at"])),
                "media_type": "photo" if one.get("photo") else "video",
                "media_id": one.get("photo") or one["id"],
                "url": f"{request.base}/web/{login}/posts/{one['id']}",
            }
            for one in self.store.posts(self.key, login, limit=400)
            if one["kind"] == "story" and one["at"] > self.now() - DAY
        ]
        return self.list_of(request, rows)
