"""What simulated Discord answers with, in the shapes of the real one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html
from apps.integrations.sandbox.simulator import Simulator

BOT = {"id": "700000000000000001", "username": "Candy", "bot": True}
GUILD = "900000000000000001"
SIZES: dict[str, float] = {"heart": 14, "fire": 9, "thread": 6}
EMOJI = {"heart": "❤️", "fire": "🔥"}


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.answer = json_response({"message": message, "code": code, **more}, status)


def invalid(field: str, code: str, message: str) -> Refused:
    errors = {field: {"_errors": [{"code": code, "message": message}]}}
    return Refused(400, 50035, "Invalid Form Body", errors=errors)


class Shapes(Simulator):
    def message_json(self, post: dict[str, Any], base: str) -> dict[str, Any]:
        grown = self.grown(post["id"], post["at"], SIZES)
        message: dict[str, Any] = {
            "id": post["message"],
            "type": 19 if post.get("answers") else 0,
            "channel_id": post["channel_id"],
            "author": post["author"],
            "content": "" if post["poll"] else post["text"],
            "timestamp": datetime.fromtimestamp(post["at"], UTC).isoformat(),
            "edited_timestamp": None,
            "flags": post["flags"],
            "attachments": [
                {
                    "id": one["id"],
                    "filename": one["filename"],
                    "description": one["description"],
                    "size": one["size"],
                    "content_type": one["mime"],
                    "url": f"{base}/files/{one['id']}",
                }
                for one in post["files"]
            ],
            "embeds": [],
            "mentions": [],
            "reactions": [
                {"count": grown[name], "emoji": {"id": None, "name": emoji}, "me": False}
                for name, emoji in EMOJI.items()
                if grown[name]
            ],
            "thread": {"id": post["message"], "type": 11, "message_count": grown["thread"]},
        }
        if post.get("answers"):
            message["message_reference"] = {
                "message_id": post["answers"],
                "channel_id": post["channel_id"],
                "guild_id": GUILD,
            }
        if post["poll"]:
            message["poll"] = {
                "question": {"text": post["text"]},
                "answers": [{"poll_media": {"text": one}} for one in post["poll"]],
            }
        return message

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        def files(kind: str) -> list[dict[str, Any]]:
            return [one for one in post["files"] if one["mime"].startswith(kind)]

        def url(one: dict[str, Any]) -> str:
            return f"{base}/files/{one['id']}"

        documents = [*files("application/"), *files("text/")]
        grown = self.grown(post["id"], post["at"], SIZES)
        counters = {"reactions": grown["heart"] + grown["fire"], "replies": grown["thread"]}
        return FeedPost(
            id=post["id"],
            handle=f"#{post['name']}",
            name=post["author"]["username"],
            html=rich_html(post["text"], link_anchors(post["text"])),
            at=post["at"],
            permalink=f"{base}/channels/{GUILD}/{post['id']}",
            images=tuple((url(one), one["description"]) for one in files("image/")),
            videos=tuple((url(one), "") for one in files("video/")),
            document=(url(documents[0]), documents[0]["filename"]) if documents else None,
            poll=tuple(post["poll"]),
            counters=tuple(counters.items()),
            replies=tuple(self.feed_post(one, base) for one in self.answers_to(post, post["name"])),
        )

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            raise Refused(404, 10008, "Unknown file")
        return Response(blob[1], 200, {"content-type": blob[0]})
