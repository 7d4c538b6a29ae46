"""Slack's Web API small enough to read: OAuth v2, channels, messages, files, reactions, replies.

Any token `sandbox-<channel>` is a bot that sees that channel, #general and #random.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from apps.integrations.sandbox.desk import Desk, Held
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.store import Store

from .simulator_shapes import BOT_USER, TEAM, Refused, Shapes

TOKEN_SECONDS = 43_200
METHODS = (
    "auth.test",
    "conversations.list",
    "conversations.info",
    "conversations.join",
    "conversations.history",
    "conversations.replies",
    "chat.getPermalink",
    "files.getUploadURLExternal",
    "files.info",
)


class SlackSimulator(Shapes):
    key = "slack"
    name = "Slack"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._sequence = 0
        self.desk = Desk(
            self.key, self.name, store, self.now, ttl=TOKEN_SECONDS, rotates=True, separator=","
        )
        route = self.router.add
        route("GET", "/web/oauth/v2/authorize", self.authorize)
        route("GET", "/web/oauth/v2/approve", self.approve)
        route("POST", "/api/oauth.v2.access", self.access)
        for method in METHODS:
            handler = self._method(method)
            route("GET", f"/api/{method}", handler)
            route("POST", f"/api/{method}", handler)
        route("POST", "/api/chat.postMessage", self.post_message)
        route("POST", "/api/files.completeUploadExternal", self.complete)
        route("POST", "/upload/v1/{id}", self.receive)
        route("GET", "/files/{id}", self.file)
        route("GET", "/archives/{channel}/p{ts}", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            return await super().__call__(request)
        except Refused as refused:
            return refused.answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            headers = {"retry-after": str(max(1, round(seconds)))}
            return json_response({"ok": False, "error": "ratelimited"}, 429, headers)
        if fault == "duplicate":
            return Refused("duplicate_message").answer
        if fault == "error_before_accept":
            return Refused("service_unavailable").answer
        return Refused("internal_error").answer

    def _method(self, name: str) -> Callable[[Request], Any]:
        handler = getattr(self, name.replace(".", "_"))

        async def answer(request: Request) -> Response:
            held = self._held(request)
            return json_response({"ok": True, **handler(request, held, _fields(request))})

        return answer

    # --- Sign-in ---------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        return self.desk.consent(request, approve="/web/oauth/v2/approve")

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    async def access(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        given = self.desk.exchange(fields, request.headers.get("authorization", ""))
        if given == "invalid_client":
            raise Refused("bad_client_secret")
        if isinstance(given, str):
            renewing = fields.get("grant_type") == "refresh_token"
            raise Refused("invalid_refresh_token" if renewing else "invalid_code")
        return json_response(
            {
                "ok": True,
                "app_id": "A0SANDBOX",
                "authed_user": {"id": "U0PERSON"},
                "team": {"id": TEAM, "name": "The sandbox"},
                "enterprise": None,
                "is_enterprise_install": False,
                "bot_user_id": BOT_USER,
                **given,
                "token_type": "bot",
            }
        )

    def _held(self, request: Request, channel: str = "") -> Held:
        held = self.desk.held(request.bearer)
        if held is None:
            raise Refused("invalid_auth" if request.bearer else "not_authed")
        if held.until <= self.now():
            raise Refused("token_expired")
        for account in filter(None, (held.login, channel)):
            if lost := self.lost_access(account, held.at):
                raise Refused(f"token_{lost}")
        return held

    # --- Reading ---------------------------------------------------------------------------------

    def auth_test(self, request: Request, held: Held, fields: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": f"{request.base}/",
            "team": "The sandbox",
            "team_id": TEAM,
            "user": "candy",
            "user_id": BOT_USER,
            "bot_id": "B0SANDBOX",
        }

    def conversations_list(
        self, request: Request, held: Held, fields: dict[str, Any]
    ) -> dict[str, Any]:
        names = [held.login, *(one for one in ("general", "random") if one != held.login)]
        listed = [self.channel(name) for name in names]
        start = int(fields.get("cursor") or 0)
        end = start + min(int(fields.get("limit") or 100), 200)
        cursor = str(end) if end < len(listed) else ""
        return {"channels": listed[start:end], "response_metadata": {"next_cursor": cursor}}

    def conversations_info(
        self, request: Request, held: Held, fields: dict[str, Any]
    ) -> dict[str, Any]:
        return {"channel": self._known(request, fields)}

    def conversations_join(
        self, request: Request, held: Held, fields: dict[str, Any]
    ) -> dict[str, Any]:
        channel = self._known(request, fields)
        if channel["is_private"]:
            raise Refused("method_not_supported_for_channel_type")
        channel["is_member"] = True
        self.store.put(self.key, "channel", channel["name"], channel)
        return {"channel": channel}

    def conversations_history(
        self, request: Request, held: Held, fields: dict[str, Any]
    ) -> dict[str, Any]:
        channel = self._readable(request, fields)
        tops = [post for post in self._posts(channel, fields) if not post["reply_to"]]
        return self._listed(tops, fields)

    def conversations_replies(
        self, request: Request, held: Held, fields: dict[str, Any]
    ) -> dict[str, Any]:
        channel = self._readable(request, fields)
        root = self.store.post(self.key, f"{channel['id']}/{fields.get('ts')}")
        if root is None:
            raise Refused("thread_not_found")
        answers = [
            one for one in reversed(self._posts(channel, fields)) if one["root"] == root["id"]
        ]
        return self._listed([root, *answers], fields)

    def _posts(self, channel: dict[str, Any], fields: dict[str, Any]) -> list[dict[str, Any]]:
        oldest = float(fields.get("oldest") or 0)
        found = self.store.posts(self.key, channel["name"], limit=1000)
        return [post for post in found if float(post["ts"]) > oldest]

    def _listed(self, posts: list[dict[str, Any]], fields: dict[str, Any]) -> dict[str, Any]:
        start = int(fields.get("cursor") or 0)
        end = start + int(fields.get("limit") or 100)
        metadata = str(fields.get("include_all_metadata")).lower() in ("true", "1")
        more = end < len(posts)
        return {
            "messages": [self.message_json(post, metadata=metadata) for post in posts[start:end]],
            "has_more": more,
            "response_metadata": {"next_cursor": str(end) if more else ""},
        }

    def _readable(self, request: Request, fields: dict[str, Any]) -> dict[str, Any]:
        channel = self._known(request, fields)
        if not channel["is_member"]:
            raise Refused("not_in_channel")
        if self.is_on("unreadable", channel["name"]):
            raise Refused("missing_scope", needed="channels:history", provided="chat:write")
        return channel

    def _known(self, request: Request, fields: dict[str, Any], name: str = "channel") -> Any:
        """The channel of that id; the bot's access is checked for its account too."""
        known = self.store.get(self.key, "channel-id", str(fields.get(name) or ""))
        if known is None:
            raise Refused("channel_not_found")
        self._held(request, known)
        return self.channel(known)

    def chat_getPermalink(  # the method's own name
        self, request: Request, held: Held, fields: dict[str, Any]
    ) -> dict[str, Any]:
        channel, ts = self._known(request, fields), str(fields.get("message_ts"))
        if self.store.post(self.key, f"{channel['id']}/{ts}") is None:
            raise Refused("message_not_found")
        link = f"{request.base}/archives/{channel['id']}/p{ts.replace('.', '')}"
        return {"channel": channel["id"], "permalink": link}

    # --- Messages --------------------------------------------------------------------------------

    async def post_message(self, request: Request) -> Response:
        fields = _fields(request)
        channel = self._known(request, fields)

        def accept() -> Response:
            text = str(fields.get("text") or "")
            try:
                if not text.strip():
                    raise Refused("no_text")
                if len(text) > 4000:
                    raise Refused("msg_too_long")
                post = self._write(channel, text, [], str(fields.get("thread_ts") or ""))
            except Refused as refused:
                return refused.answer
            post["metadata"] = fields.get("metadata")
            self._keep(post)
            message = self.message_json(post, metadata=True)
            sent = {"channel": channel["id"], "ts": post["ts"], "message": message}
            return json_response({"ok": True, **sent})

        return await self.publish(channel["name"], accept)

    def _write(
        self, channel: dict[str, Any], text: str, files: list[str], thread: str
    ) -> dict[str, Any]:
        root = None
        if thread:
            root = self.store.post(self.key, f"{channel['id']}/{thread}")
            if root is None or root["reply_to"]:
                raise Refused("thread_not_found" if root is None else "cannot_reply_to_message")
        self._sequence = (self._sequence + 1) % 1_000_000
        ts = f"{int(self.now())}.{self._sequence:06d}"
        return {
            "id": f"{channel['id']}/{ts}",
            "ts": ts,
            "channel": channel["id"],
            "name": channel["name"],
            "text": text,
            "files": files,
            "metadata": None,
            "reply_to": root["id"] if root else None,
            "root": root["id"] if root else None,
            "at": self.now(),
        }

    def _keep(self, post: dict[str, Any]) -> None:
        counted = post["text"] or " ".join(post["files"])
        self.store.add_post(self.key, post["id"], post["name"], counted, post)

    # --- Files -----------------------------------------------------------------------------------

    def files_getUploadURLExternal(  # the method's own name
        self, request: Request, held: Held, fields: dict[str, Any]
    ) -> dict[str, Any]:
        if not fields.get("filename") or not str(fields.get("length") or "").isdecimal():
            raise Refused("invalid_arguments")
        self._sequence += 1
        stamp = f"{self.now()}:{self._sequence}"
        id = "F" + hashlib.sha256(stamp.encode()).hexdigest()[:10].upper()
        file = {"id": id, "name": fields["filename"], "length": int(fields["length"])}
        file |= {"alt": str(fields.get("alt_txt") or ""), "ready_at": 0.0, "ts": "", "channel": ""}
        self.store.put(self.key, "file", id, file)
        return {"file_id": id, "upload_url": f"{request.base}/upload/v1/{id}"}

    async def receive(self, request: Request) -> Response:
        file = self.store.get(self.key, "file", request.params["id"])
        if file is None or len(request.body) != file["length"]:
            return Response(b"Bad upload", 400, {"content-type": "text/plain"})
        if request.bearer:
            return Response(b"No token belongs here", 400, {"content-type": "text/plain"})
        mime = request.headers.get("content-type", "application/octet-stream")
        self.store.put_blob(self.key, file["id"], mime, request.body)
        said = f"OK - {len(request.body)}".encode()
        return Response(said, 200, {"content-type": "text/plain"})

    def files_info(self, request: Request, held: Held, fields: dict[str, Any]) -> dict[str, Any]:
        file = self.store.get(self.key, "file", str(fields.get("file") or ""))
        if file is None:
            raise Refused("file_not_found")
        return {"file": self.file_json(file)}

    async def complete(self, request: Request) -> Response:
        fields = _fields(request)
        channel = self._known(request, fields, "channel_id")
        listed = json.loads(str(fields.get("files") or "[]"))

        def accept() -> Response:
            try:
                files = [self._uploaded(one) for one in listed]
                if not files:
                    raise Refused("invalid_arguments")
                if not channel["is_member"]:
                    raise Refused("not_in_channel")
                text, thread = str(fields.get("initial_comment") or ""), fields.get("thread_ts")
                if len(text) > 4000:
                    raise Refused("msg_too_long")
                ids = [file["id"] for file in files]
                post = self._write(channel, text, ids, str(thread or ""))
            except Refused as refused:
                return refused.answer
            self._keep(post)
            wait = 0.0
            if self.is_on("slow_processing", channel["name"]):
                wait = self.scenario(channel["name"]).seconds
            for file in files:
                file |= {"ts": post["ts"], "channel": channel["id"], "ready_at": self.now() + wait}
                self.store.put(self.key, "file", file["id"], file)
            shown = [{"id": file["id"], "title": file["name"]} for file in files]
            return json_response({"ok": True, "files": shown})

        return await self.publish(channel["name"], accept)

    def _uploaded(self, one: dict[str, Any]) -> dict[str, Any]:
        file: dict[str, Any] | None = self.store.get(self.key, "file", str(one.get("id")))
        if file is None or self.store.blob(self.key, file["id"]) is None:
            raise Refused("file_not_found")
        return file

    async def permalink(self, request: Request) -> Response:
        digits = request.params["ts"]
        id = f"{request.params['channel']}/{digits[:-6]}.{digits[-6:]}"
        return self.page(self.store.post(self.key, id), request.base)


def _fields(request: Request) -> dict[str, Any]:
    """A call's arguments, wherever they stand."""
    if request.method == "GET":
        return dict(request.query)
    if request.headers.get("content-type", "").startswith("application/json"):
        return request.json()
    return dict(request.form()[0])


simulator = SlackSimulator
