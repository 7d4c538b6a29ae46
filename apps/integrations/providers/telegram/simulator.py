"""The Bot API small enough to read. Any token `sandbox-…` is a bot that may post in any chat.

A chat comes into being when it is first asked for by name; its name is the account's.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, Upload, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from ..counting import utf16_units

BOT_ID = 7_000_000_001
MAX_PHOTO, MAX_FILE = 10_000_000, 50_000_000
NESTED = ("media", "options", "reply_parameters", "link_preview_options")
KINDS = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAnimation": "animation",
    "sendDocument": "document",
}


class Refused(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if parameters:
            body["parameters"] = parameters
        self.answer = json_response(body, code)


def bad(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


class TelegramSimulator(Simulator):
    key = "telegram"
    name = "Telegram"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.router.add("POST", "/bot{token}/{method}", self.call)
        self.router.add("GET", "/t/{chat}/{id}", self.permalink)
        self.router.add("GET", "/files/{id}", self.file)

    async def __call__(self, request: Request) -> Response:
        try:
            return await super().__call__(request)
        except Refused as refused:
            return refused.answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            wait = max(1, round(seconds))
            return Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait).answer
        if fault == "duplicate":
            return bad("message is not modified").answer
        code, said = (502, "Bad Gateway")
        if fault != "error_before_accept":
            code, said = 500, "Internal Server Error"
        return Refused(code, said).answer

    # --- The one door ----------------------------------------------------------------------------

    async def call(self, request: Request) -> Response:
        token, method = request.params["token"], request.params["method"]
        if not token.partition(":")[2].startswith("sandbox-") and not token.startswith("sandbox-"):
            raise Refused(401, "Unauthorized")
        fields, files = _fields(request)
        if method == "getMe":
            return _ok(
                {"id": BOT_ID, "is_bot": True, "first_name": "Candy", "username": "candybot"}
            )
        chat = self._chat(str(fields.get("chat_id", "")))
        if self.lost_access(chat["username"], 0.0):
            raise Refused(401, "Unauthorized")
        if method == "getChat":
            return _ok(chat)
        if method == "getChatMember":
            return _ok(self._member(fields))
        if not method.startswith("send"):
            raise Refused(404, "Not Found")

        def accept() -> Response:
            try:
                return _ok(self._send(chat, method, fields, files))
            except Refused as refused:
                return refused.answer

        return await self.publish(chat["username"], accept)

    def _chat(self, named: str) -> dict[str, Any]:
        if not named:
            raise bad("chat_id is empty")
        username = named.removeprefix("@")
        if not named.startswith("@"):
            username = self.store.get(self.key, "id", named) or ""
        if not username or (not username.replace("_", "").replace("-", "").isalnum()):
            raise bad("chat not found")
        chat: dict[str, Any] | None = self.store.get(self.key, "chat", username)
        if chat is None:
            digest = int.from_bytes(hashlib.sha256(username.encode()).digest()[:4], "big")
            chat = {"id": -1_001_000_000_000 - digest, "type": "channel", "username": username}
            chat["title"] = username.replace("_", " ").title()
            self.store.put(self.key, "chat", username, chat)
            self.store.put(self.key, "id", str(chat["id"]), username)
        return chat

    @staticmethod
    def _member(fields: dict[str, Any]) -> dict[str, Any]:
        if int(fields.get("user_id") or 0) != BOT_ID:
            raise bad("user not found")
        user = {"id": BOT_ID, "is_bot": True, "first_name": "Candy"}
        return {"status": "administrator", "user": user, "can_post_messages": True}

    # --- Sending ---------------------------------------------------------------------------------

    def _send(
        self, chat: dict[str, Any], method: str, fields: dict[str, Any], files: dict[str, Upload]
    ) -> Any:
        post: dict[str, Any] = {"chat": chat["username"], "at": self.now(), "media": []}
        post |= self._answered(chat, fields)
        if method == "sendMessage":
            post["text"] = _text(fields, "text", 4096, "message text is empty")
        elif method == "sendPoll":
            post |= _poll(fields)
        elif method == "sendMediaGroup":
            post |= self._album(fields, files)
        elif kind := KINDS.get(method):
            post["text"] = _text(fields, "caption", 1024)
            post["media"] = [self._keep(kind, fields.get(kind), kind, files, fields)]
        else:
            raise Refused(404, "Not Found")
        last = self.store.get(self.key, "last", chat["username"]) or 0
        count = max(1, len(post["media"]))
        self.store.put(self.key, "last", chat["username"], last + count)
        post["id"] = f"{chat['username']}/{last + 1}"
        counted = post["text"] or " ".join(one["id"] for one in post["media"])
        self.store.add_post(self.key, post["id"], chat["username"], counted, post)
        messages = [self._message(chat, post, last + 1 + n, n) for n in range(count)]
        return messages if method == "sendMediaGroup" else messages[0]

    def _answered(self, chat: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        reply = fields.get("reply_parameters") or {}
        if not reply:
            return {"reply_to": None, "root": None}
        parent = self.store.post(self.key, f"{chat['username']}/{reply.get('message_id')}")
        if parent is None:
            raise bad("message to be replied not found")
        return {"reply_to": parent["id"], "root": parent.get("root") or parent["id"]}

    def _album(self, fields: dict[str, Any], files: dict[str, Upload]) -> dict[str, Any]:
        media = fields.get("media") or []
        if not 2 <= len(media) <= 10:
            raise bad("there must be from 2 to 10 media to send")
        kinds = {str(one.get("type")) for one in media}
        if len(kinds) > 1 and not kinds <= {"photo", "video"}:
            raise bad("document can't be mixed with other media types")
        if "animation" in kinds:
            raise bad("type of media is invalid")
        kept = []
        for one in media:
            name = str(one.get("media", "")).removeprefix("attach://")
            kept.append(self._keep(str(one.get("type")), one.get("media"), name, files, one))
        captions = [_text(one, "caption", 1024) for one in media]
        return {"text": next((one for one in captions if one), ""), "media": kept}

    def _keep(
        self, kind: str, given: Any, name: str, files: dict[str, Upload], entry: dict[str, Any]
    ) -> dict[str, Any]:
        file = files.get(name)
        if file is None or not file.data:
            raise bad("wrong file identifier/HTTP URL specified" if given else "file is empty")
        if len(file.data) > (MAX_PHOTO if kind == "photo" else MAX_FILE):
            raise Refused(413, "Request Entity Too Large")
        if kind == "photo" and not file.mime.startswith("image/"):
            raise bad("IMAGE_PROCESS_FAILED")
        if kind == "video" and not file.mime.startswith("video/"):
            raise bad("VIDEO_CONTENT_TYPE_INVALID")
        id = hashlib.sha256(file.data).hexdigest()[:24]
        self.store.put_blob(self.key, id, file.mime, file.data)
        kept = {"id": id, "kind": kind, "cover": ""}
        cover = str(entry.get("cover", "")).removeprefix("attach://")
        if cover:
            if cover not in files:
                raise bad("wrong file identifier/HTTP URL specified")
            kept["cover"] = f"{id}-cover"
            self.store.put_blob(self.key, kept["cover"], files[cover].mime, files[cover].data)
        return kept

    # --- Shapes ----------------------------------------------------------------------------------

    @staticmethod
    def _message(
        chat: dict[str, Any], post: dict[str, Any], message_id: int, number: int
    ) -> dict[str, Any]:
        message: dict[str, Any] = {
            "message_id": message_id,
            "sender_chat": chat,
            "chat": chat,
            "date": int(post["at"]),
        }
        if post.get("poll"):
            options = [{"text": one, "voter_count": 0} for one in post["poll"]]
            message["poll"] = {"id": str(message_id), "question": post["text"], "options": options}
        elif post["media"]:
            one = post["media"][number]
            file = {"file_id": one["id"], "file_unique_id": one["id"][:12]}
            message[one["kind"]] = [file] if one["kind"] == "photo" else file
            if number == 0 and post["text"]:
                message["caption"] = post["text"]
        else:
            message["text"] = post["text"]
        return message

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        def files(*kinds: str) -> list[dict[str, Any]]:
            return [one for one in post["media"] if one["kind"] in kinds]

        def url(id: str) -> str:
            return f"{base}/files/{id}" if id else ""

        documents = files("document")
        return FeedPost(
            id=post["id"],
            handle=f"@{post['chat']}",
            name=post["chat"].replace("_", " ").title(),
            html=rich_html(
                post["text"], [*link_anchors(post["text"]), *tag_anchors(post["text"], base)]
            ),
            at=post["at"],
            permalink=f"{base}/t/{post['id']}",
            images=tuple((url(one["id"]), "") for one in files("photo", "animation")),
            videos=tuple((url(one["id"]), url(one["cover"])) for one in files("video")),
            document=(url(documents[0]["id"]), "Document") if documents else None,
            poll=tuple(post.get("poll") or ()),
            replies=tuple(self.feed_post(one, base) for one in self.answers_to(post, post["chat"])),
        )

    async def permalink(self, request: Request) -> Response:
        id = f"{request.params['chat']}/{request.params['id']}"
        return self.page(self.store.post(self.key, id), request.base)

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            raise Refused(404, "Not Found")
        return Response(blob[1], 200, {"content-type": blob[0]})


def _ok(result: Any) -> Response:
    return json_response({"ok": True, "result": result})


def _fields(request: Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """A call's parameters: JSON, or a form in which lists and objects are JSON again."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return request.json(), {}
    pairs, files = request.form()
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[name] = json.loads(value) if name in NESTED else value
    return found, files


def _text(fields: dict[str, Any], name: str, limit: int, empty: str = "") -> str:
    text = str(fields.get(name) or "").strip()
    if empty and not text:
        raise bad(empty)
    if utf16_units(text) > limit:
        raise bad("message is too long" if limit > 1024 else "message caption is too long")
    return text


def _poll(fields: dict[str, Any]) -> dict[str, Any]:
    question, options = str(fields.get("question") or ""), fields.get("options") or []
    if not 1 <= utf16_units(question) <= 300:
        raise bad("poll question must be from 1 to 300 characters")
    if not 2 <= len(options) <= 12:
        raise bad("poll must have from 2 to 12 answer options")
    texts = [str(one.get("text", "")) for one in options]
    if any(not 1 <= utf16_units(text) <= 100 for text in texts):
        raise bad("poll options length must not exceed 100")
    if not 5 <= int(fields.get("open_period") or 5) <= 2_628_000:
        raise bad("can't send poll with such an open period")
    return {"text": question, "poll": texts}


simulator = TelegramSimulator
