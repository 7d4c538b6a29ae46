"""LinkedIn small enough to read: people and pages with roles, files, posts, comments, numbers.

Any token `sandbox-<login>` signs in as that person, with an app that may publish for organisations;
`sandbox-<login>:share` as one of the self-serve family. Every person has three pages: one they
administer, one they may publish for and one they may only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from apps.integrations.sandbox.desk import Desk
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from .simulated import Refused, check_version, pages, people
from .simulated_files import Files
from .simulated_posts import Posts

YEAR, SIXTY_DAYS = 365 * 86_400, 5_184_000
WORDS = {
    "impressionCount": "impressions",
    "uniqueImpressionsCount": "members reached",
    "clickCount": "clicks",
    "likeCount": "reactions",
    "commentCount": "comments",
    "shareCount": "reposts",
}
PUBLISHERS = ("ADMINISTRATOR", "CONTENT_ADMINISTRATOR")


@dataclass(frozen=True)
class Session:
    """Who asks, through which family of products. `scopes` is empty where all are granted."""

    login: str
    person: str
    vetted: bool
    scopes: tuple[str, ...]
    at: float


class LinkedInSimulator(Simulator):
    key = "linkedin"
    name = "LinkedIn"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.desk = Desk("linkedin", "LinkedIn", store, self.now, ttl=SIXTY_DAYS, rotates=False)
        self._sequence = 0
        self.files = Files(self)
        self.posts = Posts(self)
        route = self.router.add
        route("GET", "/web/oauth/v2/authorization", self.authorize)
        route("GET", "/web/oauth/v2/approve", self.approve)
        route("POST", "/web/oauth/v2/accessToken", self.token)
        route("GET", "/api/v2/userinfo", self.userinfo)
        route("GET", "/api/v2/me", self.me)
        route("GET", "/api/rest/organizationAcls", self.roles)
        route("GET", "/api/rest/organizations/{id}", self.organization)
        route("POST", "/api/rest/posts", self.posts.create)
        route("GET", "/api/rest/posts", self.posts.by_author)
        route("DELETE", "/api/rest/posts/{urn}", self.posts.delete)
        route("POST", "/api/rest/socialActions/{urn}/comments", self.posts.comment)
        route("GET", "/api/rest/socialActions/{urn}/comments", self.posts.comments)
        route("GET", "/api/rest/organizationalEntityShareStatistics", self.posts.statistics)
        route("GET", "/api/rest/memberCreatorPostAnalytics", self.posts.member_statistics)
        route("POST", "/api/rest/{kind}", self.files.begin)
        route("GET", "/api/rest/{kind}/{urn}", self.files.show)
        route("PUT", "/web/dms-uploads/{id}/{part}", self.files.put)
        route("POST", "/web/dms-uploads/{id}/captions", self.files.caption)
        route("GET", "/files/{id}", self.files.serve)
        route("GET", "/web/feed/update/{urn}", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            if request.path.startswith("/api/rest/"):
                check_version(request, self.now())
            return await super().__call__(request)
        except Refused as refused:
            return refused.answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            said = "Resource level throttle limit for calls to this resource is reached."
            headers = {"retry-after": str(max(1, round(seconds)))}
            return Refused(429, "TOO_MANY_REQUESTS", said, headers).answer
        if fault == "duplicate":
            return Refused(422, "DUPLICATE_POST", "Content is a duplicate of a recent post").answer
        if fault == "error_before_accept":
            return Refused(503, "SERVICE_UNAVAILABLE", "Service Unavailable").answer
        return Refused(500, "INTERNAL_SERVER_ERROR", "Internal Server Error").answer

    # --- Sign-in ---------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        scopes = set(request.first("scope").split())
        if "openid" in scopes and "w_organization_social" in scopes:
            return json_response({"error": "unauthorized_scope_error"}, 400)
        return self.desk.consent(request, approve="/web/oauth/v2/approve")

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    async def token(self, request: Request) -> Response:
        """Renewing gives the same refresh token, and its year goes on from the first consent."""
        fields = dict(request.form()[0])
        given = fields.get("refresh_token", "")
        known = self.store.get(self.key, "refresh", given)
        consent = self.store.get(self.key, "consent", given) or {"until": 0.0}
        if known and (
            consent["until"] < self.now() or self.lost_access(known["login"], known["at"])
        ):
            return _oauth_error("invalid_grant", 400)
        found = self.desk.exchange(fields)
        if isinstance(found, str):
            return _oauth_error(found, 401 if found == "invalid_client" else 400)
        if given:
            found["refresh_token"] = given
            found["refresh_token_expires_in"] = int(consent["until"] - self.now())
        elif "openid" in found["scope"]:
            self.store.drop(self.key, "refresh", found.pop("refresh_token"))
        else:
            until = {"until": self.now() + YEAR}
            self.store.put(self.key, "consent", found["refresh_token"], until)
            found["refresh_token_expires_in"] = YEAR
        return json_response(found)

    def held(self, request: Request, scope: str) -> Session:
        """Whose request this is; `scope` may be the beginning of a scope's name."""
        if not request.bearer:
            raise Refused(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token")
        held = self.desk.held(request.bearer)
        if held is None:
            raise Refused(401, "INVALID_ACCESS_TOKEN", "Invalid access token")
        login, _, family = held.login.partition(":")
        lost = self.lost_access(login, held.at)
        if lost == "revoked":
            said = "The token used in the request has been revoked by the user"
            raise Refused(401, "REVOKED_ACCESS_TOKEN", said)
        if lost or held.until < self.now():
            raise Refused(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")
        vetted = family != "share" and "openid" not in held.scopes
        session = Session(
            login, f"urn:li:person:{people(login)['id']}", vetted, held.scopes, held.at
        )
        if held.scopes and not any(one.startswith(scope) for one in held.scopes):
            raise Refused(403, "ACCESS_DENIED", f"Not enough permissions to access: {scope}")
        return session

    def check_vetted(self, session: Session, what: str) -> None:
        if not session.vetted:
            said = f"Not enough permissions to access: partnerApi.{what}.20260701"
            raise Refused(403, "ACCESS_DENIED", said)

    def check_author(self, session: Session, author: str) -> None:
        """Whether this person may act as `author`."""
        self.store.put(self.key, "label", session.person, session.login)
        if author == session.person:
            return
        for page in pages(session.login):
            if author == f"urn:li:organization:{page['id']}":
                self.store.put(self.key, "label", author, page["vanityName"])
                self.store.put(self.key, "name", author, page["localizedName"])
                if session.vetted and page["role"] in PUBLISHERS:
                    return
        said = "Data Processing Exception while processing fields [/author]"
        raise Refused(403, "ACCESS_DENIED", said)

    def label(self, author: str) -> str:
        """The short name of a person or page, under which its posts are counted."""
        return str(self.store.get(self.key, "label", author) or author)

    # --- Who -------------------------------------------------------------------------------------

    async def userinfo(self, request: Request) -> Response:
        session = self.held(request, "openid")
        if session.vetted:
            raise Refused(403, "ACCESS_DENIED", "Not enough permissions to access: userinfo.GET")
        who = people(session.login)
        return json_response(
            {
                "sub": who["id"],
                "name": who["name"],
                "given_name": who["first"],
                "family_name": who["last"],
                "locale": {"country": "US", "language": "en"},
                "email": f"{session.login}@example.com",
                "email_verified": True,
            }
        )

    async def me(self, request: Request) -> Response:
        session = self.held(request, "r_basicprofile")
        self.check_vetted(session, "me.GET")
        who = people(session.login)
        return json_response(
            {
                "id": who["id"],
                "localizedFirstName": who["first"],
                "localizedLastName": who["last"],
                "localizedHeadline": "In the sandbox",
                "vanityName": session.login,
            }
        )

    async def roles(self, request: Request) -> Response:
        session = self.held(request, "rw_organization_admin")
        self.check_vetted(session, "organizationAcls.FINDER-roleAssignee")
        if request.first("q") != "roleAssignee":
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "q is not valid")
        elements = [
            {
                "role": page["role"],
                "roleAssignee": session.person,
                "organization": f"urn:li:organization:{page['id']}",
                "state": "APPROVED",
            }
            for page in pages(session.login)
            if request.first("role", page["role"]) == page["role"]
        ]
        paging = {"start": 0, "count": 100, "links": []}
        return json_response({"paging": paging, "elements": elements})

    async def organization(self, request: Request) -> Response:
        session = self.held(request, "rw_organization_admin")
        for page in pages(session.login):
            if str(page["id"]) == request.params["id"]:
                return json_response(
                    {
                        "id": page["id"],
                        "localizedName": page["localizedName"],
                        "vanityName": page["vanityName"],
                        "primaryOrganizationType": "NONE",
                    }
                )
        raise Refused(403, "ACCESS_DENIED", "Not enough permissions to access: organizations.GET")

    def next_number(self) -> int:
        """Like LinkedIn's: 19 digits, rising with time."""
        self._sequence = (self._sequence + 1) % (1 << 22)
        return (int(self.now() * 1000) << 22) | self._sequence

    # --- Pages -----------------------------------------------------------------------------------

    def feed(self, base: str, limit: int = 40) -> list[FeedPost]:
        """Posts; comments stand below theirs."""
        posts = [one for one in self.store.posts(self.key, limit=limit * 3) if not one["parent"]]
        return [self.feed_post(one, base) for one in posts[:limit]]

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        author, content = post["author"], post["content"]
        label, text = self.label(author), post["text"]
        name = self.store.get(self.key, "name", author) or people(label)["name"]
        media, article = content.get("media") or {}, content.get("article") or {}
        shown = [media] if media else (content.get("multiImage") or {}).get("images") or []
        if article.get("thumbnail"):
            shown = [{"id": article["thumbnail"], "altText": ""}]

        def address(urn: str) -> str:
            return f"{base}/files/{urn.rpartition(':')[2]}"

        title = str(media.get("title") or "")
        counters = self.posts.counters(post)
        poll = content.get("poll") or {}
        return FeedPost(
            id=post["id"],
            handle=label,
            name=name,
            html=rich_html(text, [*link_anchors(text), *tag_anchors(text, base)]),
            at=post["at"],
            permalink=f"{base}/web/feed/update/{post['parent'] or post['id']}",
            images=tuple(
                (address(one["id"]), str(one.get("altText") or ""))
                for one in shown
                if ":image:" in one["id"]
            ),
            videos=tuple((address(one["id"]), "") for one in shown if ":video:" in one["id"]),
            document=(address(media["id"]), title) if ":document:" in media.get("id", "") else None,
            card=(article["source"], article["title"], str(article.get("description") or ""))
            if article
            else None,
            title=str(poll.get("question") or ""),
            poll=tuple(one["text"] for one in poll.get("options") or ()),
            counters=tuple((WORDS[k], v) for k, v in counters.items() if v),
            badge={"CONNECTIONS": "connections only"}.get(post["visibility"], ""),
            replies=tuple(self.feed_post(one, base) for one in self.posts.replies(post)),
        )

    async def permalink(self, request: Request) -> Response:
        return self.page(self.store.post(self.key, request.params["urn"]), request.base)


def _oauth_error(code: str, status: int) -> Response:
    said = {
        "invalid_grant": "The provided authorization grant or refresh token is invalid, expired or "
        "revoked.",
        "invalid_client": "Client authentication failed",
    }
    return json_response({"error": code, "error_description": escape(said.get(code, code))}, status)


simulator = LinkedInSimulator
