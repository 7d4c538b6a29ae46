"""A PDS with its app view, small enough to read: sessions, blobs, records and counters.

Any password that begins with `sandbox-` signs in as any handle. Access tokens live two hours.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import UTC, datetime
from html import escape
from typing import Any

from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.store import Store

from .simulator_records import POST, Refused, cid_of
from .simulator_video import VideoDesk

ACCESS_SECONDS = 7200
MAX_BLOB = 52_428_800  # what a PDS takes; what a record may name is less
GATES = ("app.bsky.feed.threadgate", "app.bsky.feed.postgate")


class BlueskySimulator(VideoDesk):
    key = "bluesky"
    name = "Bluesky"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        route = self.router.add
        route("POST", "/xrpc/com.atproto.server.createSession", self.create_session)
        route("POST", "/xrpc/com.atproto.server.refreshSession", self.refresh_session)
        route("GET", "/xrpc/com.atproto.server.getSession", self.get_session)
        route("GET", "/xrpc/com.atproto.identity.resolveHandle", self.resolve)
        route("GET", "/xrpc/app.bsky.actor.getProfile", self.profile)
        route("POST", "/xrpc/com.atproto.repo.uploadBlob", self.upload)
        route("POST", "/xrpc/com.atproto.repo.createRecord", self.create)
        route("POST", "/xrpc/com.atproto.repo.putRecord", self.create)
        route("GET", "/xrpc/com.atproto.repo.getRecord", self.get_record)
        route("POST", "/xrpc/com.atproto.repo.deleteRecord", self.delete)
        route("GET", "/xrpc/app.bsky.feed.getPosts", self.posts)
        route("GET", "/xrpc/com.atproto.server.getServiceAuth", self.service_auth)
        route("GET", "/xrpc/app.bsky.video.getUploadLimits", self.video_limits)
        route("POST", "/xrpc/app.bsky.video.uploadVideo", self.video_upload)
        route("GET", "/xrpc/app.bsky.video.getJobStatus", self.video_job)
        route("GET", "/files/{id}", self.file)
        route("GET", "/avatars/{handle}", self.avatar)
        route("GET", "/profile/{handle}/post/{rkey}", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            answer = await super().__call__(request)
        except Refused as refused:
            answer = refused.answer
        if request.path.startswith("/xrpc/"):
            answer.headers.setdefault("ratelimit-limit", "3000")
            answer.headers.setdefault("ratelimit-remaining", "2999")
            answer.headers.setdefault("ratelimit-reset", str(int(self._real_now()) + 300))
            answer.headers.setdefault("ratelimit-policy", "3000;w=300")
        return answer

    @staticmethod
    def _real_now() -> float:
        return datetime.now(UTC).timestamp()

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            reset = str(int(self._real_now() + seconds) + 1)
            headers = {"ratelimit-remaining": "0", "ratelimit-reset": reset}
            body = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
            return json_response(body, 429, headers)
        if fault == "duplicate":
            return json_response({"error": "InvalidRequest", "message": "Duplicate record"}, 400)
        if fault == "error_before_accept":
            return json_response({"error": "UpstreamFailure", "message": "Unavailable"}, 503)
        return json_response(
            {"error": "InternalServerError", "message": "Internal Server Error"}, 500
        )

    # --- Sign-in ---------------------------------------------------------------------------------

    async def create_session(self, request: Request) -> Response:
        data = request.json()
        handle = self._full(str(data.get("identifier", "")))
        if not handle or not str(data.get("password", "")).startswith("sandbox-"):
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        if self.scenario(handle).name == "revoked":
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        return json_response(self._session(self._account(handle), request.base))

    async def refresh_session(self, request: Request) -> Response:
        """Both tokens rotate: a refresh token works once."""
        doc = self.store.get(self.key, "refresh", request.bearer)
        if doc is None:
            raise Refused(400, "ExpiredToken", "Token has been revoked")
        if self.scenario(doc["handle"]).name == "revoked":
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        self.store.drop(self.key, "refresh", request.bearer)
        return json_response(self._session(self._account(doc["handle"]), request.base))

    async def get_session(self, request: Request) -> Response:
        account = self._login(request)
        return json_response({"did": account["did"], "handle": account["handle"], "active": True})

    def _session(self, account: dict[str, Any], base: str) -> dict[str, Any]:
        now = self.now()
        refresh = secrets.token_urlsafe(32)
        access = _jwt(
            {
                "scope": "com.atproto.appPass",
                "sub": account["did"],
                "exp": int(now + ACCESS_SECONDS),
            }
        )
        doc = {"handle": account["handle"], "at": now, "until": now + ACCESS_SECONDS}
        self.store.put(self.key, "access", access, doc)
        self.store.put(self.key, "refresh", refresh, doc)
        service = {
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": base,
        }
        return {
            "did": account["did"],
            "handle": account["handle"],
            "accessJwt": access,
            "refreshJwt": refresh,
            "didDoc": {"id": account["did"], "service": [service]},
            "emailConfirmed": True,
            "active": True,
        }

    def _login(self, request: Request) -> dict[str, Any]:
        doc = self.store.get(self.key, "access", request.bearer)
        if doc is None:
            raise Refused(401, "InvalidToken", "Token could not be verified")
        lost = self.lost_access(doc["handle"], doc["at"])
        if lost == "revoked":
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        if lost or doc["until"] <= self.now():
            raise Refused(400, "ExpiredToken", "Token has expired")
        return self._account(doc["handle"])

    @staticmethod
    def _full(identifier: str) -> str:
        """`maren` as `maren.bsky.sandbox`, so that one word is enough to try it."""
        plain = identifier.strip().removeprefix("@").lower()
        return plain if not plain or "." in plain else f"{plain}.bsky.sandbox"

    def _account(self, handle: str) -> dict[str, Any]:
        account: dict[str, Any] | None = self.store.get(self.key, "account", handle)
        if account is None:
            digest = hashlib.sha256(handle.encode()).digest()
            did = f"did:plc:{base64.b32encode(digest)[:24].decode().lower()}"
            name = handle.partition(".")[0].replace("-", " ").title()
            account = {"did": did, "handle": handle, "name": name}
            self.store.put(self.key, "account", handle, account)
            self.store.put(self.key, "did", did, handle)
        return account

    # --- Reading ---------------------------------------------------------------------------------

    async def resolve(self, request: Request) -> Response:
        account = self.store.get(self.key, "account", request.first("handle").lower())
        if account is None:
            raise Refused(400, "InvalidRequest", "Unable to resolve handle")
        return json_response({"did": account["did"]})

    async def profile(self, request: Request) -> Response:
        handle = self.store.get(self.key, "did", request.first("actor"))
        if handle is None:
            raise Refused(400, "InvalidRequest", "Profile not found")
        account = self._account(handle)
        return json_response(
            {
                "did": account["did"],
                "handle": handle,
                "displayName": account["name"],
                "avatar": f"{request.base}/avatars/{handle}",
                "followersCount": 120 + sum(map(ord, handle)),
                "followsCount": 58,
                "postsCount": self.store.count(self.key, handle),
            }
        )

    async def get_record(self, request: Request) -> Response:
        post = self._find(request.first("repo"), request.first("rkey"))
        if post is None:
            raise Refused(400, "RecordNotFound", "Could not locate record")
        return json_response({"uri": post["id"], "cid": post["cid"], "value": post["record"]})

    async def posts(self, request: Request) -> Response:
        found = [self.store.post(self.key, uri) for uri in request.every("uris")[:25]]
        return json_response({"posts": [self.view(post, request.base) for post in found if post]})

    # --- Writing ---------------------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        account = self._login(request)
        mime = request.headers.get("content-type", "")
        if not mime or not request.body:
            raise Refused(400, "InvalidRequest", "Request encoding is not supported")
        if len(request.body) > MAX_BLOB:
            raise Refused(400, "BlobTooLarge", "This file is too large")

        def accept() -> Response:
            return json_response({"blob": self.keep_blob(mime, request.body)})

        return await self.step("upload", account["handle"], accept)

    async def create(self, request: Request) -> Response:
        account = self._login(request)
        data = request.json()

        if data.get("collection") in GATES:
            return json_response(self._gate(account, data))

        def accept() -> Response:
            try:
                post = self.checked(account, data)
            except Refused as refused:
                return refused.answer
            if self.store.post(self.key, post["id"]) is None:
                self.store.add_post(
                    self.key, post["id"], account["handle"], post["record"]["text"], post
                )
            else:  # putRecord with a known key writes over the record, it adds none
                self.store.change_post(self.key, post["id"], post["record"]["text"], post)
            return json_response(
                {"uri": post["id"], "cid": post["cid"], "validationStatus": "valid"}
            )

        return await self.publish(account["handle"], accept)

    def _gate(self, account: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Who may answer or quote: a record beside the post, under the post's key."""
        record, kind = data.get("record") or {}, str(data["collection"])
        if not record.get("post") or not record.get("createdAt") or record.get("$type") != kind:
            raise Refused(400, "InvalidRequest", f"Invalid {kind} record")
        uri = f"at://{account['did']}/{kind}/{data.get('rkey')}"
        self.store.put(self.key, "gate", uri, record)
        return {"uri": uri, "cid": cid_of(record), "validationStatus": "valid"}

    async def delete(self, request: Request) -> Response:
        account = self._login(request)
        self.store.drop_post(self.key, f"at://{account['did']}/{POST}/{request.json().get('rkey')}")
        return json_response({})

    # --- Shapes ----------------------------------------------------------------------------------

    def _find(self, repo: str, rkey: str) -> Any:
        return self.store.post(self.key, f"at://{repo}/{POST}/{rkey}")

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            raise Refused(404, "NotFound", "Blob not found")
        return Response(blob[1], 200, {"content-type": blob[0]})

    async def avatar(self, request: Request) -> Response:
        hue = sum(map(ord, request.params["handle"])) * 31 % 360
        letter = escape(request.params["handle"][:1].upper())
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><circle cx="40" cy="40" '
            f'r="40" fill="hsl({hue} 60% 42%)"/><text x="40" y="54" font-family="sans-serif" '
            f'font-size="40" fill="#fff" text-anchor="middle">{letter}</text></svg>'
        )
        return Response(svg.encode(), 200, {"content-type": "image/svg+xml"})

    async def permalink(self, request: Request) -> Response:
        account = self.store.get(self.key, "account", request.params["handle"])
        post = self._find(account["did"], request.params["rkey"]) if account else None
        return self.page(post, request.base)


def _jwt(claims: dict[str, Any]) -> str:
    """Shaped like the real ones. Nobody checks the signature: the token is looked up."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = part(b'{"typ":"at+jwt","alg":"HS256"}')
    return f"{head}.{part(json.dumps(claims).encode())}.{secrets.token_urlsafe(16)}"


simulator = BlueskySimulator
