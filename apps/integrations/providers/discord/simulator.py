"""Discord's API small enough to read: channels, messages with files, threads, webhooks, reactions.

Any bot token `sandbox-…` may post in any channel; a channel comes into being when it is asked for by
name. `/api/webhooks/<number>/sandbox-<channel>` is a webhook of that channel.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from apps.integrations.sandbox.kernel import Request, Response, Upload, json_response
from apps.integrations.sandbox.store import Store

from .simulator_shapes import BOT, GUILD, Refused, Shapes, invalid

API = "/api/v10"
MAX_FILE = 10_485_760
NONCE_KEPT = 300  # seconds that an enforced nonce is remembered
EPOCH_MS = 1_420_070_400_000


class DiscordSimulator(Shapes):
    key = "discord"
    name = "Discord"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._sequence = 0
        route = self.router.add
        route("GET", f"{API}/users/@me", self.me)
        route("GET", f"{API}/guilds/{{id}}", self.guild)
        route("GET", f"{API}/channels/{{id}}", self.channel)
        route("GET", f"{API}/channels/{{id}}/messages", self.messages)
        route("POST", f"{API}/channels/{{id}}/messages", self.create)
        route("GET", f"{API}/channels/{{id}}/messages/{{message}}", self.message)
        route("POST", f"{API}/channels/{{id}}/messages/{{message}}/threads", self.start_thread)
        route("GET", f"{API}/webhooks/{{id}}/{{token}}", self.webhook)
        route("POST", f"{API}/webhooks/{{id}}/{{token}}", self.execute_webhook)
        route("GET", f"{API}/webhooks/{{id}}/{{token}}/messages/{{message}}", self.hook_message)
        route("GET", "/channels/{guild}/{channel}/{message}", self.permalink)
        route("GET", "/files/{id}", self.file)

    async def __call__(self, request: Request) -> Response:
        try:
            answer = await super().__call__(request)
        except Refused as refused:
            answer = refused.answer
        if request.path.startswith("/api/"):
            answer.headers.setdefault("x-ratelimit-limit", "5")
            answer.headers.setdefault("x-ratelimit-remaining", "4")
            answer.headers.setdefault("x-ratelimit-reset-after", "1.0")
        return answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            body = {"message": "You are being rate limited.", "retry_after": seconds}
            headers = {"retry-after": str(max(1, round(seconds))), "x-ratelimit-scope": "user"}
            return json_response(body | {"global": False}, 429, headers)
        if fault == "duplicate":
            return invalid("content", "DUPLICATE", "Duplicate message").answer
        if fault == "error_before_accept":
            return json_response({"message": "upstream connect error", "code": 0}, 503)
        return json_response({"message": "500: Internal Server Error", "code": 0}, 500)

    # --- Who asks --------------------------------------------------------------------------------

    def _bot(self, request: Request, channel: dict[str, Any] | None = None) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        lost = channel is not None and self.lost_access(channel["name"], 0.0)
        if kind != "Bot" or not token.startswith("sandbox-") or lost:
            raise Refused(401, 0, "401: Unauthorized")
        if not request.headers.get("user-agent", "").startswith("DiscordBot ("):
            raise Refused(403, 40333, "internal network error")

    def _channel(self, id: str) -> dict[str, Any]:
        """By its id, or by its name, which makes it."""
        name = self.store.get(self.key, "channel-id", id)
        if name is None and id.isdecimal():
            raise Refused(404, 10003, "Unknown Channel")
        name = name or id
        channel: dict[str, Any] | None = self.store.get(self.key, "channel", name)
        if channel is None:
            digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:5], "big")
            channel = {"id": str(800_000_000_000_000_000 + digest), "type": 0, "guild_id": GUILD}
            channel |= {"name": name, "nsfw": False}
            self.store.put(self.key, "channel", name, channel)
            self.store.put(self.key, "channel-id", channel["id"], name)
        return channel

    def _place(self, id: str) -> tuple[dict[str, Any], str | None]:
        """The channel, and the root message where `id` is a thread's."""
        thread = self.store.get(self.key, "thread", id)
        if thread is None:
            return self._channel(id), None
        return self._channel(thread["channel"]), str(thread["root"])

    # --- Reading ---------------------------------------------------------------------------------

    async def me(self, request: Request) -> Response:
        self._bot(request)
        return json_response(BOT)

    async def guild(self, request: Request) -> Response:
        self._bot(request)
        return json_response({"id": GUILD, "name": "The sandbox", "icon": None, "premium_tier": 0})

    async def channel(self, request: Request) -> Response:
        channel = self._channel(request.params["id"])
        self._bot(request, channel)
        return json_response(channel)

    async def messages(self, request: Request) -> Response:
        channel, _ = self._place(request.params["id"])
        self._bot(request, channel)
        if self.is_on("unreadable", channel["name"]):
            raise Refused(403, 50013, "Missing Permissions")
        after, limit = int(request.first("after", "0") or 0), int(request.first("limit", "50"))
        found = [
            post
            for post in reversed(self.store.posts(self.key, channel["name"], limit=5000))
            if post["channel_id"] == request.params["id"] and int(post["message"]) > after
        ]
        return json_response(
            [self.message_json(post, request.base) for post in reversed(found[: min(limit, 100)])]
        )

    async def message(self, request: Request) -> Response:
        channel, _ = self._place(request.params["id"])
        self._bot(request, channel)
        return json_response(self._stored(request, request.params["id"]))

    def _stored(self, request: Request, channel_id: str) -> dict[str, Any]:
        post = self.store.post(self.key, f"{channel_id}/{request.params['message']}")
        if post is None:
            raise Refused(404, 10008, "Unknown Message")
        return self.message_json(post, request.base)

    # --- Writing ---------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        channel, root = self._place(request.params["id"])
        self._bot(request, channel)
        payload, files = _payload(request)
        nonce = str(payload.get("nonce") or "")
        if len(nonce) > 25:
            raise invalid("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")

        def accept() -> Response:
            seen = (
                self.store.get(self.key, "nonce", nonce) if payload.get("enforce_nonce") else None
            )
            if seen and self.now() - seen["at"] < NONCE_KEPT:
                post = self.store.post(self.key, seen["id"])
                if post is not None:
                    return json_response(self.message_json(post, request.base) | {"nonce": nonce})
            answer = self._post(request, channel, request.params["id"], root, payload, files, BOT)
            if nonce and answer.status == 200:
                sent = json.loads(answer.body)
                doc = {"id": f"{sent['channel_id']}/{sent['id']}", "at": self.now()}
                self.store.put(self.key, "nonce", nonce, doc)
            return answer

        return await self.publish(channel["name"], accept)

    def _post(
        self,
        request: Request,
        channel: dict[str, Any],
        channel_id: str,
        root: str | None,
        payload: dict[str, Any],
        files: dict[str, Upload],
        author: dict[str, Any],
    ) -> Response:
        try:
            post = self._checked(payload, files)
            answered = self._answered(channel_id, payload)
        except Refused as refused:
            return refused.answer
        post |= {
            "message": str(self._next_id()),
            "channel_id": channel["id"] if root is None else channel_id,
            "name": channel["name"],
            "author": author,
            "answers": answered,
            "reply_to": root or (answered and f"{channel['id']}/{answered}"),
            "root": root or (answered and f"{channel['id']}/{answered}"),
            "at": self.now(),
        }
        post["id"] = f"{post['channel_id']}/{post['message']}"
        counted = post["text"] or " ".join(one["id"] for one in post["files"])
        self.store.add_post(self.key, post["id"], channel["name"], counted, post)
        return json_response(self.message_json(post, request.base))

    def _answered(self, channel_id: str, payload: dict[str, Any]) -> str | None:
        reference = payload.get("message_reference")
        if not reference:
            return None
        if self.store.post(self.key, f"{channel_id}/{reference.get('message_id')}") is None:
            raise invalid(
                "message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"
            )
        return str(reference["message_id"])

    def _checked(self, payload: dict[str, Any], files: dict[str, Upload]) -> dict[str, Any]:
        text, poll = str(payload.get("content") or "").strip(), payload.get("poll")
        if not text and not files and not poll:
            raise Refused(400, 50006, "Cannot send an empty message")
        if len(text) > 2000:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
        if len(files) > 10:
            raise invalid("files", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        described = {int(one["id"]): one for one in payload.get("attachments") or ()}
        if described and set(described) != set(range(len(files))):
            raise invalid("attachments", "ATTACHMENT_NOT_FOUND", "Attachment data not found")
        kept = []
        for number in range(len(files)):
            file, about = files[f"files[{number}]"], described.get(number, {})
            if len(file.data) > MAX_FILE:
                raise Refused(413, 40005, "Request entity too large")
            if len(str(about.get("description") or "")) > 1024:
                raise invalid("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer")
            id = hashlib.sha256(file.data).hexdigest()[:18]
            self.store.put_blob(self.key, id, file.mime, file.data)
            kept.append({"id": id, "mime": file.mime, "size": len(file.data), **_about(about)})
        if poll:
            text = _check_poll(poll, bool(files))
        answers = [one["poll_media"]["text"] for one in poll["answers"]] if poll else []
        return {"text": text, "files": kept, "poll": answers, "flags": payload.get("flags") or 0}

    async def start_thread(self, request: Request) -> Response:
        channel = self._channel(request.params["id"])
        self._bot(request, channel)
        id, name = request.params["message"], str(request.json().get("name") or "")
        root = f"{channel['id']}/{id}"
        if self.store.post(self.key, root) is None:
            raise Refused(404, 10008, "Unknown Message")
        if not 1 <= len(name) <= 100:
            raise invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")

        def accept() -> Response:
            if self.store.get(self.key, "thread", id) is not None:
                return Refused(
                    400, 160004, "A thread has already been created for this message"
                ).answer
            doc = {"channel": channel["name"], "root": root, "name": name}
            self.store.put(self.key, "thread", id, doc)
            thread = {"id": id, "type": 11, "name": name, "parent_id": channel["id"]}
            return json_response(thread | {"guild_id": GUILD, "message_count": 0}, 201)

        return await self.step("thread", channel["name"], accept)

    # --- Webhooks --------------------------------------------------------------------------------

    def _hook(self, request: Request) -> dict[str, Any]:
        token = request.params["token"]
        if not token.startswith("sandbox-"):
            raise Refused(401, 50027, "Invalid Webhook Token")
        channel = self._channel(token.removeprefix("sandbox-"))
        if self.lost_access(channel["name"], 0.0):
            raise Refused(404, 10015, "Unknown Webhook")
        return channel

    async def webhook(self, request: Request) -> Response:
        channel = self._hook(request)
        hook = {"id": request.params["id"], "type": 1, "name": channel["name"], "avatar": None}
        return json_response(hook | {"guild_id": GUILD, "channel_id": channel["id"]})

    async def execute_webhook(self, request: Request) -> Response:
        channel = self._hook(request)
        payload, files = _payload(request)
        author = {"id": request.params["id"], "username": channel["name"], "bot": True}

        def accept() -> Response:
            answer = self._post(request, channel, channel["id"], None, payload, files, author)
            if answer.status == 200 and request.first("wait") != "true":
                return Response(status=204)
            return answer

        return await self.publish(channel["name"], accept)

    async def hook_message(self, request: Request) -> Response:
        return json_response(self._stored(request, self._hook(request)["id"]))

    def _next_id(self) -> int:
        self._sequence = (self._sequence + 1) % 4096
        return (int(self.now() * 1000) - EPOCH_MS) << 22 | self._sequence

    async def permalink(self, request: Request) -> Response:
        id = f"{request.params['channel']}/{request.params['message']}"
        return self.page(self.store.post(self.key, id), request.base)


def _payload(request: Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return request.json(), {}
    pairs, files = request.form()
    return json.loads(dict(pairs).get("payload_json", "{}")), files


def _about(given: dict[str, Any]) -> dict[str, str]:
    return {
        "filename": str(given.get("filename") or "file"),
        "description": str(given.get("description") or ""),
    }


def _check_poll(poll: dict[str, Any], has_files: bool) -> str:
    question, answers = (
        str((poll.get("question") or {}).get("text") or ""),
        poll.get("answers") or [],
    )
    if has_files:
        raise Refused(400, 520001, "Poll and attachments cannot stand together")
    if not 1 <= len(question) <= 300:
        raise invalid("poll", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 300 in length.")
    if not 1 <= len(answers) <= 10:
        raise invalid("poll", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")
    if any(not 1 <= len(one["poll_media"]["text"]) <= 55 for one in answers):
        raise invalid("poll", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 55 in length.")
    if not 1 <= int(poll.get("duration") or 24) <= 768:
        raise invalid("poll", "NUMBER_TYPE_MAX", "Must be less than or equal to 768.")
    return question


simulator = DiscordSimulator
