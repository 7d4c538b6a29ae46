"""Pinterest small enough to read: sign-in, boards, pins, the media store and analytics.

Its addresses lie below `api`, `web` and `s3` (the store that videos are sent to as a form). Every
login has two boards and a secret one. Points: "publish" is `POST /pins`, "upload" the form to the store.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE, Desk, Held
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from .simulated import (
    BOARDS,
    DEAD,
    SIZES,
    STANDARD,
    VIDEO,
    Refused,
    analytics_json,
    board_json,
    checked,
    day,
    decoded,
    feed_post,
    number,
    pin_json,
)

DAY = 86_400


class PinterestSimulator(Simulator):
    key = "pinterest"
    name = "Pinterest"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._sequence = 0
        self.desk = Desk(
            self.key, self.name, store, self.now, ttl=30 * DAY, rotates=True, separator=","
        )
        route = self.router.add
        route("GET", "/web/oauth/", self.authorize)
        route("GET", "/web/approve", self.approve)
        route("POST", "/api/v5/oauth/token", self.token)
        route("GET", "/api/v5/user_account", self.user_account)
        route("GET", "/api/v5/boards", self.boards)
        route("GET", "/api/v5/boards/{id}/pins", self.board_pins)
        route("POST", "/api/v5/media", self.register)
        route("GET", "/api/v5/media/{id}", self.media)
        route("POST", "/s3/{id}", self.upload)
        route("POST", "/api/v5/pins", self.create)
        route("GET", "/api/v5/pins/{id}", self.show)
        route("DELETE", "/api/v5/pins/{id}", self.delete)
        route("GET", "/api/v5/pins/{id}/analytics", self.analytics)
        route("GET", "/files/{id}", self.file)
        route("GET", "/web/pin/{id}/", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            answer = await super().__call__(request)
        except Refused as refused:
            answer = refused.answer
        if request.path.startswith("/api/"):
            answer.headers.setdefault("x-ratelimit-limit", "100, 100;w=60")
            answer.headers.setdefault("x-ratelimit-remaining", "99")
            answer.headers.setdefault("x-ratelimit-reset", "60")
        return answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(round(seconds + 0.5))}
            message = "This request exceeded a rate limit."
            return json_response({"code": 8, "message": message}, 429, headers)
        if fault == "duplicate":  # Pinterest has no such rule; any other refusal of the content
            return json_response({"code": 1, "message": "Invalid Pin parameters"}, 400)
        status = 503 if fault == "error_before_accept" else 500
        return json_response({"code": 4, "message": "Something went wrong on our end."}, status)

    # --- Sign-in ---------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        return self.desk.consent(request, approve="/web/approve")

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    async def token(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        authorization = request.headers.get("authorization", "")
        if not authorization.lower().startswith("basic "):
            raise Refused(401, 2, "Authentication failed.")
        old = self.store.get(self.key, "refresh", fields.get("refresh_token", ""))
        if old and self.scenario(old["login"]).name == "revoked":
            self.store.drop(self.key, "refresh", fields["refresh_token"])
        answer = self.desk.exchange(fields, authorization)
        if isinstance(answer, str):
            said = {"error": answer, "code": 283, "message": "Invalid or expired code or token."}
            return json_response(said, 401 if answer == "invalid_client" else 400)
        if fields.get("continuous_refresh") == "true" or "refresh_token" in fields:
            answer["refresh_token_expires_in"] = 60 * DAY
        return json_response(answer | {"response_type": fields.get("grant_type", "")})

    def _held(self, request: Request, scope: str) -> Held:
        held = self.desk.held(request.bearer)
        if held is None or held.until <= self.now() or self.lost_access(held.login, held.at):
            raise Refused(401, 2, "Authentication failed.")
        if held.scopes and scope not in held.scopes:
            raise Refused(403, 3, f"Authorization failed. Missing: ['{scope}']")
        return held

    # --- Reading ---------------------------------------------------------------------------------

    async def user_account(self, request: Request) -> Response:
        login = self._held(request, "user_accounts:read").login
        return json_response(
            {
                "account_type": "BUSINESS",
                "id": number("user", login),
                "username": login,
                "business_name": PEOPLE.get(login, login.replace("-", " ").title()),
                "profile_image": "",
                "website_url": "",
                "board_count": len(BOARDS),
                "pin_count": self.store.count(self.key, login),
                "follower_count": 240 + sum(map(ord, login)),
                "following_count": 31,
                "monthly_views": 5200,
            }
        )

    async def boards(self, request: Request) -> Response:
        login = self._held(request, "boards:read").login
        # Secret boards are listed for the scope boards:read_secret only, which Candy does not ask.
        items = [board_json(login, *one) for one in BOARDS if one[1] != "SECRET"]
        return json_response({"items": items, "bookmark": None})

    def _own_board(self, login: str, board_id: str) -> None:
        if board_id not in [number("board", login, name) for name, _ in BOARDS]:
            raise Refused(404, 40, "Board not found.")

    async def board_pins(self, request: Request) -> Response:
        login = self._held(request, "pins:read").login
        if self.is_on("unreadable", login):
            raise Refused(403, 29, "You are not permitted to access that resource.")
        board = request.params["id"]
        self._own_board(login, board)
        size = min(int(request.first("page_size", "25")), 250)
        start = int(request.first("bookmark", "0") or 0)
        pins = [p for p in self.store.posts(self.key, login, 5000) if p["board_id"] == board]
        more = str(start + size) if len(pins) > start + size else None
        items = [pin_json(pin, request.base) for pin in pins[start : start + size]]
        return json_response({"items": items, "bookmark": more})

    async def show(self, request: Request) -> Response:
        self._held(request, "pins:read")
        return json_response(pin_json(self._pin(request.params["id"]), request.base))

    def _pin(self, pin_id: str) -> dict[str, Any]:
        pin: dict[str, Any] | None = self.store.post(self.key, pin_id)
        if pin is None:
            raise Refused(404, 50, "Pin not found.")
        return pin

    # --- Video -----------------------------------------------------------------------------------

    async def register(self, request: Request) -> Response:
        login = self._held(request, "pins:write").login
        if request.json().get("media_type") != "video":
            raise Refused(400, 1, "Invalid media_type")

        def accept() -> Response:
            media_id = self._next_id()
            key = sha256(media_id.encode()).hexdigest()
            doc = {"id": media_id, "login": login, "status": "registered", "key": key}
            self.store.put(self.key, "media", media_id, doc)
            return json_response(
                {
                    "media_id": media_id,
                    "media_type": "video",
                    "upload_url": f"{request.base}/s3/{media_id}",
                    "upload_parameters": {
                        "x-amz-date": "20260911T120000Z",
                        "x-amz-signature": key,
                        "x-amz-security-token": key[:32],
                        "x-amz-algorithm": "AWS4-HMAC-SHA256",
                        "key": f"uploads/{media_id}",
                        "policy": base64.b64encode(media_id.encode()).decode(),
                        "x-amz-credential": "SANDBOX/20260911/us-east-1/s3/aws4_request",
                        "Content-Type": "multipart/form-data",
                    },
                },
                201,
            )

        return await self.step("container", login, accept)

    async def upload(self, request: Request) -> Response:
        """Amazon's store: a form whose last part is the file, and XML when it refuses."""
        media = self.store.get(self.key, "media", request.params["id"])
        fields, files = request.form()
        form, file = dict(fields), files.get("file")
        if media is None or form.get("x-amz-signature") != media["key"] or not form.get("policy"):
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            return Response(body, 403, {"content-type": "application/xml"})
        if request.headers.get("authorization") or file is None or not file.data:
            body = b"<Error><Code>InvalidArgument</Code></Error>"
            return Response(body, 400, {"content-type": "application/xml"})

        def accept() -> Response:
            self.store.put_blob(self.key, media["id"], file.mime, file.data)
            scenario = self.scenario(media["login"])
            slow = self.is_on("slow_processing", media["login"])
            failed = self.is_on("container_error", media["login"])
            ready = self.now() + (scenario.seconds if slow else 0)
            doc = media | {"status": "failed" if failed else "processing", "ready_at": ready}
            self.store.put(self.key, "media", media["id"], doc)
            return Response(status=204)

        return await self.step("upload", media["login"], accept)

    async def media(self, request: Request) -> Response:
        held = self._held(request, "pins:read")
        expired = held.at <= self.scenario(held.login).since
        if expired and self.is_on("expire_polling", held.login):
            raise Refused(401, 2, "Authentication failed.")
        media = self.store.get(self.key, "media", request.params["id"])
        if media is None or media["login"] != held.login:
            raise Refused(404, 50, "Media not found.")
        said = {"media_id": media["id"], "media_type": "video", "status": self._status(media)}
        return json_response(said)

    def _status(self, media: dict[str, Any]) -> str:
        if media["status"] == "processing" and media["ready_at"] <= self.now():
            return "succeeded"
        return str(media["status"])

    # --- Pins ------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        login = self._held(request, "pins:write").login
        self._held(request, "boards:write")
        data = request.json()

        def accept() -> Response:
            try:
                if self.is_on("quota_full", login):
                    raise Refused(429, 8, "You have reached the daily limit of Pins.")
                pin = self._checked(login, data)
            except Refused as refused:
                return refused.answer
            text = f"{pin['title']}\n{pin['description']}\n{pin['link']}"
            self.store.add_post(self.key, pin["id"], login, text, pin)
            return json_response(pin_json(pin, request.base), 201)

        return await self.publish(login, accept)

    def _checked(self, login: str, data: dict[str, Any]) -> dict[str, Any]:
        self._own_board(login, str(data.get("board_id") or ""))
        source = checked(data)
        pin_id = self._next_id()
        kind = str(source.get("source_type"))
        readers: dict[str, Callable[[str, str, dict[str, Any]], dict[str, Any]]] = {
            "image_base64": self._one_image,
            "multiple_image_base64": self._several,
            "video_id": self._video,
        }
        if kind not in readers:
            raise Refused(400, 1, f"Invalid request: unknown media_source '{kind}'")
        return {
            "id": pin_id,
            "login": login,
            "board_id": str(data["board_id"]),
            "title": str(data.get("title") or ""),
            "description": str(data.get("description") or ""),
            "link": str(data.get("link") or ""),
            "alt_text": str(data.get("alt_text") or ""),
            "at": self.now(),
            **readers[kind](login, pin_id, source),
        }

    def _one_image(self, login: str, pin_id: str, source: dict[str, Any]) -> dict[str, Any]:
        return {"media_type": "image", "files": [self._keep(f"{pin_id}-0", source)]}

    def _several(self, login: str, pin_id: str, source: dict[str, Any]) -> dict[str, Any]:
        items = source.get("items")
        if not isinstance(items, list) or not 2 <= len(items) <= 5:
            raise Refused(400, 1, "Invalid request: a carousel has 2 to 5 images")
        files = [self._keep(f"{pin_id}-{n}", item) for n, item in enumerate(items)]
        return {"media_type": "multiple_images", "files": files}

    def _keep(self, file_id: str, item: dict[str, Any]) -> str:
        mime = str(item.get("content_type") or "")
        if mime not in ("image/jpeg", "image/png"):
            raise Refused(400, 1, f"Invalid request: image content_type '{mime}'")
        self.store.put_blob(self.key, file_id, mime, decoded(item.get("data")))
        return file_id

    def _video(self, login: str, pin_id: str, source: dict[str, Any]) -> dict[str, Any]:
        media = self.store.get(self.key, "media", str(source.get("media_id")))
        if media is None or media["login"] != login or self._status(media) != "succeeded":
            raise Refused(400, 235, "Invalid request: the video media_id is not ready")
        poster = ""
        if source.get("cover_image_data"):
            mime = str(source.get("cover_image_content_type") or "")
            poster = self._keep(
                f"{pin_id}-cover", {"content_type": mime, "data": source["cover_image_data"]}
            )
        elif not source.get("cover_image_url") and "cover_image_key_frame_time" not in source:
            raise Refused(400, 1, "Invalid request: a video pin needs a cover image")
        return {"media_type": "video", "files": [media["id"]], "poster": poster}

    async def delete(self, request: Request) -> Response:
        login = self._held(request, "pins:write").login
        pin = self._pin(request.params["id"])
        if pin["login"] != login:
            raise Refused(403, 29, "You are not permitted to access that resource.")
        self.store.drop_post(self.key, pin["id"])
        return Response(status=204)

    # --- Numbers ---------------------------------------------------------------------------------

    async def analytics(self, request: Request) -> Response:
        held = self._held(request, "pins:read")
        pin = self._pin(request.params["id"])
        names = [n for n in request.first("metric_types").split(",") if n]
        known = VIDEO if pin["media_type"] == "video" else STANDARD
        wrong = [n for n in names if n not in known]
        if DEAD in names and self.is_on("dead_metric", held.login):
            wrong.append(DEAD)
        if wrong or not names:
            raise Refused(400, 1, f"Invalid metric_types: {', '.join(wrong)}")
        start = day(request.first("start_date"))
        if start < datetime.now(UTC) - timedelta(days=91) or not request.first("end_date"):
            raise Refused(400, 1, "Invalid start_date: at most 90 days ago")
        sizes = {name: SIZES[name] for name in names if name in SIZES}
        return json_response(analytics_json(names, self.grown(pin["id"], pin["at"], sizes)))

    # --- Shapes ----------------------------------------------------------------------------------

    def _next_id(self) -> str:
        self._sequence += 1
        return str(int(self.now() * 1000) * 100_000 + self._sequence)

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        sizes = {name: SIZES[name] for name in ("IMPRESSION", "SAVE", "OUTBOUND_CLICK")}
        return feed_post(post, base, self.grown(post["id"], post["at"], sizes))

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            raise Refused(404, 50, "Not found.")
        return Response(blob[1], 200, {"content-type": blob[0]})

    async def permalink(self, request: Request) -> Response:
        return self.page(self.store.post(self.key, request.params["id"]), request.base)


simulator = PinterestSimulator
