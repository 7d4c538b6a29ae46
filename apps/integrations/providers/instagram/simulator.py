"""Instagram: containers, the upload host, media and stories, comments; both ways to sign in.

Any token `sandbox-<login>` is that account's. A login with "creator" in it is a creator's, which may
post no stories from outside.
"""

from __future__ import annotations

import json
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.store import Store

from ..meta.simulated import DAY, Refused, when
from ..meta.simulated_containers import ContainerSimulator
from ..meta.simulated_uploads import Uploads
from .simulated_pages import LinkedPages
from .simulated_rules import check_fields

FEED: dict[str, float] = {
    "views": 2600,
    "reach": 1900,
    "likes": 170,
    "comments": 12,
    "saved": 31,
    "shares": 18,
    "total_interactions": 230,
}
PRODUCTS: dict[str, dict[str, float]] = {
    "FEED": FEED | {"profile_visits": 22, "follows": 4},
    "REELS": FEED | {"ig_reels_avg_watch_time": 5400, "ig_reels_video_view_total_time": 990_000},
    "STORY": {
        "views": 700,
        "reach": 640,
        "shares": 5,
        "total_interactions": 21,
        "profile_visits": 9,
        "follows": 2,
        "replies": 4,
        "navigation": 310,
    },
}
COUNTED = ("post",)


