"""LinkedIn's posts and comments: what it refuses, the repeats it names, what may be read, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.integrations.sandbox.kernel import Request, Response, json_response

from .simulated import Refused, empty, read_little

if TYPE_CHECKING:
    from .simulator import LinkedInSimulator

REPEAT_SECONDS = 600
DURATIONS = ("ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS")
REQUIRED = ("author", "commentary", "visibility", "distribution", "lifecycleState")
SIZES: dict[str, float] = {
    "impressionCount": 3_400,
    "uniqueImpressionsCount": 2_100,
    "clickCount": 88,
    "likeCount": 61,
    "commentCount": 9,
    "shareCount": 6,
}
MEMBER_TYPES = {
    "IMPRESSION": "impressionCount",
    "MEMBERS_REACHED": "uniqueImpressionsCount",
    "REACTION": "likeCount",
    "COMMENT": "commentCount",
    "RESHARE": "shareCount",
}


class Posts:
    def __init__(self, network: LinkedInSimulator) -> None:
        self.network = network
        self.store = network.store

    # --- Writing ---------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        session, wish = self.network.held(request, "w_"), request.json()
        for name in REQUIRED:
            if name not in wish:
                raise Refused(400, "INVALID_VALUE_FOR_FIELD", f"Field {name} is required")
        self.network.check_author(session, str(wish["author"]))
        if self.network.is_on("quota_full", session.login):
            said = "Resource level throttle MEMBER DAY limit for calls to this resource is reached."
            raise Refused(429, "TOO_MANY_REQUESTS", said)

        def accept() -> Response:
            try:
                post = self._checked(wish)
            except Refused as refused:
                return refused.answer
            self.store.add_post(
                "linkedin", post["id"], self.network.label(post["author"]), post["text"], post
            )
            return empty(201, {"x-restli-id": post["id"]})

        return await self.network.publish(session.login, accept)

    def _checked(self, wish: dict[str, Any]) -> dict[str, Any]:
        author, commentary = str(wish["author"]), str(wish["commentary"])
        content = wish.get("content") or {}
        text = read_little(commentary)
        if len(text) > 3_000:
            raise Refused(400, "FIELD_LENGTH_TOO_LONG", "commentary is longer than 3000 characters")
        if not text.strip() and not content:
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "commentary or content is required")
        allowed = {"PUBLIC", "LOGGED_IN"} | ({"CONNECTIONS"} if ":person:" in author else set())
        if wish["visibility"] not in allowed or wish["lifecycleState"] != "PUBLISHED":
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "visibility is not valid")
        self._check_content(content, author)
        self._check_repeat(author, commentary, content)
        kind = "ugcPost" if "media" in content else "share"
        return {
            "id": f"urn:li:{kind}:{self.network.next_number()}",
            "author": author,
            "commentary": commentary,
            "text": text,
            "content": content,
            "visibility": wish["visibility"],
            "no_reshare": bool(wish.get("isReshareDisabledByAuthor")),
            "parent": "",
            "at": self.network.now(),
        }

    def _check_content(self, content: dict[str, Any], owner: str) -> None:
        def wrong(message: str) -> Refused:
            return Refused(400, "INVALID_VALUE_FOR_FIELD", message)

        if len(content) > 1:
            raise wrong("content has more than one member")
        files = self.network.files
        if media := content.get("media"):
            kind = files.check_usable(str(media.get("id")), owner)
            if kind == "documents" and not media.get("title"):
                raise wrong("content.media.title is required for documents")
            if len(str(media.get("altText") or "")) > 4_086:
                raise Refused(400, "FIELD_LENGTH_TOO_LONG", "altText is too long")
        if multi := content.get("multiImage"):
            images = multi.get("images") or []
            if not 2 <= len(images) <= 20:
                raise wrong("multiImage takes 2 to 20 images")
            for one in images:
                if files.check_usable(str(one.get("id")), owner) != "images":
                    raise wrong("multiImage takes images only")
        if article := content.get("article"):
            if not str(article.get("source", "")).startswith("http") or not article.get("title"):
                raise wrong("article.source and article.title are required")
            if article.get("thumbnail"):
                files.check_usable(str(article["thumbnail"]), owner)
        if poll := content.get("poll"):
            options = [str(one.get("text") or "") for one in poll.get("options") or ()]
            if not 1 <= len(str(poll.get("question") or "")) <= 140:
                raise wrong("poll.question has 1 to 140 characters")
            if not 2 <= len(options) <= 4 or any(not 1 <= len(one) <= 30 for one in options):
                raise wrong("poll.options are 2 to 4 of 1 to 30 characters")
            if (poll.get("settings") or {}).get("duration") not in DURATIONS:
                raise wrong("poll.settings.duration is not valid")

    def _check_repeat(self, author: str, commentary: str, content: dict[str, Any]) -> None:
        for post in self.store.posts("linkedin", self.network.label(author), 100):
            same = (post["author"], post["commentary"], post["content"], post["parent"])
            recent = post["at"] + REPEAT_SECONDS > self.network.now()
            if recent and same == (author, commentary, content, ""):
                said = f"Content is a duplicate of {post['id']}"
                raise Refused(422, "DUPLICATE_POST", said)

    async def delete(self, request: Request) -> Response:
        session, post = self.network.held(request, "w_"), self._post(request.params["urn"])
        self.network.check_author(session, post["author"])
        self.store.drop_post("linkedin", post["id"])
        return empty(204)

    async def comment(self, request: Request) -> Response:
        session, wish = self.network.held(request, "w_"), request.json()
        self.network.check_vetted(session, "CREATE")
        post, actor = self._post(request.params["urn"]), str(wish.get("actor"))
        self.network.check_author(session, actor)
        text = str((wish.get("message") or {}).get("text") or "")
        if not 1 <= len(text) <= 1_250 or wish.get("object") != post["id"]:
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "message.text or object is not valid")

        def accept() -> Response:
            id = str(self.network.next_number())
            made = {
                "id": f"urn:li:comment:({post['id']},{id})",
                "author": actor,
                "commentary": text,
                "text": text,
                "content": {},
                "visibility": "PUBLIC",
                "no_reshare": False,
                "parent": post["id"],
                "at": self.network.now(),
            }
            self.store.add_post("linkedin", made["id"], self.network.label(actor), text, made)
            below = self.store.get("linkedin", "below", post["id"]) or []
            self.store.put("linkedin", "below", post["id"], [*below, made["id"]])
            return json_response(_comment(made), 201, {"x-restli-id": id})

        return await self.network.step("comment", session.login, accept)

    # --- Reading ---------------------------------------------------------------------------------

    async def by_author(self, request: Request) -> Response:
        """Only of organisations: r_member_social is closed."""
        session, author = (
            self.network.held(request, "r_organization_social"),
            request.first("author"),
        )
        if request.first("q") != "author" or ":organization:" not in author:
            raise self._denied("partnerApiPostsExternal.FINDER-author")
        if self.network.is_on("unreadable", session.login):
            raise self._denied("partnerApiPostsExternal.FINDER-author")
        self.network.check_author(session, author)
        start, count = int(request.first("start", "0")), min(int(request.first("count", "10")), 100)
        every = self.store.posts("linkedin", self.network.label(author), 2 * (start + count))
        found = [_json(one) for one in every if one["author"] == author and not one["parent"]]
        return json_response(
            {
                "paging": {"start": start, "count": count, "links": []},
                "elements": found[start : start + count],
            }
        )

    async def comments(self, request: Request) -> Response:
        session = self.network.held(request, "r_organization_social")
        self.network.check_vetted(session, "GET_ALL")
        if self.network.is_on("unreadable", session.login):
            raise self._denied("partnerApiSocialActions.GET_ALL-comments")
        post = self._post(request.params["urn"])
        found = [_comment(one) for one in self.replies(post)]
        return json_response({"paging": {"start": 0, "count": 100, "links": []}, "elements": found})

    async def statistics(self, request: Request) -> Response:
        session = self.network.held(request, "r_organization_social")
        page = request.first("organizationalEntity")
        self.network.check_author(session, page)
        elements = []
        for name, key in (("shares", "share"), ("ugcPosts", "ugcPost")):
            listed = request.first(name)
            if listed and not (listed.startswith("List(") and listed.endswith(")")):
                raise Refused(400, "INVALID_VALUE_FOR_FIELD", f"{name} is no List")
            for urn in listed.removeprefix("List(").removesuffix(")").split(",") if listed else ():
                post = self.store.post("linkedin", urn)
                if post and post["author"] == page:
                    numbers = self.counters(post) | {"engagement": 0.031}
                    entry = {"organizationalEntity": page, "totalShareStatistics": numbers}
                    elements.append(entry | {key: urn})
        return json_response(
            {"paging": {"start": 0, "count": 10, "links": []}, "elements": elements}
        )

    async def member_statistics(self, request: Request) -> Response:
        session = self.network.held(request, "r_member_postAnalytics")
        self.network.check_vetted(session, "FINDER-entity")
        name = request.first("queryType")
        dead = name == "RESHARE" and self.network.is_on("dead_metric", session.login)
        if name not in MEMBER_TYPES or dead:
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", f"queryType {name} is not valid")
        urn = request.first("entity").strip("()").partition(":")[2]
        post = self.store.post("linkedin", urn)
        if post is None or post["author"] != session.person:
            raise Refused(400, "INVALID_URN_ID", f"{urn} is not valid")
        element = {
            "targetEntity": {"share": urn},
            "metricType": {"com.linkedin.adsexternalapi.memberanalytics.v1.X": name},
            "count": self.counters(post)[MEMBER_TYPES[name]],
        }
        return json_response({"paging": {"start": 0, "count": 10}, "elements": [element]})

    def replies(self, post: dict[str, Any]) -> list[dict[str, Any]]:
        """Its comments, oldest first."""
        below = self.store.get("linkedin", "below", post["id"]) or ()
        return [found for one in below if (found := self.store.post("linkedin", one))]

    def counters(self, post: dict[str, Any]) -> dict[str, int]:
        found = self.network.grown(post["id"], post["at"], SIZES)
        # Nobody is reached without an impression.
        reached = min(found["uniqueImpressionsCount"], found["impressionCount"])
        return found | {"uniqueImpressionsCount": reached}

    def _post(self, urn: str) -> dict[str, Any]:
        post: dict[str, Any] | None = self.store.post("linkedin", urn)
        if post is None:
            raise Refused(404, "NOT_FOUND", f"{urn} could not be found")
        return post

    @staticmethod
    def _denied(what: str) -> Refused:
        return Refused(403, "ACCESS_DENIED", f"Not enough permissions to access: {what}.20260701")


def _json(post: dict[str, Any]) -> dict[str, Any]:
    at = int(post["at"] * 1000)
    shown = {
        "id": post["id"],
        "author": post["author"],
        "commentary": post["commentary"],
        "visibility": post["visibility"],
        "lifecycleState": "PUBLISHED",
        "createdAt": at,
        "publishedAt": at,
        "lastModifiedAt": at,
        "isReshareDisabledByAuthor": post["no_reshare"],
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleStateInfo": {"isEditedByAuthor": False},
    }
    return shown | ({"content": post["content"]} if post["content"] else {})


def _comment(post: dict[str, Any]) -> dict[str, Any]:
    stamp = {"actor": post["author"], "time": int(post["at"] * 1000)}
    return {
        "actor": post["author"],
        "commentUrn": post["id"],
        "id": post["id"].rstrip(")").rpartition(",")[2],
        "object": post["parent"],
        "message": {"attributes": [], "text": post["text"]},
        "created": stamp,
        "lastModified": stamp,
    }
