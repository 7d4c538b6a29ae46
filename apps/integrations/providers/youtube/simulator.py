"""YouTube small enough to read: Google's sign-in, resumable uploads, playlists, comments, numbers.

Its addresses lie below `api`, `web` (sign-in), `token` and `site` (where videos are watched).
Points: "container" opens a session, "upload" is a piece without the last byte, "publish" the one
with it, "captions" a track of captions, "comment" a comment. A login that starts with `unverified`
may upload 15 minutes.
"""

from __future__ import annotations

import secrets
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html
from apps.integrations.sandbox.store import Store

from .simulated import Refused, item_json, refused, thread_json, uploads_of
from .simulated_channels import COUNTERS
from .simulated_uploads import Uploads


class YouTubeSimulator(Uploads):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
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

    # --- Videos ----------------------------------------------------------------------------------

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