class InstagramSimulator(ContainerSimulator, LinkedPages):
    key = "instagram"
    name = "Instagram"
    use_case = "instagram"
    rate_code = 80002
    quota = 100
    state_field, said_field = "status_code", "status"
    error_said = "Error: Media upload has failed with error code 2207026"
    image_mimes = frozenset({"image/jpeg"})
    image_bytes = 8 * 1024 * 1024

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.uploads = Uploads(self.key, store)
        route = self.router.add
        route("GET", "/web/oauth/authorize", self.authorize)
        route("GET", "/web/oauth/approve", self.approve)
        route("POST", "/token/oauth/access_token", self.token)
        route("GET", "/api/access_token", self.exchange)
        route("GET", "/api/refresh_access_token", self.refresh_token)
        route("GET", "/api/{version}/me", self.profile)
        self.add_linked_pages(route)
        for host in ("/api", "/facebook"):
            at = f"{host}/{{version}}"
            route("GET", f"{at}/{{user}}/content_publishing_limit", self.limit)
            route("POST", f"{at}/{{user}}/media", self.create)
            route("GET", f"{at}/{{user}}/media", self.media)
            route("GET", f"{at}/{{user}}/stories", self.stories)
            route("POST", f"{at}/{{user}}/media_publish", self.submit)
            route("POST", f"{at}/{{id}}/comments", self.comment)
            route("GET", f"{at}/{{id}}/comments", self.comments)
            route("GET", f"{at}/{{id}}/insights", self.numbers)
            route("GET", f"{at}/{{id}}", self.show)
            route("POST", f"{at}/{{id}}", self.change)
        route("POST", "/upload/ig-api-upload/{version}/{id}", self.upload)
        route("GET", "/p/{id}", self.permalink)

    def duplicate(self) -> Refused:
        said = "The media was published already"
        return Refused(100, said, subcode=2207006)

    def too_early(self) -> Refused:
        return Refused(9007, "Media ID is not available", subcode=2207027)

    def wrong_image(self, why: str) -> Refused:
        if why == "size":
            return Refused(1, "Image too large", subcode=2207004)
        if why == "aspect ratio":
            said = "The submitted image with aspect ratio cannot be published"
            return Refused(36003, said, subcode=2207009)
        return Refused(100, "The image format is not supported", subcode=2207005)

    # --- Sign-in ---------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        try:
            answer = self.trade_code(fields)
        except Refused as refused:
            said = json.loads(refused.answer.body)["error"]["message"]
            body = {"error_type": "OAuthException", "code": 400, "error_message": said}
            return json_response(body, 400)
        login = self.held_by(answer["access_token"]).login
        return json_response(
            {
                "access_token": answer["access_token"],
                "user_id": self.ig_id(login),
                "permissions": answer["scope"],
            }
        )

    async def exchange(self, request: Request) -> Response:
        if request.first("grant_type") != "ig_exchange_token":
            raise Refused(100, "Invalid grant_type")
        return json_response(
            self.trade_long(request.first("access_token"), request.first("client_secret"))
        )

    async def refresh_token(self, request: Request) -> Response:
        if request.first("grant_type") != "ig_refresh_token":
            raise Refused(100, "Invalid grant_type")
        return json_response(self.renew(request.first("access_token")))

    async def profile(self, request: Request) -> Response:
        login = self.held(request).login
        return json_response(
            {
                **self.linked_json(login, request.base),
                "user_id": self.ig_id(login),
                "id": self.number("scoped", login),
                "account_type": "MEDIA_CREATOR" if "creator" in login else "BUSINESS",
            }
        )

    async def limit(self, request: Request) -> Response:
        login = self._me(request)
        used = self.today(login, self.quota + 1, COUNTED)
        row = {
            "quota_usage": self.quota if self.is_on("quota_full", login) else used,
            "config": {"quota_total": self.quota, "quota_duration": 86400},
        }
        return json_response({"data": [row]})

    def _me(self, request: Request) -> str:
        login = self.held(request).login
        if request.params["user"] not in ("me", self.ig_id(login)):
            said = f"Unsupported request. Object with ID '{request.params['user']}' does not exist"
            raise Refused(100, said, subcode=33)
        return login

    # --- Making ----------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        login = self._me(request)
        fields = dict(request.form()[0])
        check_fields(fields, login)
        media = await self._media(fields, login)
        wants = fields.get("upload_type") == "resumable"

        def accept() -> Response:
            answer = self.make(login, {"fields": fields, "media": media, "bytes_wanted": wants})
            if wants:
                made = json.loads(answer.body)["id"]
                uri = f"{request.base}/upload/ig-api-upload/{request.params['version']}/{made}"
                return json_response({"id": made, "uri": uri})
            return answer

        return await self.step("container", login, accept)

    async def _media(self, fields: dict[str, str], login: str) -> list[dict[str, Any]]:
        kind = fields.get("media_type", "IMAGE")
        if kind == "CAROUSEL":
            return self._children(fields.get("children", "").split(","), login)
        people = json.loads(fields.get("user_tags") or "[]")
        if fields.get("upload_type") == "resumable":
            cover = fields.get("cover_url")
            poster = (await self.keep_image(cover))["blob"] if cover else ""
            return [{"kind": "video", "blob": "", "cover": poster, "people": people}]
        if fields.get("video_url"):
            return [await self.keep_video(fields["video_url"])]
        if not fields.get("image_url"):
            raise Refused(100, "(#100) The parameter image_url is required", subcode=2207009)
        item = await self.keep_image(fields["image_url"])
        if kind == "IMAGE" and not 0.79 <= item["ratio"] <= 1.93:
            raise self.wrong_image("aspect ratio")
        return [item | {"alt": fields.get("alt_text", ""), "people": people}]

    def _children(self, ids: list[str], login: str) -> list[dict[str, Any]]:
        if not 2 <= len(ids) <= 10:
            raise Refused(100, "A carousel needs 2 to 10 children", subcode=2207028)
        children = [self.container(one, login) for one in ids]
        if any(self.container_state(one) != "FINISHED" for one in children):
            raise self.too_early()
        if any(one["fields"].get("is_carousel_item") != "true" for one in children):
            raise Refused(100, "A child is no carousel item", subcode=2207028)
        return [item for one in children for item in one["media"]]

    async def upload(self, request: Request) -> Response:
        login = self.held(request).login
        container = self.container(request.params["id"], login)

        def accept() -> Response:
            answer, whole = self.uploads.take(request, container["id"])
            if whole is not None:
                (item,) = container["media"]
                try:
                    stored = self.store_video("video/mp4", whole)
                except Refused as refused:
                    return refused.answer
                container["media"] = [item | stored]
                container["bytes_wanted"] = False
                self.store.put(self.key, "container", container["id"], container)
            return answer

        return await self.step("upload", login, accept)

    async def submit(self, request: Request) -> Response:
        self._me(request)
        return await self.publish_container(request, COUNTED)

    def new_post(self, container: dict[str, Any]) -> dict[str, Any]:
        fields = container["fields"]
        kind = fields.get("media_type", "IMAGE")
        product = {"REELS": "REELS", "STORIES": "STORY"}.get(kind, "FEED")
        if kind in ("REELS", "STORIES"):
            kind = "VIDEO" if container["media"][0]["kind"] == "video" else "IMAGE"
        return {
            "kind": "post",
            "text": fields.get("caption", ""),
            "media": container["media"],
            "media_type": "CAROUSEL_ALBUM" if kind == "CAROUSEL" else kind,
            "product": product,
            "comments": True,
            "options": {
                name: fields[name]
                for name in ("share_to_feed", "collaborators", "location_id", "trial_params")
                if fields.get(name)
            },
        }

    # --- After -----------------------------------------------------------------------------------

    def _post(self, id: str) -> dict[str, Any]:
        post = self.store.post(self.key, id)
        if post is None:
            said = f"Unsupported request. Object with ID '{id}' does not exist"
            raise Refused(100, said, subcode=33)
        return dict(post)

    async def comment(self, request: Request) -> Response:
        login = self.held(request).login
        post, text = self._post(request.params["id"]), dict(request.form()[0]).get("message", "")
        if not text.strip() or len(text) > 2200:
            raise Refused(100, "(#100) Param message is not valid")
        if not post["comments"]:
            raise Refused(100, "Comments are turned off for this media")

        def accept() -> Response:
            said = {
                "id": self.new_number(),
                "kind": "comment",
                "login": login,
                "at": self.now(),
                "text": text,
                "root": post["id"],
                "product": "FEED",
                "media": [],
            }
            self.store.add_post(self.key, said["id"], login, text, said)
            return json_response({"id": said["id"]})

        return await self.publish(login, accept)

    async def comments(self, request: Request) -> Response:
        login = self.held(request).login
        self.unreadable(login)
        found = self.store.posts(self.key, None, limit=400)
        rows = [
            {
                "id": one["id"],
                "text": one["text"],
                "timestamp": when(one["at"]),
                "username": one["login"],
            }
            for one in found
            if one.get("root") == request.params["id"]
        ]
        return self.list_of(request, rows)

    async def change(self, request: Request) -> Response:
        self.held(request)
        post = self._post(request.params["id"])
        fields = dict(request.form()[0])
        if "comment_enabled" not in fields:
            raise Refused(100, "(#100) The parameter comment_enabled is required")
        post["comments"] = fields["comment_enabled"] == "true"
        self.store.change_post(self.key, post["id"], post["text"], post)
        return json_response({"success": True})

    # --- Reading ---------------------------------------------------------------------------------

    async def media(self, request: Request) -> Response:
        return self._own(request, stories=False)

    async def stories(self, request: Request) -> Response:
        return self._own(request, stories=True)

    def _own(self, request: Request, *, stories: bool) -> Response:
        login = self._me(request)
        self.unreadable(login)
        since = self.now() - DAY
        rows = [
            self._json(one, request.base)
            for one in self.store.posts(self.key, login, limit=400)
            if one["kind"] == "post"
            and (one["product"] == "STORY") is stories
            and (not stories or one["at"] > since)
        ]
        return self.list_of(request, rows)

    async def show(self, request: Request) -> Response:
        login = self.held(request).login
        id = request.params["id"]
        if id == self.ig_id(login):
            return json_response(self.linked_json(login, request.base))
        if (post := self.store.post(self.key, id)) is not None:
            return json_response(self._json(post, request.base))
        container = self.container(id, login)
        if "video_status" in request.first("fields"):
            have = len(self.uploads.received(id))
            status = "in_progress" if container["bytes_wanted"] else "complete"
            phase = {"status": status, "bytes_transferred": have}
            return json_response({"id": id, "video_status": {"uploading_phase": phase}})
        return self.show_container(container)

    async def numbers(self, request: Request) -> Response:
        login = self.held(request).login
        post = self._post(request.params["id"])
        values = self.grown(post["id"], post["at"], PRODUCTS[post["product"]])
        return self.insights(request, login, values, "saved")

    def _json(self, post: dict[str, Any], base: str) -> dict[str, Any]:
        grown = self.grown(post["id"], post["at"], PRODUCTS[post["product"]])
        return {
            "id": post["id"],
            "caption": post["text"],
            "media_type": post["media_type"],
            "media_product_type": post["product"],
            "permalink": f"{base}/p/{post['id']}",
            "timestamp": when(post["at"]),
            "like_count": grown.get("likes", 0),
            "comments_count": grown.get("comments", 0),
        }

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        images, videos = self.media_of(post, base)
        text = post["text"]
        counters = self.grown(post["id"], post["at"], PRODUCTS[post["product"]])
        shown = ("views", "likes", "comments", "saved", "shares", "replies")
        badge = {"REELS": "Reel", "STORY": "Story"}.get(post["product"], "")
        if not post.get("comments", True):
            badge = f"{badge} Comments off".strip()
        return FeedPost(
            id=post["id"],
            handle=f"@{post['login']}",
            name=PEOPLE.get(post["login"], post["login"].replace("-", " ").title()),
            html=rich_html(text, [*link_anchors(text), *tag_anchors(text, base)]),
            at=post["at"],
            permalink=f"{base}/p/{post.get('root') or post['id']}",
            images=images,
            videos=videos,
            counters=tuple((n, counters[n]) for n in shown if n in counters)
            if post["kind"] == "post"
            else (),
            badge=badge,
            replies=tuple(self.feed_post(one, base) for one in post.get("replies") or ()),
        )

    async def permalink(self, request: Request) -> Response:
        return self.page_of(request.params["id"], request.base)


simulator = InstagramSimulator
