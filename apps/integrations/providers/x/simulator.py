"""X small enough to read: sign-in by OAuth 2 and 1.0a, files, posts with replies, numbers.

Any bearer token `sandbox-<login>` signs in as that login, and so do the sandbox app's keys with the
access token `sandbox-<login>` and the secret `sandbox-secret`. `:premium` behind the login makes a
Premium account, `:noreply` one whose answers X refuses even below its own posts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from apps.integrations.sandbox.desk import Desk, Held
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from .simulated import PEOPLE, Refused, id_at, problem
from .simulated_files import Files
from .simulated_posts import Posts
from .simulated_signature import signed_by

WORDS = {
    "impression_count": "views",
    "like_count": "likes",
    "retweet_count": "reposts",
    "reply_count": "replies",
    "quote_count": "quotes",
    "bookmark_count": "bookmarks",
}


class XSimulator(Simulator):
    key = "x"
    name = "X"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.desk = Desk("x", "X", store, self.now, ttl=7200, rotates=True)
        self._sequence = 0
        self.files = Files(self)
        self.posts = Posts(self)
        route = self.router.add
        route("GET", "/web/i/oauth2/authorize", self.authorize)
        route("GET", "/web/i/oauth2/approve", self.approve)
        route("POST", "/api/2/oauth2/token", self.token)
        route("GET", "/api/2/users/me", self.me)
        route("GET", "/api/2/users/{id}/tweets", self.posts.timeline)
        route("POST", "/api/2/tweets", self.posts.create)
        route("GET", "/api/2/tweets", self.posts.several)
        route("DELETE", "/api/2/tweets/{id}", self.posts.delete)
        route("POST", "/api/2/media/upload/initialize", self.files.initialize)
        route("POST", "/api/2/media/upload/{id}/append", self.files.append)
        route("POST", "/api/2/media/upload/{id}/finalize", self.files.finalize)
        route("POST", "/api/2/media/upload", self.files.upload)
        route("GET", "/api/2/media/upload", self.files.status)
        route("POST", "/api/2/media/metadata", self.files.describe)
        route("GET", "/files/{id}", self.files.show)
        route("GET", "/web/{login}/status/{id}", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            answer = await super().__call__(request)
        except Refused as refused:
            answer = refused.answer
        if request.path.startswith("/api/2/"):
            answer.headers.setdefault("x-rate-limit-limit", "100")
            answer.headers.setdefault("x-rate-limit-remaining", "99")
            answer.headers.setdefault("x-rate-limit-reset", str(int(self.now()) + 900))
        return answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            # X tells whole seconds; never one that has passed already.
            reset = str(int(datetime.now(UTC).timestamp() + seconds) + 1)
            headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
            return problem(429, "Too Many Requests", "Too Many Requests", headers=headers)
        if fault == "duplicate":
            return problem(
                403, "Forbidden", "You are not allowed to create a Tweet with duplicate content."
            )
        if fault == "error_before_accept":
            return problem(503, "Service Unavailable", "Service Unavailable")
        return problem(500, "Internal Server Error", "Something is broken.")

    # --- Sign-in ---------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        if request.first("code_challenge_method") != "S256":
            return json_response({"error": "invalid_request"}, 400)
        return self.desk.consent(request, approve="/web/i/oauth2/approve")

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    async def token(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        basic = request.headers.get("authorization", "")
        if not basic.lower().startswith("basic "):
            said = "Missing valid authorization header"
            return json_response({"error": "unauthorized_client", "error_description": said}, 401)
        renewed = self.store.get(self.key, "refresh", fields.get("refresh_token", ""))
        if renewed and self.lost_access(renewed["login"], renewed["at"]) == "revoked":
            fields["refresh_token"] = ""
        found = self.desk.exchange(fields, basic)
        if found == "invalid_client":
            said = "Missing valid authorization header"
            return json_response({"error": "unauthorized_client", "error_description": said}, 401)
        if isinstance(found, str):
            what = "token" if fields.get("grant_type") == "refresh_token" else "authorization code"
            said = f"Value passed for the {what} was invalid."
            return json_response({"error": "invalid_request", "error_description": said}, 400)
        return json_response(found)

    def held(self, request: Request, scope: str) -> Held:
        """Whose request this is. Raises Refused."""
        kind = request.headers.get("authorization", "").partition(" ")[0].lower()
        held = (
            signed_by(request)
            if kind == "oauth"
            else self.desk.held(request.bearer)
            if kind == "bearer"
            else None
        )
        if held is None or held.until < self.now():
            raise Refused(problem(401, "Unauthorized", "Unauthorized"))
        login = held.login.partition(":")[0]
        if self.lost_access(login, held.at):
            raise Refused(problem(401, "Unauthorized", "Unauthorized"))
        if held.scopes and scope not in held.scopes:
            raise Refused(
                problem(
                    403,
                    "Forbidden",
                    f"Your client is missing the scope {scope}.",
                    type="https://api.x.com/2/problems/oauth2-scopes",
                )
            )
        return held

    def account(self, held: Held) -> dict[str, Any]:
        """The user behind a token: `noreply` and `premium` come from the token's login."""
        login, *modes = held.login.split(":")
        known: dict[str, Any] | None = self.store.get(self.key, "account", login)
        if known is None:
            name = PEOPLE.get(login, login.replace("-", " ").title())
            known = {"id": str(self.next_id()), "username": login, "name": name}
            self.store.put(self.key, "account", login, known)
            self.store.put(self.key, "login", known["id"], login)
        return {**known, "premium": "premium" in modes, "noreply": "noreply" in modes}

    async def me(self, request: Request) -> Response:
        account = self.account(self.held(request, "users.read"))
        login = account["username"]
        wanted = set(request.first("user.fields").split(",")) | {"id", "name", "username"}
        user = {
            "id": account["id"],
            "name": account["name"],
            "username": login,
            "profile_image_url": f"{request.base}/files/avatar-{login}",
            "verified_type": "blue" if account["premium"] else "none",
            "public_metrics": {
                "followers_count": 420 + sum(map(ord, login)),
                "following_count": 88,
                "tweet_count": self.store.count(self.key, login),
                "listed_count": 3,
            },
        }
        return json_response({"data": {k: v for k, v in user.items() if k in wanted}})

    def next_id(self) -> int:
        """Rising, and it holds the time, as X's do."""
        self._sequence = (self._sequence + 1) % (1 << 22)
        return id_at(self.now()) | self._sequence

    # --- Pages -----------------------------------------------------------------------------------

    def feed(self, base: str, limit: int = 40) -> list[FeedPost]:
        """Posts; their threads and comments stand below them."""
        posts = self.store.posts(self.key, limit=limit * 4)
        roots = [one for one in posts if not one["reply_to"]]
        return [self.feed_post(one, base) for one in roots[:limit]]

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        below = tuple(self._one(one, base) for one in self.posts.replies(post))
        return replace(self._one(post, base), replies=below)

    def _one(self, post: dict[str, Any], base: str) -> FeedPost:
        text, login = post["text"], post["login"]
        media = [self.store.get(self.key, "media", one) for one in post["media"]]
        shown = [one for one in media if one]
        counters = self.posts.counters(post)["public_metrics"]
        badges = {"made_with_ai": "made with AI", "paid_partnership": "paid partnership"}
        return FeedPost(
            id=post["id"],
            handle=f"@{login}",
            name=(self.store.get(self.key, "account", login) or {"name": login})["name"],
            html=rich_html(text, [*link_anchors(text), *tag_anchors(text, base)]),
            at=post["at"],
            permalink=f"{base}/web/{login}/status/{post['id']}",
            images=tuple(
                (f"{base}/files/{one['id']}", one["alt"] or "")
                for one in shown
                if not one["mime"].startswith("video/")
            ),
            videos=tuple(
                (f"{base}/files/{one['id']}", "")
                for one in shown
                if one["mime"].startswith("video/")
            ),
            poll=tuple(post["poll"]["options"]) if post["poll"] else (),
            counters=tuple((WORDS[k], v) for k, v in counters.items() if v),
            badge=", ".join(word for name, word in badges.items() if post.get(name)),
        )

    async def permalink(self, request: Request) -> Response:
        return self.page(self.store.post(self.key, request.params["id"]), request.base)


simulator = XSimulator
