"""X's posts: what it refuses, how it rewrites a text, whom it lets answer, and the numbers."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from apps.integrations.sandbox.kernel import Request, Response, json_response

from ..counting import weighted
from ..text import links
from .simulated import Refused, invalid, iso, problem
from .simulated_files import key_of
from .text import cashtags

if TYPE_CHECKING:
    from .simulator import XSimulator

REPLY_SETTINGS = ("following", "mentionedUsers", "subscribers", "verified")
SETTINGS = {
    "text",
    "media",
    "poll",
    "reply",
    "reply_settings",
    "made_with_ai",
    "paid_partnership",
    "share_with_followers",
    "nullcast",
}
FIELDS = {
    "created_at",
    "entities",
    "attachments",
    "referenced_tweets",
    "note_tweet",
    "public_metrics",
    "non_public_metrics",
    "organic_metrics",
    "conversation_id",
    "id",
    "text",
}
REPEAT_SECONDS = 86_400  # that a text may not be used again
PRIVATE_SECONDS = 30 * 86_400  # that private numbers can be read
SIZES: dict[str, float] = {
    "retweet_count": 14,
    "reply_count": 7,
    "like_count": 52,
    "quote_count": 3,
    "bookmark_count": 9,
    "impression_count": 2_900,
}
PRIVATE_SIZES: dict[str, float] = {"url_link_clicks": 31, "user_profile_clicks": 12}


def forbidden(detail: str, type: str = "about:blank") -> Refused:
    return Refused(problem(403, "Forbidden", detail, type=type))


class Posts:
    def __init__(self, network: XSimulator) -> None:
        self.network = network
        self.store = network.store

    # --- Writing ---------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        account = self.network.account(self.network.held(request, "tweet.write"))
        login, wish = account["username"], request.json()
        if unknown := set(wish) - SETTINGS:
            raise invalid(f"[{', '.join(sorted(unknown))}] is not allowed")
        if self.network.is_on("quota_full", login):
            reset = str(int(self.network.now()) + 3600)
            headers = {
                "x-user-limit-24hour-limit": "100",
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": reset,
            }
            return problem(429, "Too Many Requests", "Too Many Requests", headers=headers)

        def accept() -> Response:
            try:
                post = self._checked(account, wish)
            except Refused as refused:
                return refused.answer
            self.store.add_post("x", post["id"], login, post["text"], post)
            if post["root"]:
                below = self.store.get("x", "below", post["root"]) or []
                self.store.put("x", "below", post["root"], [*below, post["id"]])
            data = {
                "id": post["id"],
                "text": self._rewritten(post, request.base)[0],
                "edit_history_tweet_ids": [post["id"]],
            }
            return json_response({"data": data}, 201)

        if wish.get("reply"):
            return await self.network.step("thread", login, accept)
        return await self.network.publish(login, accept)

    def _checked(self, account: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
        login, text = account["username"], str(wish.get("text") or "").strip()
        media = self._media(wish, login)
        if not text and not media:
            raise invalid("The post needs text or media", text=[""])
        if weighted(text) > (25_000 if account["premium"] else 280):
            raise forbidden("Your Tweet text is too long.")
        if len(set(cashtags(text))) > 1:
            raise invalid("A post may have a maximum of one cashtag.", text=[text[:40]])
        self._check_poll(wish, text)
        if wish.get("reply_settings") not in (None, *REPLY_SETTINGS):
            raise invalid("reply_settings is not valid", reply_settings=[wish["reply_settings"]])
        parent = self._check_reply(account, wish)
        reply_to = parent["id"] if parent else ""
        self._check_repeat(login, text, media, reply_to)
        return {
            "id": str(self.network.next_id()),
            "login": login,
            "text": text,
            "media": media,
            "poll": wish.get("poll"),
            "reply_to": reply_to,
            "root": (parent["root"] or parent["id"]) if parent else "",
            "reply_settings": wish.get("reply_settings") or "everyone",
            "made_with_ai": bool(wish.get("made_with_ai")),
            "paid_partnership": bool(wish.get("paid_partnership")),
            "at": self.network.now(),
        }

    def _media(self, wish: dict[str, Any], login: str) -> list[str]:
        if not wish.get("media"):
            return []
        ids = [str(one) for one in wish["media"].get("media_ids") or ()]
        if not 1 <= len(ids) <= 4:
            raise invalid(f"media_ids: expected maximum of 4 items, found {len(ids)}")
        found = self.network.files.usable(ids, login)
        moving = [one for one in found if one["category"] != "tweet_image"]
        if moving and len(found) > 1:
            raise invalid("media: 4 photos, or 1 GIF, or 1 video", **{"media.media_ids": ids})
        return ids

    @staticmethod
    def _check_poll(wish: dict[str, Any], text: str) -> None:
        poll = wish.get("poll")
        if poll is None:
            return
        options = [str(one) for one in poll.get("options") or ()]
        minutes = int(poll.get("duration_minutes") or 0)
        if wish.get("media") or not text:
            raise invalid("A poll goes with text, and not with media", poll=[])
        if not 2 <= len(options) <= 4 or any(not 1 <= len(one) <= 25 for one in options):
            raise invalid("poll.options is not valid", **{"poll.options": options})
        if not 5 <= minutes <= 10_080:
            raise invalid(
                "poll.duration_minutes is not valid", **{"poll.duration_minutes": [str(minutes)]}
            )

    def _check_reply(self, account: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any] | None:
        """The post that this one answers. Self-serve apps may answer who mentioned them first."""
        reply = wish.get("reply")
        if not reply:
            return None
        parent: dict[str, Any] | None = self.store.post("x", str(reply.get("in_reply_to_tweet_id")))
        if parent is None:
            raise forbidden(
                "You attempted to reply to a Tweet that is deleted or not visible to you."
            )
        own = parent["login"] == account["username"]
        mentioned = f"@{account['username']}" in parent["text"]
        if (own and account["noreply"]) or not (own or mentioned):
            raise forbidden("You are not permitted to perform this action.")
        return parent

    def _check_repeat(self, login: str, text: str, media: list[str], reply_to: str) -> None:
        for post in self.store.posts("x", login, 100):
            if post["at"] + REPEAT_SECONDS < self.network.now():
                return
            if (post["text"], post["media"], post["reply_to"]) == (text, media, reply_to):
                raise forbidden("You are not allowed to create a Tweet with duplicate content.")

    async def delete(self, request: Request) -> Response:
        account = self.network.account(self.network.held(request, "tweet.write"))
        post = self.store.post("x", request.params["id"])
        if post is None or post["login"] != account["username"]:
            raise forbidden("You are not authorized to delete this Tweet.")
        self.store.drop_post("x", post["id"])
        return json_response({"data": {"deleted": True}})

    # --- Reading ---------------------------------------------------------------------------------

    async def timeline(self, request: Request) -> Response:
        account = self.network.account(self.network.held(request, "tweet.read"))
        if self.network.is_on("unreadable", account["username"]):
            raise forbidden(
                "This client is not permitted to read this.",
                "https://api.x.com/2/problems/client-forbidden",
            )
        login = self.store.get("x", "login", request.params["id"])
        most = int(request.first("max_results", "10"))
        if not 5 <= most <= 100:
            raise invalid("max_results is not between 5 and 100", max_results=[str(most)])
        since = request.first("start_time")
        after = datetime.fromisoformat(since).timestamp() if since else 0.0
        start = int(request.first("pagination_token") or 0)
        newest = self.store.posts("x", login or "", start + most + 1)
        every = [one for one in newest if one["at"] >= after]
        page = every[start : start + most]
        fields = self._fields(request)
        meta: dict[str, Any] = {"result_count": len(page)}
        if start + most < len(every):
            meta["next_token"] = str(start + most)
        data = [self._json(post, request.base, fields)[0] for post in page]
        return json_response({"data": data, "meta": meta} if data else {"meta": meta})

    async def several(self, request: Request) -> Response:
        account = self.network.account(self.network.held(request, "tweet.read"))
        ids = request.first("ids").split(",")
        for id in ids:
            if not (id.isdigit() and len(id) <= 19):
                raise invalid(f"The `ids` query parameter value [{id}] is not valid", ids=[id])
        if len(ids) > 100:
            raise invalid("The number of values in `ids` is not between 1 and 100", ids=ids[:1])
        fields = self._fields(request)
        if "non_public_metrics" in fields and self.network.is_on(
            "dead_metric", account["username"]
        ):
            raise invalid(
                "The `tweet.fields` query parameter value [non_public_metrics] is not one of "
                f"[{','.join(sorted(FIELDS - {'non_public_metrics'}))}]",
                **{"tweet.fields": ["non_public_metrics"]},
            )
        data, errors = [], []
        for id in ids:
            post = self.store.post("x", id)
            if post is None:
                errors.append(_missing(id))
                continue
            shown, withheld = self._json(post, request.base, fields, account["username"])
            data.append(shown)
            errors += withheld
        body = {"data": data} if data else {}
        return json_response(body | ({"errors": errors} if errors else {}))

    @staticmethod
    def _fields(request: Request) -> set[str]:
        fields = {one for one in request.first("tweet.fields").split(",") if one}
        if wrong := fields - FIELDS:
            raise invalid(
                f"The `tweet.fields` query parameter value [{','.join(sorted(wrong))}] is not one "
                f"of [{','.join(sorted(FIELDS))}]",
                **{"tweet.fields": sorted(wrong)},
            )
        return fields

    def replies(self, post: dict[str, Any]) -> list[dict[str, Any]]:
        """What was answered below a post, and below that, in the order it was written."""
        below = self.store.get("x", "below", post["id"]) or ()
        return [found for one in below if (found := self.store.post("x", one))]

    # --- Shapes ----------------------------------------------------------------------------------

    def counters(self, post: dict[str, Any]) -> dict[str, dict[str, int]]:
        public = self.network.grown(post["id"], post["at"], SIZES)
        private = self.network.grown(f"{post['id']}-", post["at"], PRIVATE_SIZES)
        private["impression_count"] = public["impression_count"]
        return {"public_metrics": public, "non_public_metrics": private}

    def _rewritten(self, post: dict[str, Any], base: str) -> tuple[str, list[dict[str, Any]]]:
        """The text with its addresses shortened and one for the media, and what they stand for."""
        text, urls = post["text"], []
        for value in dict.fromkeys(one.value for one in links(text)):
            short = _short(value)
            text = text.replace(value, short)
            urls.append({"url": short, "expanded_url": value, "display_url": value[8:38]})
        if post["media"]:
            page = f"{base}/web/{post['login']}/status/{post['id']}/photo/1"
            media = self.store.get("x", "media", post["media"][0]) or {}
            short = _short(page)
            text = f"{text} {short}".strip()
            urls.append({"url": short, "expanded_url": page, "media_key": key_of(media)})
        return escape(text, quote=False), urls

    def _json(
        self, post: dict[str, Any], base: str, fields: set[str], reader: str = ""
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The post as X shows it, and the errors for what it withholds."""
        text, urls = self._rewritten(post, base)
        media = [self.store.get("x", "media", one) for one in post["media"]]
        counters = self.counters(post)
        everything: dict[str, Any] = {
            "created_at": iso(post["at"]),
            "conversation_id": post["root"] or post["id"],
            "entities": {"urls": urls} if urls else None,
            "attachments": _attached(post, media),
            "referenced_tweets": [{"type": "replied_to", "id": post["reply_to"]}]
            if post["reply_to"]
            else None,
            "public_metrics": counters["public_metrics"],
        }
        if weighted(post["text"]) > 280:
            everything["note_tweet"] = {"text": text, "entities": {"urls": urls}}
            text = f"{text[:250]}…"
        errors = []
        for name in ("non_public_metrics", "organic_metrics"):
            own = reader == post["login"]
            young = self.network.now() - post["at"] < PRIVATE_SECONDS
            if name in fields and own and young:
                everything[name] = counters["non_public_metrics"]
            elif name in fields:
                errors.append(_withheld(post["id"], name))
        shown = {k: v for k, v in everything.items() if v is not None and k in fields}
        return {"id": post["id"], "text": text, **shown}, errors


def _attached(post: dict[str, Any], media: list[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    if media:
        found["media_keys"] = [key_of(one) for one in media if one]
    if post["poll"]:
        found["poll_ids"] = [str(int(post["id"]) + 1)]
    return found or None


def _short(url: str) -> str:
    return f"https://t.co/{sha256(url.encode()).hexdigest()[:10]}"


def _missing(id: str) -> dict[str, Any]:
    return {
        "value": id,
        "detail": f"Could not find tweet with ids: [{id}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": id,
        "type": "https://api.x.com/2/problems/resource-not-found",
    }


def _withheld(id: str, field: str) -> dict[str, Any]:
    return {
        "resource_id": id,
        "parameter": field,
        "resource_type": "tweet",
        "section": "data",
        "title": "Field Authorization Error",
        "value": f"{field}.impression_count",
        "detail": f"Sorry, you are not authorized to access '{field}.impression_count' on the "
        f"Tweet with id : [{id}].",
        "type": "https://api.x.com/2/problems/not-authorized-for-field",
    }
