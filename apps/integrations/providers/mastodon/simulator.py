"""A Mastodon server small enough to read: apps, OAuth, media, statuses and their counters.

Sign-in is in simulator_desk.py, the shapes of the answers in simulator_shapes.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.store import Store

from .simulator_desk import SignIn
from .simulator_shapes import Refused
from .text import length

MAX_CHARACTERS, PER_URL, MAX_MEDIA = 500, 23, 4
MAX_IMAGE_BYTES, MAX_VIDEO_BYTES = 16_777_216, 103_809_024
IMAGES = ["image/jpeg", "image/png", "image/gif", "image/webp"]
MIMES = [*IMAGES, "video/mp4", "video/webm", "video/quicktime"]
KEY_KEPT = 3600  # seconds that an Idempotency-Key is remembered
TRANSCODING = 0.4  # seconds that a video takes before it can be attached


class MastodonSimulator(SignIn):
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
        route("GET", "/api/v1/apps/verify_credentials", self.app)
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

    # --- Reading ---------------------------------------------------------------------------------

    async def verify(self, request: Request) -> Response:
        account = self._login(request, "read:accounts")
        return json_response(self.account_json(account, request.base) | {"source": {}})

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
                        "video_size_limit": MAX_VIDEO_BYTES,
                        "video_frame_rate_limit": 120,
                        "video_matrix_limit": 8_294_400,
                    },
                    "polls": {
                        "max_options": 4,
                        "max_characters_per_option": 50,
                        "min_expiration": 300,
                        "max_expiration": 2_629_746,
                    },
                },
            }
        )

    async def show(self, request: Request) -> Response:
        post = self.store.post(self.key, request.params["id"])
        if post is None:
            raise Refused(404, "Record not found")
        return json_response(self.status_json(post, request.base))

    async def several(self, request: Request) -> Response:
        posts = [self.store.post(self.key, id) for id in request.every("id[]")[:40]]
        return json_response([self.status_json(p, request.base) for p in posts if p])

    async def statuses(self, request: Request) -> Response:
        account = self._login(request, "read:statuses")
        if self.is_on("unreadable", account["username"]):
            raise Refused(403, "This action is outside the authorized scopes")
        login = self.store.get(self.key, "login", request.params["id"])
        limit = min(int(request.first("limit", "20") or 20), 40)
        posts = self.store.posts(self.key, login or "", limit)
        return json_response([self.status_json(post, request.base) for post in posts])

    # --- Writing ---------------------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        account = self._login(request, "write:media")
        fields, files = request.form()
        file = files.get("file")
        if file is None or file.mime not in MIMES or not file.data:
            raise Refused(422, "Validation failed: File content type is invalid")
        most = MAX_IMAGE_BYTES if file.mime in IMAGES else MAX_VIDEO_BYTES
        if len(file.data) > most:
            raise Refused(422, f"Validation failed: File size must be less than {most} bytes")
        cover = files.get("thumbnail")

        def accept() -> Response:
            media: dict[str, Any] = {
                "id": str(self._next_id()),
                "mime": file.mime,
                "description": dict(fields).get("description") or None,
                "focus": dict(fields).get("focus") or "",
                "ready_at": self.now() + self._preparing(account["username"], file.mime),
            }
            if cover is not None:
                media["cover"] = f"{media['id']}-cover"
                self.store.put_blob(self.key, media["cover"], cover.mime, cover.data)
            self.store.put_blob(self.key, media["id"], file.mime, file.data)
            self.store.put(self.key, "media", media["id"], media)
            ready = media["ready_at"] <= self.now()
            return json_response(self.media_json(media, request.base), 200 if ready else 202)

        return await self.step("upload", account["username"], accept)

    def _preparing(self, login: str, mime: str) -> float:
        """Seconds until a file can be attached."""
        scenario = self.scenario(login)
        if scenario.name == "slow" or self.is_on("slow_processing", login):
            return scenario.seconds
        return TRANSCODING if mime.startswith("video/") else 0

    async def media(self, request: Request) -> Response:
        account = self._login(request, "write:media")
        if self.is_on("expire_polling", account["username"]):
            raise Refused(401, "The access token is invalid")
        media = self.store.get(self.key, "media", request.params["id"])
        if media is None:
            raise Refused(404, "Record not found")
        if self.is_on("container_error", account["username"]):
            self.store.drop(self.key, "media", media["id"])
            raise Refused(422, "Error processing thumbnail for uploaded media")
        ready = media["ready_at"] <= self.now()
        return json_response(self.media_json(media, request.base), 200 if ready else 206)

    async def create(self, request: Request) -> Response:
        account = self._login(request, "write:statuses")
        fields, _ = request.form()
        key = request.headers.get("idempotency-key", "")

        def accept() -> Response:
            seen = self.store.get(self.key, "key", f"{account['id']}:{key}") if key else None
            if seen and self.now() - seen["at"] < KEY_KEPT:
                post = self.store.post(self.key, seen["id"])
                if post is not None:
                    return json_response(self.status_json(post, request.base))
            try:
                post = self._checked(account, fields)
            except Refused as refused:
                return refused.answer
            self.store.add_post(self.key, post["id"], account["username"], post["text"], post)
            if key:
                doc = {"id": post["id"], "at": self.now()}
                self.store.put(self.key, "key", f"{account['id']}:{key}", doc)
            return json_response(self.status_json(post, request.base))

        return await self.publish(account["username"], accept)

    def _checked(self, account: dict[str, Any], fields: list[tuple[str, str]]) -> dict[str, Any]:
        """The post that these fields ask for; raises Refused as the real server would."""
        one = dict(fields)
        text, spoiler = one.get("status", "").strip(), one.get("spoiler_text", "")
        ids = [value for name, value in fields if name == "media_ids[]"]
        if not text and not ids:
            raise Refused(422, "Validation failed: Text can't be blank")
        if length(spoiler + text, PER_URL) > MAX_CHARACTERS:
            raise Refused(
                422, f"Validation failed: Text character limit of {MAX_CHARACTERS} exceeded"
            )
        poll = self._checked_poll(fields)
        if poll and ids:
            raise Refused(422, "Cannot attach media to a poll")
        self._check_media(ids)
        answered = self._answered(one.get("in_reply_to_id", ""))
        quotes = one.get("quote_approval_policy") or "nobody"
        if quotes not in ("public", "followers", "nobody"):
            raise Refused(422, "Validation failed: Quote approval policy is not included")
        return {
            "id": str(self._next_id()),
            "login": account["username"],
            "text": text,
            "spoiler": spoiler,
            "media": ids,
            "poll": poll,
            "reply_to": answered["id"] if answered else None,
            "root": (answered.get("root") or answered["id"]) if answered else None,
            "visibility": one.get("visibility") or "public",
            "sensitive": one.get("sensitive") == "true" or bool(spoiler),
            "language": one.get("language") or "en",
            "quotes": quotes,
            "at": self.now(),
        }

    def _answered(self, id: str) -> dict[str, Any] | None:
        if not id:
            return None
        post: dict[str, Any] | None = self.store.post(self.key, id)
        if post is None:
            raise Refused(404, "The post you are trying to reply to does not appear to exist.")
        return post

    @staticmethod
    def _checked_poll(fields: list[tuple[str, str]]) -> dict[str, Any] | None:
        options = [value for name, value in fields if name == "poll[options][]"]
        if not options:
            return None
        one = dict(fields)
        seconds = int(one.get("poll[expires_in]") or 0)
        if len(options) < 2:
            raise Refused(422, "Validation failed: Options must be more than one item")
        if len(options) > 4:
            raise Refused(422, "Validation failed: Options can't contain more than 4 items")
        if any(len(option) > 50 for option in options):
            raise Refused(422, "Validation failed: Options can't be longer than 50 characters each")
        if len(set(options)) < len(options):
            raise Refused(422, "Validation failed: Options contain duplicate items")
        if seconds < 300:
            raise Refused(422, "Validation failed: Expires at is too soon")
        if seconds > 2_629_746:
            raise Refused(422, "Validation failed: Expires at is too far into the future")
        return {
            "options": options,
            "seconds": seconds,
            "multiple": one.get("poll[multiple]") == "true",
        }

    def _check_media(self, ids: list[str]) -> None:
        found = []
        for id in ids:
            media = self.store.get(self.key, "media", id)
            if media is None:
                raise Refused(422, f"Validation failed: Media {id} not found")
            if media["ready_at"] > self.now():
                raise Refused(
                    422,
                    "Cannot attach files that have not finished processing. Try again in a moment!",
                )
            found.append(media)
        if len(found) > MAX_MEDIA:
            raise Refused(422, "Cannot attach more than 4 files")
        if len(found) > 1 and any(media["mime"].startswith("video/") for media in found):
            raise Refused(422, "Cannot attach a video to a post that already contains images")

    async def delete(self, request: Request) -> Response:
        account = self._login(request, "write:statuses")
        post = self.store.post(self.key, request.params["id"])
        if post is None or post["login"] != account["username"]:
            raise Refused(404, "Record not found")
        self.store.drop_post(self.key, post["id"])
        return json_response(self.status_json(post, request.base) | {"text": post["text"]})

    def _next_id(self) -> int:
        """Like the real ones: milliseconds and a sequence, rising."""
        self._sequence = (self._sequence + 1) % 65536
        return (int(self.now() * 1000) << 16) | self._sequence

    async def permalink(self, request: Request) -> Response:
        return self.page(self.store.post(self.key, request.params["id"]), request.base)


simulator = MastodonSimulator
