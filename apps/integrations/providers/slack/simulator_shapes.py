"""What simulated Slack answers with, in the shapes of the real one."""

from __future__ import annotations

import hashlib
from html import unescape
from typing import Any

from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html
from apps.integrations.sandbox.simulator import Simulator

TEAM, BOT_USER = "T0SANDBOX", "U0CANDY"
SIZES: dict[str, float] = {"thumbsup": 11, "tada": 7, "replies": 4}


class Refused(Exception):
    """Slack refuses with HTTP 200 and a code."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer = json_response({"ok": False, "error": code, **more})


class Shapes(Simulator):
    def channel(self, name: str) -> dict[str, Any]:
        channel: dict[str, Any] | None = self.store.get(self.key, "channel", name)
        if channel is None:
            digest = hashlib.sha256(name.encode()).hexdigest()[:9].upper()
            private = name.startswith("private-")
            channel = {"id": f"C{digest}", "name": name, "is_channel": True, "is_archived": False}
            channel |= {"is_private": private, "is_member": private}
            self.store.put(self.key, "channel", name, channel)
            self.store.put(self.key, "channel-id", channel["id"], name)
        return channel

    def message_json(self, post: dict[str, Any], *, metadata: bool = False) -> dict[str, Any]:
        grown = self.grown(post["id"], post["at"], SIZES)
        message: dict[str, Any] = {
            "type": "message",
            "user": BOT_USER,
            "bot_id": "B0SANDBOX",
            "team": TEAM,
            "text": post["text"],
            "ts": post["ts"],
        }
        reactions: list[dict[str, Any]] = [
            {"name": name, "users": [], "count": grown[name]}
            for name in ("thumbsup", "tada")
            if grown[name]
        ]
        if reactions:
            message["reactions"] = reactions
        if post["reply_to"]:
            message["thread_ts"] = post["root"].partition("/")[2]
        elif grown["replies"]:
            message |= {"thread_ts": post["ts"], "reply_count": grown["replies"]}
        if post["files"]:
            message["files"] = [{"id": one} for one in post["files"]]
        if metadata and post["metadata"]:
            message["metadata"] = post["metadata"]
        return message

    def file_json(self, file: dict[str, Any]) -> dict[str, Any]:
        """Where a file is shown is known some time after it was shared."""
        shown = file["ts"] and file["ready_at"] <= self.now()
        places = {file["channel"]: [{"ts": file["ts"], "reply_users": []}]} if shown else {}
        return {
            "id": file["id"],
            "name": file["name"],
            "title": file["name"],
            "size": file["length"],
            "alt_txt": file["alt"],
            "shares": {"public": places} if places else {},
        }

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        files = [
            (self.store.get(self.key, "file", id), self.store.blob(self.key, id))
            for id in post["files"]
        ]
        there = [(file, blob[0]) for file, blob in files if file and blob]

        def url(file: dict[str, Any]) -> str:
            return f"{base}/files/{file['id']}"

        text, grown = unescape(post["text"]), self.grown(post["id"], post["at"], SIZES)
        documents = [file for file, mime in there if not mime.startswith(("image/", "video/"))]
        return FeedPost(
            id=post["id"],
            handle=f"#{post['name']}",
            name="Candy",
            html=rich_html(text, link_anchors(text)),
            at=post["at"],
            permalink=f"{base}/archives/{post['channel']}/p{post['ts'].replace('.', '')}",
            images=tuple(
                (url(file), file["alt"]) for file, mime in there if mime.startswith("image/")
            ),
            videos=tuple((url(file), "") for file, mime in there if mime.startswith("video/")),
            document=(url(documents[0]), documents[0]["name"]) if documents else None,
            counters=(
                ("reactions", grown["thumbsup"] + grown["tada"]),
                ("replies", grown["replies"]),
            ),
            replies=tuple(self.feed_post(one, base) for one in self.answers_to(post, post["name"])),
        )

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            return Response(b"Not found", 404, {"content-type": "text/plain"})
        return Response(blob[1], 200, {"content-type": blob[0]})
