"""Threads: containers for everything, replies under replies, polls, quotas that it tells.

Any token `sandbox-<login>` is that profile's. A login with "private" in it is a private profile,
whose sign-in cannot be renewed.
"""

from __future__ import annotations

import json
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.store import Store

from ..counting import emoji_as_bytes
from ..meta.simulated import Refused, when
from ..meta.simulated_containers import ContainerSimulator
from ..text import links

POSTS, REPLIES = 250, 1000
REPLY_CONTROLS = frozenset(
    {
        "everyone",
        "accounts_you_follow",
        "mentioned_only",
        "parent_post_author_only",
        "followers_only",
    }
)
SIZES: dict[str, float] = {
    "views": 1400,
    "likes": 90,
    "replies": 14,
    "reposts": 9,
    "quotes": 3,
    "shares": 6,
}


class ThreadsSimulator(ContainerSimulator):
    key = "threads"
    name = "Threads"
    use_case = "threads"
    quota = POSTS
    state_field, said_field = "status", "error_message"
    error_said = "FAILED_PROCESSING_VIDEO"
    image_mimes = frozenset({"image/jpeg", "image/png"})
    image_bytes = 8 * 1024 * 1024

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        route = self.router.add
        route("GET", "/web/oauth/authorize", self.authorize)
        route("GET", "/web/oauth/approve", self.approve)
        route("POST", "/api/oauth/access_token", self.token)
        route("GET", "/api/access_token", self.exchange)
        route("GET", "/api/refresh_access_token", self.refresh_token)
        route("GET", "/api/v1.0/me", self.profile)
        route("GET", "/api/v1.0/{user}/threads_publishing_limit", self.limit)
        route("POST", "/api/v1.0/{user}/threads", self.create)
        route("GET", "/api/v1.0/{user}/threads", self.posts)
        route("POST", "/api/v1.0/{user}/threads_publish", self.submit)
        route("GET", "/api/v1.0/{id}/replies", self.replies)
        route("GET", "/api/v1.0/{id}/insights", self.numbers)
        route("GET", "/api/v1.0/{id}", self.show)
        route("DELETE", "/api/v1.0/{id}", self.delete)
        route("GET", "/@{login}/post/{id}", self.permalink)

    def duplicate(self) -> Refused:
        said = "The requested resource has already been published"
        return Refused(100, said, subcode=2207006)

    def too_early(self) -> Refused:
        said = "The requested resource does not exist: Media not found"
        return Refused(24, said, subcode=4279009)

    def wrong_image(self, why: str) -> Refused:
        return Refused(100, f"The image cannot be used: wrong {why}.", subcode=2207057)

    # --- Sign-in ---------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        if not self.knows_app(fields.get("client_id", "")):
            said = "Error validating application: no Threads app has this id"
            raise Refused(100, said, subcode=4476002)
        answer = self.trade_code(fields)
        login = self.held_by(answer["access_token"]).login
        return json_response({"access_token": answer["access_token"], "user_id": self._id(login)})

    async def exchange(self, request: Request) -> Response:
        if request.first("grant_type") != "th_exchange_token":
            raise Refused(100, "Invalid grant_type")
        return json_response(
            self.trade_long(request.first("access_token"), request.first("client_secret"))
        )

    async def refresh_token(self, request: Request) -> Response:
        if request.first("grant_type") != "th_refresh_token":
            raise Refused(100, "Invalid grant_type")
        if "private" in self.held(request).login:
            raise Refused(10, "The permissions of a private profile cannot be extended.")
        return json_response(self.renew(request.first("access_token")))

    async def profile(self, request: Request) -> Response:
        login = self.held(request).login
        self.store.put(self.key, "login", self._id(login), login)
        return json_response(
            {
                "id": self._id(login),
                "username": login,
                "name": PEOPLE.get(login, login.replace("-", " ").title()),
                "threads_profile_picture_url": f"{request.base}/avatars/{login}",
            }
        )

    async def limit(self, request: Request) -> Response:
        login = self._me(request)
        full = self.is_on("quota_full", login)
        used = self.today(login, self.quota + 1, ("post",))
        row = {
            "quota_usage": self.quota if full else used,
            "config": {"quota_total": self.quota, "quota_duration": 86400},
            "reply_quota_usage": self.today(login, REPLIES + 1, ("reply",)),
            "reply_config": {"quota_total": REPLIES, "quota_duration": 86400},
        }
        return json_response({"data": [row]})

    def _id(self, login: str) -> str:
        return self.number("user", login)

    def _me(self, request: Request) -> str:
        login = self.held(request).login
        if request.params["user"] not in ("me", self._id(login)):
            raise Refused(100, "Unsupported request: this is somebody else's profile", subcode=33)
        return login

    # --- Making ----------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        login = self._me(request)
        fields = dict(request.form()[0])
        self._check(fields, login)
        media = await self._media(fields, login)

        def accept() -> Response:
            return self.make(login, {"fields": fields, "media": media})

        return await self.step("container", login, accept)

    def _check(self, fields: dict[str, str], login: str) -> None:
        text, kind = fields.get("text", ""), fields.get("media_type", "")
        if kind not in ("TEXT", "IMAGE", "VIDEO", "CAROUSEL"):
            raise Refused(
                100, "(#100) Param media_type must be one of {TEXT, IMAGE, VIDEO, CAROUSEL}"
            )
        if emoji_as_bytes(text) > 500:
            raise Refused(100, "Param text must be at most 500 characters long.")
        addresses = {one.value for one in links(text)} | {fields.get("link_attachment", "")} - {""}
        if len(addresses) > 5:
            raise Refused(100, "You can add up to five links to a post.")
        if kind == "TEXT" and not text.strip() and "poll_attachment" not in fields:
            raise Refused(100, "(#100) The parameter text is required")
        if kind != "TEXT" and ("link_attachment" in fields or "poll_attachment" in fields):
            raise Refused(100, "(#100) Links and polls can only be attached to text posts")
        topic = fields.get("topic_tag", "")
        if len(topic) > 50 or set(topic) & set(".&"):
            raise Refused(100, "(#100) Param topic_tag is not valid")
        if fields.get("reply_control", "everyone") not in REPLY_CONTROLS:
            raise Refused(100, "(#100) Param reply_control is not valid")
        if len(fields.get("alt_text", "")) > 1000:
            raise Refused(100, "(#100) Param alt_text must be at most 1000 characters long")
        answered = fields.get("reply_to_id")
        if answered and self.store.post(self.key, answered) is None:
            raise Refused(24, "The requested resource does not exist", subcode=4279009)
        self._check_poll(fields.get("poll_attachment"))

    @staticmethod
    def _check_poll(poll: str | None) -> None:
        if poll is None:
            return
        answers = list(json.loads(poll).values())
        if not 2 <= len(answers) <= 4 or any(not 0 < len(one) <= 25 for one in answers):
            raise Refused(100, "(#100) Param poll_attachment is not valid")

    async def _media(self, fields: dict[str, str], login: str) -> list[dict[str, Any]]:
        kind = fields["media_type"]
        if kind == "TEXT":
            return []
        if kind == "CAROUSEL":
            ids = fields.get("children", "").split(",")
            if not 2 <= len(ids) <= 20:
                raise Refused(100, "(#100) A carousel has 2 to 20 children", subcode=2207028)
            children = [self.container(one, login) for one in ids]
            if any(self.container_state(one) != "FINISHED" for one in children):
                raise self.too_early()
            return [item for one in children for item in one["media"]]
        if kind == "VIDEO":
            item = await self.keep_video(fields.get("video_url", ""))
        else:
            item = await self.keep_image(fields.get("image_url", ""))
            if not 0.098 <= item["ratio"] <= 10.2:
                raise self.wrong_image("aspect ratio")
        return [item | {"alt": fields.get("alt_text", "")}]

    async def submit(self, request: Request) -> Response:
        self._me(request)
        return await self.publish_container(request, ("post",))

    def quota_of(self, container: Any) -> int:
        return REPLIES if container["fields"].get("reply_to_id") else self.quota

    def quota_kinds(self, container: Any, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return ("reply",) if container["fields"].get("reply_to_id") else kinds

    def new_post(self, container: dict[str, Any]) -> dict[str, Any]:
        fields = container["fields"]
        answered = fields.get("reply_to_id") or ""
        above = self.store.post(self.key, answered) if answered else None
        poll = json.loads(fields.get("poll_attachment") or "{}")
        return {
            "kind": "reply" if answered else "post",
            "text": fields.get("text", ""),
            "media": container["media"],
            "media_type": fields["media_type"],
            "parent": answered,
            "root": (above.get("root") or above["id"]) if above else "",
            "poll": list(poll.values()),
            "link": fields.get("link_attachment", ""),
            "topic": fields.get("topic_tag", ""),
            "spoiler": fields.get("is_spoiler_media") == "true",
            "reply_control": fields.get("reply_control", "everyone"),
        }

    # --- Reading ---------------------------------------------------------------------------------

    async def posts(self, request: Request) -> Response:
        login = self._me(request)
        self.unreadable(login)
        found = self.store.posts(self.key, login, limit=400)
        mine = [self._json(one, request.base) for one in found if one["kind"] == "post"]
        return self.list_of(request, mine)

    async def replies(self, request: Request) -> Response:
        login = self.held(request).login
        self.unreadable(login)
        found = self.store.posts(self.key, None, limit=400)
        below = [one for one in found if one["parent"] == request.params["id"]]
        return self.list_of(request, [self._json(one, request.base) for one in below])

    async def show(self, request: Request) -> Response:
        login = self.held(request).login
        post = self.store.post(self.key, request.params["id"])
        if post is not None:
            return json_response(self._json(post, request.base))
        return self.show_container(self.container(request.params["id"], login))

    async def delete(self, request: Request) -> Response:
        login = self.held(request).login
        post = self.store.post(self.key, request.params["id"])
        if post is None or post["login"] != login:
            raise Refused(24, "The requested resource does not exist", subcode=4279009)
        self.store.drop_post(self.key, post["id"])
        return json_response({"success": True, "deleted_id": post["id"]})

    async def numbers(self, request: Request) -> Response:
        login = self.held(request).login
        post = self.store.post(self.key, request.params["id"])
        if post is None:
            raise Refused(100, "Object does not exist", subcode=33)
        values = self.grown(post["id"], post["at"], SIZES)
        return self.insights(request, login, values, "quotes")

    def _json(self, post: dict[str, Any], base: str) -> dict[str, Any]:
        return {
            "id": post["id"],
            "media_product_type": "THREADS",
            "media_type": "TEXT_POST" if post["media_type"] == "TEXT" else post["media_type"],
            "text": post["text"],
            "timestamp": when(post["at"]),
            "permalink": f"{base}/@{post['login']}/post/{post['id']}",
            "username": post["login"],
            "is_quote_post": False,
        }

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        images, videos = self.media_of(post, base)
        text = post["text"]
        replies = post.get("replies") or ()
        link = post["link"]
        return FeedPost(
            id=post["id"],
            handle=f"@{post['login']}",
            name=PEOPLE.get(post["login"], post["login"].replace("-", " ").title()),
            html=rich_html(text, [*link_anchors(text), *tag_anchors(text, base)]),
            at=post["at"],
            permalink=f"{base}/@{post['login']}/post/{post['id']}",
            images=images,
            videos=videos,
            card=(link, link, "") if link else None,
            counters=tuple(self.grown(post["id"], post["at"], SIZES).items()),
            warning="Spoiler" if post["spoiler"] else "",
            poll=tuple(post["poll"]),
            badge=post["topic"],
            replies=tuple(self.feed_post(one, base) for one in replies),
        )

    async def permalink(self, request: Request) -> Response:
        return self.page_of(request.params["id"], request.base)


simulator = ThreadsSimulator
