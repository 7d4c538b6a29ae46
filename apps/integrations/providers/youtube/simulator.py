"""YouTube small enough to read: Google's sign-in, resumable uploads, playlists, comments, numbers.

Its addresses lie below `api`, `web` (sign-in), `token` and `site` (where videos are watched).
Points: "container" opens a session, "upload" is a piece without the last byte, "publish" the one
with it, "captions" a track of captions, "comment" a comment. A login that starts with `unverified`
may upload 15 minutes.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE, Desk, Held
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from . import simulated_captions
from .simulated import (
    Refused,
    channel_json,
    channel_of,
    checked,
    iso,
    item_json,
    refused,
    thread_json,
    uploads_of,
)

PIECE = 262_144
WEEK = 7 * 86_400  # how long a session is kept
COUNTERS: dict[str, float] = {"viewCount": 5400, "likeCount": 310, "commentCount": 24}
THUMBNAIL = 2_000_000
UPLOAD, MANAGE = (
    f"https://www.googleapis.com/auth/{name}" for name in ("youtube.upload", "youtube.force-ssl")
)
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")


class YouTubeSimulator(Simulator):
    key = "youtube"
    name = "YouTube"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.desk = Desk(self.key, self.name, store, self.now, ttl=3600, rotates=False)
        route = self.router.add
        route("GET", "/web/o/oauth2/v2/auth", self.authorize)
        route("GET", "/web/approve", self.approve)
        route("POST", "/token/token", self.token)
        route("GET", "/api/youtube/v3/channels", self.channels)
        route("POST", "/api/upload/youtube/v3/videos", self.open_session)
        route("PUT", "/api/upload/youtube/v3/videos", self.upload)
        route("POST", "/api/upload/youtube/v3/thumbnails/set", self.thumbnail)
        route("POST", "/api/upload/youtube/v3/captions", self.captions)
        route("GET", "/api/youtube/v3/videos", self.videos)
        route("DELETE", "/api/youtube/v3/videos", self.delete)
        route("GET", "/api/youtube/v3/playlistItems", self.playlist)
        route("POST", "/api/youtube/v3/commentThreads", self.comment)
        route("GET", "/api/youtube/v3/commentThreads", self.comments)
        route("GET", "/files/{id}", self.file)
        route("GET", "/site/watch", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            return await super().__call__(request)
        except Refused as error:
            return error.answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            answer = refused(403, "rateLimitExceeded", "The request rate is too high.")
            answer.headers["retry-after"] = str(round(seconds + 0.5))
            return answer
        if fault == "duplicate":  # YouTube has no such rule here; another refusal of the content
            return refused(400, "invalidVideoMetadata", "The request metadata is invalid.")
        status = 503 if fault == "error_before_accept" else 500
        return refused(status, "backendError", "Backend Error")

    # --- Sign-in ---------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        if request.first("access_type") != "offline" or request.first("prompt") != "consent":
            return json_response({"error": "a refresh token would not be given"}, 400)
        return self.desk.consent(request, approve="/web/approve")

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    async def token(self, request: Request) -> Response:
        """Refreshing gives no new refresh token."""
        fields = dict(request.form()[0])
        old = self.store.get(self.key, "refresh", fields.get("refresh_token", ""))
        if old and self.scenario(old["login"]).name == "revoked":
            self.store.drop(self.key, "refresh", fields["refresh_token"])
        answer = self.desk.exchange(fields)
        if isinstance(answer, str):
            said = {"error": answer, "error_description": "Token has been expired or revoked."}
            return json_response(said, 401 if answer == "invalid_client" else 400)
        return json_response(answer | {"token_type": "Bearer"})

    def _held(self, request: Request, *scopes: str) -> Held:
        held = self.desk.held(request.bearer)
        if held is None or held.until <= self.now() or self.lost_access(held.login, held.at):
            raise Refused(401, "authError", "Invalid Credentials")
        if held.scopes and not set(scopes or (MANAGE,)) & set(held.scopes):
            raise Refused(403, "insufficientPermissions", "Insufficient Permission")
        return held

    async def channels(self, request: Request) -> Response:
        login = self._held(request).login
        if request.first("mine") != "true":
            raise Refused(400, "missingRequiredParameter", "No filter selected.")
        channel = channel_json(login)
        return json_response({"kind": "youtube#channelListResponse", "items": [channel]})

    # --- Upload ----------------------------------------------------------------------------------

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

    def _keep(self, video: dict[str, Any]) -> None:
        self.store.put(self.key, "video", video["id"], video)
        snippet = video["snippet"]
        text = f"{snippet['title']}\n{snippet.get('description', '')}"
        self.store.change_post(self.key, video["id"], text, video)

    # --- Videos ----------------------------------------------------------------------------------

    def _video(self, video_id: str) -> dict[str, Any]:
        video: dict[str, Any] | None = self.store.get(self.key, "video", video_id)
        gone = video is not None and not video["failed"] and not self._shown(video_id)
        if video is None or gone:
            raise Refused(404, "videoNotFound", "The video cannot be found.")
        return video

    def _shown(self, video_id: str) -> bool:
        return self.store.post(self.key, video_id) is not None

    async def videos(self, request: Request) -> Response:
        held = self._held(request)
        parts = request.first("part").split(",")
        expired = held.at <= self.scenario(held.login).since
        if "status" in parts and expired and self.is_on("expire_polling", held.login):
            raise Refused(401, "authError", "Invalid Credentials")
        ids = request.first("id").split(",")
        if len(ids) > 50:
            raise Refused(400, "invalidFilters", "Too many ids.")
        items = []
        for one in ids:
            try:
                self._video(one)
            except Refused:
                continue
            item = self._video_json(one, parts)
            if "statistics" in parts and self.is_on("dead_metric", held.login):
                item["statistics"].pop("likeCount")
            items.append(item)
        return json_response({"kind": "youtube#videoListResponse", "items": items})

    def _video_json(self, video_id: str, parts: Any) -> dict[str, Any]:
        video = self._video(video_id)
        every: dict[str, Any] = {
            "snippet": video["snippet"]
            | {"publishedAt": iso(video["at"]), "channelId": channel_of(video["login"])},
            "status": {**video["status"], **self._processing(video)},
            "processingDetails": {"processingStatus": "processing"},
            "statistics": {
                name: str(value)
                for name, value in self.grown(video_id, video["at"], COUNTERS).items()
            },
        }
        return {
            "kind": "youtube#video",
            "id": video_id,
            **{name: every[name] for name in parts if name in every},
        }

    def _processing(self, video: dict[str, Any]) -> dict[str, str]:
        if video["failed"]:
            return {"uploadStatus": "failed", "failureReason": "conversion"}
        return {"uploadStatus": "processed" if video["ready_at"] <= self.now() else "uploaded"}

    async def delete(self, request: Request) -> Response:
        login = self._held(request).login
        if self._video(request.first("id"))["login"] != login:
            raise Refused(403, "forbidden", "The video cannot be deleted.")
        self.store.drop_post(self.key, request.first("id"))
        return Response(status=204)

    async def playlist(self, request: Request) -> Response:
        login = self._held(request).login
        if self.is_on("unreadable", login):
            raise Refused(403, "forbidden", "The request is not properly authorized.")
        if request.first("playlistId") != uploads_of(login):
            raise Refused(404, "playlistNotFound", "The playlist cannot be found.")
        size, start = int(request.first("maxResults", "5")), int(request.first("pageToken") or 0)
        videos = [p for p in self.store.posts(self.key, login, 5000) if p["kind"] == "video"]
        items = [item_json(one) for one in videos[start : start + size]]
        page: dict[str, Any] = {"kind": "youtube#playlistItemListResponse", "items": items}
        if len(videos) > start + size:
            page["nextPageToken"] = str(start + size)
        return json_response(page)

    # --- Comments --------------------------------------------------------------------------------

    async def comment(self, request: Request) -> Response:
        login = self._held(request).login
        snippet = request.json().get("snippet") or {}
        top = ((snippet.get("topLevelComment") or {}).get("snippet")) or {}
        text = str(top.get("textOriginal") or "")

        def accept() -> Response:
            try:
                video = self._video(str(snippet.get("videoId")))
                if video["status"]["privacyStatus"] == "private" or video["status"].get(
                    "selfDeclaredMadeForKids"
                ):
                    raise Refused(403, "commentsDisabled", "The video has disabled comments.")
                if not text.strip() or len(text) > 10_000:
                    raise Refused(400, "invalidCommentText", "The comment text is invalid.")
            except Refused as error:
                return error.answer
            comment_id = f"Ug{secrets.token_urlsafe(18)}"
            doc = {
                "kind": "comment",
                "id": comment_id,
                "login": login,
                "video": video["id"],
                "text": text,
                "at": self.now(),
            }
            self.store.add_post(self.key, comment_id, login, f"{video['id']}: {text}", doc)
            return json_response(thread_json(doc), 200)

        return await self.step("comment", login, accept)

    async def comments(self, request: Request) -> Response:
        login = self._held(request).login
        if self.is_on("unreadable", login):
            raise Refused(403, "forbidden", "The request is not properly authorized.")
        video = self._video(request.first("videoId"))
        threads = [thread_json(one) for one in self._comments_of(video["id"])]
        return json_response({"kind": "youtube#commentThreadListResponse", "items": threads})

    def _comments_of(self, video_id: str) -> list[dict[str, Any]]:
        return [
            one
            for one in self.store.posts(self.key, limit=2000)
            if one["kind"] == "comment" and one["video"] == video_id
        ]

    # --- Shapes ----------------------------------------------------------------------------------

    def feed(self, base: str, limit: int = 40) -> list[FeedPost]:
        posts = self.store.posts(self.key, limit=limit)
        return [self.feed_post(post, base) for post in posts if post["kind"] == "video"]

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        link = f"{base}/site/watch?v={post.get('video', post['id'])}"
        details: dict[str, Any] = {
            "id": post["id"],
            "handle": f"@{post['login']}",
            "name": PEOPLE.get(post["login"], post["login"].replace("-", " ").title()),
            "at": post["at"],
            "permalink": link,
        }
        if post["kind"] == "comment":
            text = rich_html(post["text"], link_anchors(post["text"]))
            return FeedPost(**details, html=text, badge="Comment")
        text = post["snippet"].get("description", "")
        poster = f"{base}/files/{post['poster']}" if post["poster"] else ""
        counters = self.grown(post["id"], post["at"], COUNTERS)
        privacy = post["status"]["privacyStatus"]
        return FeedPost(
            **details,
            html=rich_html(text, link_anchors(text)),
            title=post["snippet"]["title"],
            videos=((f"{base}/files/{post['file']}", poster),),
            counters=tuple((n.removesuffix("Count"), v) for n, v in counters.items()),
            badge=", ".join(
                [privacy] * (privacy != "public")
                + [f"Captions: {language}" for language, _ in post.get("captions", ())]
            ),
            replies=tuple(self.feed_post(one, base) for one in self._comments_of(post["id"])),
        )

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            return Response(status=404)
        return Response(blob[1], 200, {"content-type": blob[0]})

    async def permalink(self, request: Request) -> Response:
        return self.page(self.store.post(self.key, request.first("v")), request.base)


simulator = YouTubeSimulator
