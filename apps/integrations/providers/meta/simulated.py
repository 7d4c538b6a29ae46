"""The half of a simulated Graph that Facebook, Instagram and Threads have in common."""

from __future__ import annotations

import hashlib
import json
import secrets
from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, ClassVar

from apps.integrations.sandbox.desk import CLIENT_ID, CLIENT_SECRET, Desk, Held
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

HOUR, DAY = 3600.0, 86_400.0
LONG = 60 * DAY


class Refused(Exception):
    """Graph's refusal. Most come as HTTP 400, whatever they mean."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int = 0,
        status: int = 400,
        transient: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
        if subcode:
            error["error_subcode"] = subcode
        if transient:
            error["is_transient"] = True
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        self.answer = json_response({"error": error}, status, dict(headers or {}))


def when(at: float) -> str:
    """`2026-08-30T14:03:11+0000`"""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


class GraphSimulator(Simulator):
    """Tokens, refusals, usage headers and a feed with replies below their post.

    `use_case` is what its rate headers call it, `rate_code` the error of a full allowance.
    `quota` is posts a day, which `POST /_control {"quota": n}` changes.
    """

    use_case: ClassVar[str]
    rate_code: ClassVar[int] = 4
    quota: int = 1_000_000

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.desk = Desk(
            self.key, self.name, store, self.now, ttl=HOUR, rotates=False, refreshes=False
        )
        self._usage: dict[str, int] = {}
        route = self.router.add
        route("GET", "/files/{id}", self.file)
        route("GET", "/avatars/{handle}", self.avatar)

    async def __call__(self, request: Request) -> Response:
        try:
            answer = await super().__call__(request)
        except Refused as refused:
            answer = refused.answer
        if not request.path.startswith(("/_", "/files", "/avatars")):
            for name, value in self._usage_headers(28, 0).items():
                answer.headers.setdefault(name, value)
        return answer

    async def _control(self, request: Request) -> Response:
        data = request.json()
        if data.get("reset"):
            self.quota = type(self).quota
        if "quota" in data:
            self.quota = int(data["quota"])
        return await super()._control(request)

    def _usage_headers(self, percent: int, minutes: int) -> dict[str, str]:
        counts = {"call_count": percent, "total_time": 12, "total_cputime": 9}
        case = {"type": self.use_case, **counts, "estimated_time_to_regain_access": minutes}
        return {
            "x-app-usage": json.dumps(counts),
            "x-business-use-case-usage": json.dumps({"17841400000000000": [case]}),
        }

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            headers = self._usage_headers(100, int(seconds // 60))
            said = "There have been too many calls to this account. Wait a bit and try again."
            return Refused(self.rate_code, said, headers=headers).answer
        if fault == "duplicate":
            return self.duplicate().answer
        if fault == "error_before_accept":
            return Refused(2, "Service temporarily unavailable", status=503, transient=True).answer
        return Refused(1, "An unknown error has occurred.", status=500).answer

    @abstractmethod
    def duplicate(self) -> Refused:
        """What the network says to the same thing twice."""

    # --- Tokens ----------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        approve = request.path.rpartition("/")[0] + "/approve"
        return self.desk.consent(request, approve=approve)

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    def trade_code(self, fields: dict[str, str]) -> dict[str, Any]:
        """A code for a token of an hour."""
        answer = self.desk.exchange(fields)
        if answer == "invalid_client":
            raise Refused(101, "Error validating application. Invalid application ID.")
        if isinstance(answer, str):
            raise Refused(100, "This authorization code has been used.", subcode=36009)
        return answer

    def trade_long(self, token: str, secret: str) -> dict[str, Any]:
        """A token of an hour for one of 60 days."""
        if secret != CLIENT_SECRET:
            raise Refused(1, "Error validating client secret.")
        held = self.held_by(token)
        return self._long(held.login, ",".join(held.scopes))

    def renew(self, token: str) -> dict[str, Any]:
        """60 more days for a token that lives."""
        held = self.held_by(token)
        self.desk.refreshed[held.login] += 1
        return self._long(held.login, ",".join(held.scopes))

    def _long(self, login: str, scope: str) -> dict[str, Any]:
        issued = self.desk.issue(login, scope, ttl=LONG)
        return {name: issued[name] for name in ("access_token", "token_type", "expires_in")}

    def held(self, request: Request) -> Held:
        """Whose token came with the call: header, form or query."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() not in ("bearer", "oauth"):
            fields = dict(request.form()[0]) if request.method == "POST" else {}
            token = fields.get("access_token") or request.first("access_token")
        return self.held_by(token)

    def held_by(self, token: str) -> Held:
        held = self.desk.held(token)
        if held is None:
            raise Refused(190, "Invalid OAuth access token - Cannot parse access token")
        lost = self.lost_access(held.login, held.at)
        if lost == "revoked":
            said = "Error validating access token: The user has not authorized application."
            raise Refused(190, said, subcode=458)
        if lost or held.until <= self.now():
            raise self.expired()
        return held

    @staticmethod
    def expired() -> Refused:
        said = "Error validating access token: Session has expired."
        return Refused(190, said, subcode=463)

    @staticmethod
    def knows_app(client_id: str) -> bool:
        return client_id == CLIENT_ID

    def unreadable(self, login: str) -> None:
        if self.is_on("unreadable", login):
            raise Refused(10, "(#10) Application does not have permission for this action")

    # --- Posts -----------------------------------------------------------------------------------

    def number(self, *seed: str) -> str:
        """An id of digits that is always the same for the same words."""
        return "17" + str(int(hashlib.sha256(":".join(seed).encode()).hexdigest()[:14], 16))[:15]

    def new_number(self) -> str:
        return self.number(secrets.token_hex(12))

    def today(self, login: str, limit: int, kinds: tuple[str, ...]) -> int:
        """Posts of these kinds in the last 24 hours."""
        since = self.now() - DAY
        posts = self.store.posts(self.key, login, limit=limit)
        return sum(1 for post in posts if post["kind"] in kinds and post["at"] > since)

    def list_of(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        """A page of a list with a cursor to the next."""
        size = min(int(request.first("limit") or 25), 100)
        start = int(request.first("after") or 0)
        answer: dict[str, Any] = {"data": rows[start : start + size]}
        if rows:
            answer["paging"] = {"cursors": {"before": str(start), "after": str(start + size)}}
            if start + size < len(rows):
                answer["paging"]["next"] = f"{request.base}{request.path}?after={start + size}"
        return json_response(answer)

    def insights(
        self, request: Request, login: str, values: Mapping[str, Any], dead: str
    ) -> Response:
        """One name that is not served spoils the call. `dead` is what "dead_metric" has ended."""
        wanted = [name for name in request.first("metric").split(",") if name]
        ended = {dead} if self.is_on("dead_metric", login) else set()
        if not wanted or any(name not in values or name in ended for name in wanted):
            allowed = ", ".join(sorted(set(values) - ended))
            said = f"(#100) metric[0] must be one of the following values: {allowed}"
            raise Refused(100, said)
        rows = [
            {
                "name": name,
                "period": "lifetime",
                "values": [{"value": values[name]}],
                "title": name.replace("_", " ").capitalize(),
                "id": f"{request.params.get('id')}/insights/{name}/lifetime",
            }
            for name in wanted
        ]
        return json_response({"data": rows})

    def feed(self, base: str, limit: int = 40) -> list[FeedPost]:
        """Replies and comments stand below what they answer, not for themselves."""
        posts = self.store.posts(self.key, limit=limit * 4)
        return [
            self.feed_post(post | {"replies": self._below(post, posts)}, base)
            for post in posts
            if not post.get("root")
        ][:limit]

    @staticmethod
    def _below(post: dict[str, Any], posts: list[Any]) -> list[Any]:
        return [one for one in reversed(posts) if one.get("root") == post["id"]]

    def page_of(self, post_id: str, base: str) -> Response:
        """A permalink's page: the whole conversation, also when it leads to a reply."""
        post = self.store.post(self.key, post_id)
        root = self.store.post(self.key, post["root"]) if post and post.get("root") else post
        if root is not None:
            posts = self.store.posts(self.key, root["login"], limit=400)
            root = root | {"replies": self._below(root, posts)}
        return self.page(root, base)

    def media_of(
        self, post: Mapping[str, Any], base: str
    ) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
        """Images with their descriptions, and videos with their posters."""
        images, videos = [], []
        for one in post.get("media") or ():
            address = f"{base}/files/{one['blob']}"
            if one["kind"] == "video":
                videos.append((address, f"{base}/files/{one['cover']}" if one.get("cover") else ""))
            else:
                images.append((address, one.get("alt") or ""))
        return tuple(images), tuple(videos)

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            return json_response({"error": "Not Found"}, 404)
        return Response(blob[1], 200, {"content-type": blob[0]})

    async def avatar(self, request: Request) -> Response:
        handle = request.params["handle"]
        hue = sum(map(ord, handle)) * 43 % 360
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><circle cx="40" cy="40" '
            f'r="40" fill="hsl({hue} 58% 44%)"/><text x="40" y="54" font-family="sans-serif" '
            f'font-size="40" fill="#fff" text-anchor="middle">{escape(handle[:1].upper())}</text></svg>'
        )
        return Response(svg.encode(), 200, {"content-type": "image/svg+xml"})
