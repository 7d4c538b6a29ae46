"""Facebook pages: their tokens, posts, photos, comments, numbers; videos are in simulated_videos.

Any token `sandbox-<login>` is that person's and that of their first page. Each person has a page of
their own, one that was not ticked, one they may not post to, and one through their business.
"""

from __future__ import annotations

import json
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.store import Store

from ..meta.simulated import Refused, when
from ..text import links
from .simulated_videos import Videos

MAX_TEXT, MAX_PHOTO = 63_206, 10 * 1024 * 1024
FOREVER = float(10**9)
INSIGHTS: dict[str, float] = {
    "post_media_view": 3100,
    "post_total_media_view_unique": 2200,
    "post_clicks": 140,
}
COUNTS: dict[str, float] = {"reactions": 120, "comments": 16, "shares": 11}


class FacebookSimulator(Videos):
    key = "facebook"
    name = "Facebook"
    use_case = "pages"
    rate_code = 80001

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        route = self.router.add
        route("GET", "/web/{version}/dialog/oauth", self.authorize)
        route("GET", "/web/{version}/dialog/approve", self.approve)
        route("GET", "/web/{page}/posts/{id}", self.permalink)
        at = "/api/{version}"
        route("GET", f"{at}/oauth/access_token", self.token)
        route("GET", f"{at}/debug_token", self.debug_token)
        route("GET", f"{at}/me/accounts", self.pages)
        route("GET", f"{at}/me/businesses", self.businesses)
        route("GET", f"{at}/{{business}}/owned_pages", self.owned_pages)
        route("GET", f"{at}/{{business}}/client_pages", self.client_pages)
        route("POST", f"{at}/{{page}}/feed", self.feed_in)
        route("POST", f"{at}/{{page}}/photos", self.photo)
        route("GET", f"{at}/{{page}}/published_posts", self.published_posts)
        self.add_videos(route)
        route("POST", f"{at}/{{id}}/comments", self.comment)
        route("GET", f"{at}/{{id}}/comments", self.comments)
        route("GET", f"{at}/{{id}}/insights", self.numbers)
        route("GET", f"{at}/{{id}}", self.show)
        route("POST", f"{at}/{{id}}", self.edit)
        route("DELETE", f"{at}/{{id}}", self.delete)

    def duplicate(self) -> Refused:
        return Refused(506, "Duplicate status message")

    # --- Sign-in ---------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        fields = dict(request.query)
        if fields.get("grant_type") == "fb_exchange_token":
            return json_response(
                self.trade_long(
                    fields.get("fb_exchange_token", ""), fields.get("client_secret", "")
                )
            )
        answer = self.trade_code(fields)
        kept = ("access_token", "token_type", "expires_in")
        return json_response({name: answer[name] for name in kept})

    async def debug_token(self, request: Request) -> Response:
        held = self.desk.held(request.first("input_token"))
        data = {"is_valid": held is not None, "scopes": list(held.scopes) if held else []}
        return json_response({"data": data})

    async def pages(self, request: Request) -> Response:
        login = self.held(request).login
        rows = [
            self._page_row(login, request.base, granted=True),
            self._page_row(f"{login}-archive", request.base, granted=False),
            self._page_row(f"{login}-fans", request.base, granted=True, tasks=["ANALYZE"]),
        ]
        return self.list_of(request, rows)

    async def businesses(self, request: Request) -> Response:
        login = self.held(request).login
        business = self.number("business", login)
        self.store.put(self.key, "business", business, login)
        return self.list_of(request, [{"id": business, "name": f"{login.title()} Ltd"}])

    async def owned_pages(self, request: Request) -> Response:
        login = self.held(request).login
        if self.store.get(self.key, "business", request.params["business"]) != login:
            raise Refused(10, "(#10) This business is not yours")
        rows = [
            self._page_row(login, request.base, granted=True),
            self._page_row(f"{login}-shop", request.base, granted=True),
        ]
        return self.list_of(request, rows)

    async def client_pages(self, request: Request) -> Response:
        self.held(request)
        return self.list_of(request, [])

    def _page_row(
        self, login: str, base: str, *, granted: bool, tasks: list[str] | None = None
    ) -> dict[str, Any]:
        row = self._page_json(login, base) | {"tasks": tasks or ["CREATE_CONTENT", "MODERATE"]}
        if granted:
            row["access_token"] = self.desk.issue(login, "page", ttl=FOREVER)["access_token"]
        return row

    def _page_json(self, login: str, base: str) -> dict[str, Any]:
        return {
            "id": self.page_id(login),
            "name": PEOPLE.get(login, login.replace("-", " ").title()),
            "username": login,
            "picture": {"data": {"url": f"{base}/avatars/{login}"}},
        }

    # --- Posts -----------------------------------------------------------------------------------

    async def feed_in(self, request: Request) -> Response:
        login = self.page_login(request)
        fields = dict(request.form()[0])
        return await self.out(login, lambda: self._new_post(login, fields))

    def _new_post(self, login: str, fields: dict[str, str]) -> Response:
        message, link = fields.get("message", ""), fields.get("link", "")
        photos = [str(one["media_fbid"]) for one in json.loads(fields.get("attached_media", "[]"))]
        if not message.strip() and not link and not photos:
            raise Refused(100, "(#100) Requires one of the params: message, link, attached_media")
        self.check_text(message)
        place = self.checked_place(fields)
        if link and not any(True for _ in links(link)):
            raise Refused(100, "Invalid URL", subcode=2061006)
        if link and photos:
            raise Refused(100, "(#100) link and attached_media cannot be used together")
        media = [self._attach(one, login) for one in photos]
        post = self.post(login, message, media, "post", link=link, place=place)
        for one in photos:
            photo = dict(self.store.get(self.key, "photo", one) or {})
            self.store.put(self.key, "photo", one, photo | {"used": True})
        return json_response({"id": post["id"]})

    def _attach(self, id: str, login: str) -> dict[str, Any]:
        photo = self.store.get(self.key, "photo", id)
        if photo is None or photo["login"] != login:
            raise Refused(100, f"(#100) Photo {id} does not exist", subcode=33)
        if photo["used"]:
            raise Refused(100, "This photo was posted already", subcode=1366051)
        return dict(photo["media"])

    async def photo(self, request: Request) -> Response:
        login = self.page_login(request)
        pairs, files = request.form()
        fields, file = dict(pairs), files.get("source")
        if file is None or not file.data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")):
            raise Refused(100, "Invalid image file", subcode=1366046)
        if len(file.data) > MAX_PHOTO:
            raise Refused(1, "The image is too large", subcode=1366046)
        self.check_text(fields.get("caption", ""))
        place = self.checked_place(fields)

        def keep(*, used: bool) -> dict[str, Any]:
            id = self.new_number()
            alt = fields.get("alt_text_custom", "")
            media = {"kind": "image", "alt": alt, "blob": id, "photo": id}
            photo = {"id": id, "login": login, "used": used, "media": media}
            self.store.put_blob(self.key, id, file.mime, file.data)
            self.store.put(self.key, "photo", id, photo)
            return photo

        if fields.get("published") == "false":
            return await self.step(
                "upload", login, lambda: json_response({"id": keep(used=False)["id"]})
            )

        def accept() -> Response:
            photo = keep(used=True)
            text = fields.get("caption", "")
            post = self.post(login, text, [photo["media"]], "post", place=place)
            return json_response({"id": photo["id"], "post_id": post["id"]})

        return await self.out(login, accept)

    @staticmethod
    def checked_place(fields: dict[str, str]) -> str:
        """Raises Refused for what is no page's number; one that begins with 404 has no address."""
        place = fields.get("place", "")
        if place and (not place.isdecimal() or place.startswith("404")):
            raise Refused(100, "(#100) Param place must be a valid place tag ID")
        return place

    @staticmethod
    def check_text(text: str) -> None:
        if len(text) > MAX_TEXT:
            raise Refused(100, "(#100) The message is too long")

    async def edit(self, request: Request) -> Response:
        post = self._mine(request)
        post["text"] = dict(request.form()[0]).get("message", post["text"])
        self.store.change_post(self.key, post["id"], post["text"], post)
        return json_response({"success": True})

    async def delete(self, request: Request) -> Response:
        self.store.drop_post(self.key, self._mine(request)["id"])
        return json_response({"success": True})

    def _mine(self, request: Request) -> dict[str, Any]:
        login = self.page_held(request)
        post = self.find(request.params["id"])
        if post["login"] != login:
            raise Refused(200, "(#200) Permissions error")
        return post

    # --- Comments --------------------------------------------------------------------------------

    async def comment(self, request: Request) -> Response:
        login = self.page_held(request)
        post = self.find(request.params["id"])
        text = dict(request.form()[0]).get("message", "")
        if not text.strip() or len(text) > 8000:
            raise Refused(100, "(#100) Param message is not valid")

        def accept() -> Response:
            said = self.post(login, text, [], "comment", root=post["id"])
            return json_response({"id": said["id"]})

        return await self.out(login, accept)

    async def comments(self, request: Request) -> Response:
        self.unreadable(self.held(request).login)
        root = self.find(request.params["id"])["id"]
        rows = [
            {
                "id": one["id"],
                "message": one["text"],
                "created_time": when(one["at"]),
                "from": {"id": self.page_id(one["login"]), "name": one["login"]},
                "permalink_url": self.link_of(one, request.base),
            }
            for one in self.store.posts(self.key, None, limit=400)
            if one.get("root") == root
        ]
        return self.list_of(request, rows)

    # --- Reading ---------------------------------------------------------------------------------

    async def published_posts(self, request: Request) -> Response:
        login = self.page_login(request)
        self.unreadable(login)
        rows = [
            self._json(one, request.base)
            for one in self.store.posts(self.key, login, limit=600)
            if one["kind"] in ("post", "video", "reel")
        ]
        return self.list_of(request, rows)

    async def show(self, request: Request) -> Response:
        login = self.held(request).login
        id = request.params["id"]
        if id in (self.page_id(login), "me"):
            return json_response(self._page_json(login, request.base))
        if (video := self.store.get(self.key, "video", id)) is not None:
            return self.show_video(video, request)
        return json_response(self._json(self.find(id), request.base))

    async def numbers(self, request: Request) -> Response:
        login = self.held(request).login
        post = self.find(request.params["id"])
        values = self.grown(post["id"], post["at"], INSIGHTS | COUNTS)
        alive = {name: values[name] for name in INSIGHTS}
        return self.insights(request, login, alive, "post_clicks")

    def _json(self, post: dict[str, Any], base: str) -> dict[str, Any]:
        grown = self.grown(post["id"], post["at"], INSIGHTS | COUNTS)
        answer: dict[str, Any] = {
            "id": post["id"],
            "message": post["text"],
            "created_time": when(post["at"]),
            "permalink_url": self.link_of(post, base),
            "shares": {"count": grown["shares"]},
            "comments": {"data": [], "summary": {"total_count": grown["comments"]}},
            "reactions": {"data": [], "summary": {"total_count": grown["reactions"]}},
        }
        photos = [
            {"media_type": "photo", "target": {"id": one["photo"]}}
            for one in post["media"]
            if one["kind"] == "image"
        ]
        if len(photos) > 1:
            album = {"media_type": "album", "target": {"id": post["id"]}}
            answer["attachments"] = {"data": [album | {"subattachments": {"data": photos}}]}
        elif photos:
            answer["attachments"] = {"data": photos}
        return answer

    def link_of(self, post: dict[str, Any], base: str) -> str:
        return f"{base}/web/{post['login']}/posts/{post.get('root') or post['id']}"

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        images, videos = self.media_of(post, base)
        text, link = post["text"], post.get("link", "")
        shown = {"reel": "Reel", "story": "Story"}
        comment = post["kind"] == "comment"
        counters = self.grown(post["id"], post["at"], INSIGHTS | COUNTS)
        return FeedPost(
            id=post["id"],
            handle=f"@{post['login']}",
            name=PEOPLE.get(post["login"], post["login"].replace("-", " ").title()),
            html=rich_html(text, [*link_anchors(text), *tag_anchors(text, base)]),
            at=post["at"],
            permalink=self.link_of(post, base),
            title=post.get("title", ""),
            images=images,
            videos=videos,
            card=(link, link, "") if link else None,
            counters=() if comment else tuple((name, counters[name]) for name in COUNTS),
            badge=shown.get(post["kind"], ""),
            replies=tuple(self.feed_post(one, base) for one in post.get("replies") or ()),
        )

    async def permalink(self, request: Request) -> Response:
        return self.page_of(request.params["id"], request.base)


simulator = FacebookSimulator
