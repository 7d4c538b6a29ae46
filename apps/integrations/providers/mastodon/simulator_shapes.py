"""What the simulated Mastodon server answers with, in the shapes of the real one."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.simulator import Simulator

from ..text import tags
from .text import mentions

SIZES: dict[str, float] = {
    "favourites_count": 38,
    "reblogs_count": 11,
    "replies_count": 6,
    "quotes_count": 2,
}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.answer = json_response({"error": error}, status)


class Shapes(Simulator):
    """Accounts, media, polls and statuses as JSON, and a status as its readers see it."""

    def _account(self, login: str) -> dict[str, Any]:
        raise NotImplementedError

    def account_json(self, account: dict[str, Any], base: str) -> dict[str, Any]:
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

    def media_json(self, media: dict[str, Any], base: str) -> dict[str, Any]:
        url = f"{base}/files/{media['id']}" if media["ready_at"] <= self.now() else None
        kind = "image"
        if media["mime"] == "image/gif":
            kind = "gifv"
        elif media["mime"].startswith("video/"):
            kind = "video"
        meta: dict[str, Any] = {}
        if media.get("focus"):
            x, y = media["focus"].split(",")
            meta["focus"] = {"x": float(x), "y": float(y)}
        return {
            "id": media["id"],
            "type": kind,
            "url": url,
            "preview_url": f"{base}/files/{media['cover']}" if media.get("cover") and url else url,
            "description": media["description"],
            "meta": meta,
        }

    def _poll_json(self, post: dict[str, Any]) -> dict[str, Any] | None:
        poll = post.get("poll")
        if poll is None:
            return None
        ends = post["at"] + poll["seconds"]
        return {
            "id": post["id"],
            "expires_at": iso(ends),
            "expired": ends <= self.now(),
            "multiple": poll["multiple"],
            "votes_count": 0,
            "voters_count": 0,
            "options": [{"title": one, "votes_count": 0} for one in poll["options"]],
            "emojis": [],
        }

    def counters(self, post: dict[str, Any]) -> dict[str, int]:
        return self.grown(post["id"], post["at"], SIZES)

    def status_json(self, post: dict[str, Any], base: str) -> dict[str, Any]:
        account = self._account(post["login"])
        media = [self.store.get(self.key, "media", id) for id in post["media"]]
        return {
            "id": post["id"],
            "created_at": iso(post["at"]),
            "in_reply_to_id": post.get("reply_to"),
            "in_reply_to_account_id": account["id"] if post.get("reply_to") else None,
            "sensitive": post["sensitive"],
            "spoiler_text": post["spoiler"],
            "visibility": post["visibility"],
            "language": post["language"],
            "uri": f"{base}/users/{post['login']}/statuses/{post['id']}",
            "url": f"{base}/@{post['login']}/{post['id']}",
            "content": _html(post["text"], base),
            "edited_at": None,
            "reblog": None,
            "application": {"name": "Candy", "website": None},
            "account": self.account_json(account, base),
            "media_attachments": [self.media_json(m, base) for m in media if m],
            "mentions": [],
            "tags": [
                {"name": t.value, "url": f"{base}/tags/{t.value}"} for t in tags(post["text"])
            ],
            "emojis": [],
            "card": None,
            "poll": self._poll_json(post),
            "quote_approval": {"automatic": [post["quotes"]], "manual": []},
            **self.counters(post),
        }

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        status = self.status_json(post, base)
        counters = {k.removesuffix("_count"): v for k, v in self.counters(post).items()}
        attached = [m for m in status["media_attachments"] if m["url"]]
        return FeedPost(
            id=post["id"],
            handle=f"@{post['login']}",
            name=status["account"]["display_name"],
            html=status["content"],
            at=post["at"],
            permalink=status["url"],
            images=tuple(
                (m["url"], m["description"] or "") for m in attached if m["type"] != "video"
            ),
            videos=tuple(
                (m["url"], m["preview_url"] if m["preview_url"] != m["url"] else "")
                for m in attached
                if m["type"] == "video"
            ),
            poll=tuple((post.get("poll") or {}).get("options", ())),
            counters=tuple(counters.items()),
            warning=post["spoiler"],
            replies=tuple(
                self.feed_post(one, base) for one in self.answers_to(post, post["login"])
            ),
        )

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


def _html(text: str, base: str) -> str:
    people = [
        (span, f'<a href="{base}/@{span.value}" class="u-url mention">') for span in mentions(text)
    ]
    return rich_html(text, [*link_anchors(text), *tag_anchors(text, base), *people])
