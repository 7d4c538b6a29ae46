"""A Mastodon server small enough to read: apps, OAuth, media, statuses and their counters.

Any token `sandbox-<handle>` signs in as that handle; `sandbox-<handle>:read` may only read.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from ..text import tags
from .text import length, mentions

PEOPLE = {"kestrel": "Kestrel & Co.", "maren": "Maren Holm", "newsdesk": "The Newsdesk"}
FULL = "profile read read:statuses read:accounts write write:statuses write:media"
MAX_CHARACTERS, PER_URL, MAX_MEDIA = 500, 23, 4
MIMES = ["image/jpeg", "image/png", "image/gif", "image/webp"]
KEY_KEPT = 3600  # seconds that an Idempotency-Key is remembered


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.answer = json_response({"error": error}, status)


class MastodonSimulator(Simulator):
    key = "mastodon"
    name = "Mastodon"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._sequence = 0
        route = self.router.add
        route("POST", "/api/v1/apps", self.create_app)
        route("GET", "/oauth/authorize", self.authorize)
        route("GET", "/oauth/approve", self.approve)
        route("POST", "/oauth/token", self.token)
        route("POST", "/oauth/revoke", self.revoke)
        route("GET", "/api/v1/accounts/verify_credentials", self.verify)
        route("GET", "/api/v2/instance", self.instance)
        route("POST", "/api/v2/media", self.upload)
        route("GET", "/api/v1/media/{id}", self.media)
        route("POST", "/api/v1/statuses", self.create)
        route("GET", "/api/v1/statuses", self.several)
        route("GET", "/api/v1/statuses/{id}", self.show)
        route("DELETE", "/api/v1/statuses/{id}", self.delete)
        route("GET", "/api/v1/accounts/{id}/statuses", self.statuses)
        route("GET", "/files/{id}", self.file)
        route("GET", "/avatars/{handle}", self.avatar)
        route("GET", "/@{login}/{id}", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            answer = await super().__call__(request)
        except Refused as refused:
            answer = refused.answer
        if not request.path.startswith("/_"):
            reset = datetime.now(UTC) + timedelta(minutes=5)
            answer.headers.setdefault("x-ratelimit-limit", "300")
            answer.headers.setdefault("x-ratelimit-remaining", "299")
            answer.headers.setdefault("x-ratelimit-reset", reset.isoformat())
        return answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            reset = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
            return json_response({"error": "Too many requests"}, 429, headers)
        if fault == "duplicate":
            return json_response(
                {"error": "Validation failed: Text duplicates your last post"}, 422
            )
        if fault == "error_before_accept":
            return json_response({"error": "Service Unavailable"}, 503)
        return json_response({"error": "Internal Server Error"}, 500)

    # --- Sign-in ---------------------------------------------------------------------------------

    async def create_app(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        if not fields.get("client_name") or not fields.get("redirect_uris"):
            raise Refused(422, "Validation failed: Application name can't be blank")
        app: dict[str, Any] = {
            "id": str(self._next_id()),
            "name": fields["client_name"],
            "website": fields.get("website"),
            "scopes": fields.get("scopes", "read").split(),
            "redirect_uri": fields["redirect_uris"],
            "redirect_uris": fields["redirect_uris"].split(),
            "client_id": secrets.token_urlsafe(32),
            "client_secret": secrets.token_urlsafe(32),
            "client_secret_expires_at": 0,
        }
        self.store.put(self.key, "app", app["client_id"], app)
        return json_response(app)

    def _app(self, client_id: str, redirect_uri: str) -> Any:
        app = self.store.get(self.key, "app", client_id)
        if app is None or redirect_uri not in app["redirect_uris"]:
            raise Refused(400, "The redirect uri included is not valid.")
        return app

    async def authorize(self, request: Request) -> Response:
        """The consent page. Plain links: a form's redirect would need the client in our CSP."""
        query = dict(request.query)
        app = self._app(query.get("client_id", ""), query.get("redirect_uri", ""))
        people = [a["username"] for a in self.store.things(self.key, "account")] or list(PEOPLE)

        def link(**extra: str) -> str:
            return escape(f"{request.base}/oauth/approve?{urlencode(query | extra)}")

        rows = "".join(
            f'<li><a class="button" href="{link(login=p)}">Authorise as @{escape(p)}</a></li>'
            for p in sorted({*people, *PEOPLE})[:12]
        )
        root = request.base.removesuffix(f"/{self.key}")
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Authorise</title>'
            f'<meta name="viewport" content="width=device-width"><link rel="stylesheet" '
            f'href="{root}/sandbox.css"><main class="consent"><p class="badge">Sandbox</p>'
            f"<h1>{escape(app['name'])} asks for access</h1><p>It may post and read as you on this "
            f'simulated Mastodon server.</p><ul>{rows}</ul><p><a href="{link(deny="1")}">Deny</a></p>'
            "</main></html>"
        )
        return Response(page.encode(), 200, {"content-type": "text/html; charset=utf-8"})

    async def approve(self, request: Request) -> Response:
        redirect = request.first("redirect_uri")
        app = self._app(request.first("client_id"), redirect)
        back = {"state": request.first("state")}
        if request.first("deny"):
            back |= {"error": "access_denied", "error_description": "The owner denied the request."}
        else:
            code = secrets.token_urlsafe(24)
            wanted = request.first("scope", "read").split()
            grant = {
                "app": app["client_id"],
                "login": request.first("login", "maren"),
                "scope": " ".join(wanted),
                "redirect_uri": redirect,
            }
            self.store.put(self.key, "code", code, grant)
            back["code"] = code
        sep = "&" if "?" in redirect else "?"
        return Response(status=302, headers={"location": f"{redirect}{sep}{urlencode(back)}"})

    async def token(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        app = self.store.get(self.key, "app", fields.get("client_id", ""))
        if app is None or app["client_secret"] != fields.get("client_secret"):
            return self._oauth_error(401, "invalid_client", "Client authentication failed.")
        grant = self.store.get(self.key, "code", fields.get("code", ""))
        if (
            grant is None
            or grant["app"] != app["client_id"]
            or grant["redirect_uri"] != fields.get("redirect_uri")
        ):
            return self._oauth_error(400, "invalid_grant", "The provided grant is invalid.")
        self.store.drop(self.key, "code", fields["code"])
        token = secrets.token_urlsafe(32)
        doc = {"login": grant["login"], "scope": grant["scope"], "at": self.now()}
        self.store.put(self.key, "token", token, doc)
        return json_response(
            {
                "access_token": token,
                "token_type": "Bearer",
                "scope": grant["scope"],
                "created_at": int(self.now()),
            }
        )

    @staticmethod
    def _oauth_error(status: int, code: str, description: str) -> Response:
        return json_response({"error": code, "error_description": description}, status)

    async def revoke(self, request: Request) -> Response:
        self.store.drop(self.key, "token", dict(request.form()[0]).get("token", ""))
        return json_response({})

    def _login(self, request: Request, scope: str) -> dict[str, Any]:
        token = request.bearer
        doc = self.store.get(self.key, "token", token)
        if doc is None and token.startswith("sandbox-"):
            login, _, only = token.removeprefix("sandbox-").partition(":")
            doc = {"login": login, "scope": only or FULL, "at": 0.0}
        if doc is None or not doc["login"] or self.lost_access(doc["login"], doc["at"]):
            raise Refused(401, "The access token is invalid")
        granted = doc["scope"].split()
        if scope not in granted and scope.partition(":")[0] not in granted:
            raise Refused(403, "This action is outside the authorized scopes")
        return self._account(doc["login"])

    def _account(self, login: str) -> dict[str, Any]:
        account: dict[str, Any] | None = self.store.get(self.key, "account", login)
        if account is None:
            name = PEOPLE.get(login, login.replace("-", " ").replace("_", " ").title())
            account = {"id": str(self._next_id()), "username": login, "name": name}
            account["at"] = self.now()
            self.store.put(self.key, "account", login, account)
            self.store.put(self.key, "login", account["id"], login)
        return account

    # --- Reading ---------------------------------------------------------------------------------

    async def verify(self, request: Request) -> Response:
        account = self._login(request, "read:accounts")
        return json_response(self._account_json(account, request.base) | {"source": {}})

    async def instance(self, request: Request) -> Response:
        return json_response(
            {
                "domain": "mastodon.sandbox",
                "title": "Mastodon sandbox",
                "version": "4.5.2",
                "configuration": {
                    "statuses": {
                        "max_characters": MAX_CHARACTERS,
                        "max_media_attachments": MAX_MEDIA,
                        "characters_reserved_per_url": PER_URL,
                    },
                    "media_attachments": {
                        "description_limit": 1500,
                        "supported_mime_types": MIMES,
                        "image_size_limit": 16_777_216,
                        "image_matrix_limit": 33_177_600,
                    },
                },
            }
        )

    async def show(self, request: Request) -> Response:
        post = self.store.post(self.key, request.params["id"])
        if post is None:
            raise Refused(404, "Record not found")
        return json_response(self._status_json(post, request.base))

    async def several(self, request: Request) -> Response:
        posts = [self.store.post(self.key, id) for id in request.every("id[]")[:40]]
        return json_response([self._status_json(p, request.base) for p in posts if p])

    async def statuses(self, request: Request) -> Response:
        self._login(request, "read:statuses")
        login = self.store.get(self.key, "login", request.params["id"])
        limit = min(int(request.first("limit", "20") or 20), 40)
        posts = self.store.posts(self.key, login or "", limit)
        return json_response([self._status_json(post, request.base) for post in posts])

    # --- Writing ---------------------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        account = self._login(request, "write:media")
        fields, files = request.form()
        file = files.get("file")
        if file is None or file.mime not in MIMES or not file.data:
            raise Refused(422, "Validation failed: File content type is invalid")
        scenario = self.scenario(account["username"])
        ready_at = self.now() + (scenario.seconds if scenario.name == "slow" else 0)
        media: dict[str, Any] = {
            "id": str(self._next_id()),
            "mime": file.mime,
            "description": dict(fields).get("description") or None,
            "ready_at": ready_at,
        }
        self.store.put_blob(self.key, media["id"], file.mime, file.data)
        self.store.put(self.key, "media", media["id"], media)
        ready = ready_at <= self.now()
        return json_response(self._media_json(media, request.base), 200 if ready else 202)

    async def media(self, request: Request) -> Response:
        self._login(request, "write:media")
        media = self.store.get(self.key, "media", request.params["id"])
        if media is None:
            raise Refused(404, "Record not found")
        ready = media["ready_at"] <= self.now()
        return json_response(self._media_json(media, request.base), 200 if ready else 206)

    async def create(self, request: Request) -> Response:
        account = self._login(request, "write:statuses")
        fields, _ = request.form()
        key = request.headers.get("idempotency-key", "")

        def accept() -> Response:
            seen = self.store.get(self.key, "key", f"{account['id']}:{key}") if key else None
            if seen and self.now() - seen["at"] < KEY_KEPT:
                post = self.store.post(self.key, seen["id"])
                if post is not None:
                    return json_response(self._status_json(post, request.base))
            try:
                post = self._checked(account, fields)
            except Refused as refused:
                return refused.answer
            self.store.add_post(self.key, post["id"], account["username"], post["text"], post)
            if key:
                doc = {"id": post["id"], "at": self.now()}
                self.store.put(self.key, "key", f"{account['id']}:{key}", doc)
            return json_response(self._status_json(post, request.base))

        return await self.publish(account["username"], accept)

    def _checked(self, account: dict[str, Any], fields: list[tuple[str, str]]) -> dict[str, Any]:
        one = dict(fields)
        text, spoiler = one.get("status", "").strip(), one.get("spoiler_text", "")
        ids = [value for name, value in fields if name == "media_ids[]"]
        if not text and not ids:
            raise Refused(422, "Validation failed: Text can't be blank")
        if length(spoiler + text, PER_URL) > MAX_CHARACTERS:
            raise Refused(
                422, f"Validation failed: Text character limit of {MAX_CHARACTERS} exceeded"
            )
        if len(ids) > MAX_MEDIA:
            raise Refused(422, "Cannot attach more than 4 files")
        for id in ids:
            media = self.store.get(self.key, "media", id)
            if media is None:
                raise Refused(422, f"Validation failed: Media {id} not found")
            if media["ready_at"] > self.now():
                raise Refused(
                    422,
                    "Cannot attach files that have not finished processing. Try again in a moment!",
                )
        return {
            "id": str(self._next_id()),
            "login": account["username"],
            "text": text,
            "spoiler": spoiler,
            "media": ids,
            "visibility": one.get("visibility") or "public",
            "sensitive": one.get("sensitive") == "true" or bool(spoiler),
            "language": one.get("language") or "en",
            "at": self.now(),
        }

    async def delete(self, request: Request) -> Response:
        account = self._login(request, "write:statuses")
        post = self.store.post(self.key, request.params["id"])
        if post is None or post["login"] != account["username"]:
            raise Refused(404, "Record not found")
        self.store.drop_post(self.key, post["id"])
        return json_response(self._status_json(post, request.base) | {"text": post["text"]})

    # --- Shapes ----------------------------------------------------------------------------------

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            raise Refused(404, "Record not found")
        return Response(blob[1], 200, {"content-type": blob[0]})

    async def avatar(self, request: Request) -> Response:
        hue = sum(map(ord, request.params["handle"])) * 47 % 360
        letter = escape(request.params["handle"][:1].upper())
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80"'
            f' fill="hsl({hue} 55% 45%)"/><text x="40" y="54" font-family="sans-serif" font-size="40"'
            f' fill="#fff" text-anchor="middle">{letter}</text></svg>'
        )
        return Response(svg.encode(), 200, {"content-type": "image/svg+xml"})

    def _next_id(self) -> int:
        """Like the real ones: milliseconds and a sequence, rising."""
        self._sequence = (self._sequence + 1) % 65536
        return (int(self.now() * 1000) << 16) | self._sequence

    def _counters(self, post: dict[str, Any]) -> dict[str, int]:
        sizes: dict[str, float] = {
            "favourites_count": 38,
            "reblogs_count": 11,
            "replies_count": 6,
            "quotes_count": 2,
        }
        return self.grown(post["id"], post["at"], sizes)

    def _account_json(self, account: dict[str, Any], base: str) -> dict[str, Any]:
        avatar = f"{base}/avatars/{account['username']}"
        return {
            "id": account["id"],
            "username": account["username"],
            "acct": account["username"],
            "display_name": account["name"],
            "url": f"{base}/@{account['username']}",
            "avatar": avatar,
            "avatar_static": avatar,
            "note": "",
            "bot": False,
            "locked": False,
            "created_at": iso(account["at"]),
            "followers_count": 180 + sum(map(ord, account["username"])),
            "following_count": 64,
            "statuses_count": self.store.count(self.key, account["username"]),
        }

    def _media_json(self, media: dict[str, Any], base: str) -> dict[str, Any]:
        url = f"{base}/files/{media['id']}" if media["ready_at"] <= self.now() else None
        return {
            "id": media["id"],
            "type": "image",
            "url": url,
            "preview_url": url,
            "description": media["description"],
            "meta": {},
        }

    def _status_json(self, post: dict[str, Any], base: str) -> dict[str, Any]:
        account = self._account(post["login"])
        url = f"{base}/@{post['login']}/{post['id']}"
        media = [self.store.get(self.key, "media", id) for id in post["media"]]
        return {
            "id": post["id"],
            "created_at": iso(post["at"]),
            "in_reply_to_id": None,
            "sensitive": post["sensitive"],
            "spoiler_text": post["spoiler"],
            "visibility": post["visibility"],
            "language": post["language"],
            "uri": f"{base}/users/{post['login']}/statuses/{post['id']}",
            "url": url,
            "content": self._html(post["text"], base),
            "edited_at": None,
            "reblog": None,
            "application": {"name": "Candy", "website": None},
            "account": self._account_json(account, base),
            "media_attachments": [self._media_json(m, base) for m in media if m],
            "mentions": [],
            "tags": [
                {"name": t.value, "url": f"{base}/tags/{t.value}"} for t in tags(post["text"])
            ],
            "emojis": [],
            "card": None,
            "poll": None,
            **self._counters(post),
        }

    @staticmethod
    def _html(text: str, base: str) -> str:
        people = [
            (span, f'<a href="{base}/@{span.value}" class="u-url mention">')
            for span in mentions(text)
        ]
        return rich_html(text, [*link_anchors(text), *tag_anchors(text, base), *people])

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        status = self._status_json(post, base)
        counters = {k.removesuffix("_count"): v for k, v in self._counters(post).items()}
        attached = status["media_attachments"]
        return FeedPost(
            id=post["id"],
            handle=f"@{post['login']}",
            name=status["account"]["display_name"],
            html=status["content"],
            at=post["at"],
            permalink=status["url"],
            images=tuple((m["url"], m["description"] or "") for m in attached if m["url"]),
            counters=tuple(counters.items()),
            warning=post["spoiler"],
        )

    async def permalink(self, request: Request) -> Response:
        return self.page(self.store.post(self.key, request.params["id"]), request.base)


simulator = MastodonSimulator
