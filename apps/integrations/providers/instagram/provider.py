"""Publishing on Instagram, signed in at Instagram or through a Facebook page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from apps.integrations.http import GuardedClient

from ..base import (
    Account,
    App,
    Connected,
    Content,
    Credentials,
    Done,
    ErrorKind,
    Field,
    Found,
    Grant,
    Issue,
    NotFound,
    NotGranted,
    ProviderError,
    PublishContext,
    Role,
    Unreadable,
    Wait,
)
from ..checks import findings, format_of, is_on
from ..meta.findings import place_issues
from ..meta.graph import GraphApi
from ..meta.insights import read_insights
from ..meta.login import (
    LongLivedProvider,
    facebook_login,
    may_post,
    not_ticked,
    quota,
    user_token,
    walk_pages,
)
from ..oauth import OAuth2, Token
from . import client as calls
from . import people
from .errors import DIALECT
from .publishing import Publication, names

# Meta asks for one look a minute at the most.
POLL_SECONDS = 60.0
MAX_COLLABORATORS = 3
SCOPES = (
    "instagram_business_basic",
    "instagram_business_content_publish",
    "instagram_business_manage_comments",
    "instagram_business_manage_insights",
)
FACEBOOK_SCOPES = (
    "instagram_basic",
    "instagram_content_publish",
    "instagram_manage_comments",
    "instagram_manage_insights",
    "pages_show_list",
    "pages_read_engagement",
    "business_management",
)
# What a post is called in insights, and the formats that become it.
_PRODUCTS = {"FEED": {"image", "carousel"}, "REELS": {"reel"}, "STORY": {"story"}}
_COUNTED = "id,media_product_type,like_count,comments_count"


class InstagramProvider(LongLivedProvider):
    key = "instagram"
    name = "Instagram"
    color = "#e1306c"
    dialect = DIALECT
    app_fields = (
        Field("client_id", "Instagram app ID", help="With Facebook Login: the Meta app ID."),
        Field("client_secret", "App secret", "secret"),
        Field(
            "login",
            "Sign in with",
            required=False,
            default="instagram",
            help="“instagram”, or “facebook” for accounts linked to a Facebook page.",
        ),
    )
    hosts = {
        "api": "https://graph.instagram.com",
        "web": "https://www.instagram.com",
        "token": "https://api.instagram.com",
        "upload": "https://rupload.facebook.com",
        "facebook": "https://graph.facebook.com",
        "dialog": "https://www.facebook.com",
    }
    oauth2 = OAuth2(
        authorize=("web", "/oauth/authorize"),
        token=("token", "/oauth/access_token"),
        scopes=SCOPES,
        separator=",",
        pkce=False,
    )
    exchange_grant = "ig_exchange_token"
    refresh_grant = "ig_refresh_token"
    stages = ("upload", "container", "submit", "comments", "permalink")
    mutating_stages = frozenset({"submit"})

    # --- Connecting ------------------------------------------------------------------------------

    def endpoints(self, app: App) -> OAuth2:
        if not _by_facebook(app):
            return self.oauth2
        version = self.capabilities.api.version
        return facebook_login(version, FACEBOOK_SCOPES, dialog="dialog", graph="facebook")

    def read_token(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Instagram has wrapped its answer in `data` at times."""
        wrapped = answer.get("data")
        if isinstance(wrapped, list) and wrapped and isinstance(wrapped[0], dict):
            return wrapped[0]
        return answer

    def api(
        self, credentials: Credentials, host: str, client: GuardedClient, purpose: str = ""
    ) -> GraphApi:
        by_facebook = credentials.get("login") == "facebook"
        purpose = purpose or ("facebook" if by_facebook else "api")
        return super().api(credentials, host, client, purpose)

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        if _by_facebook(app):
            return self._linked_accounts(token, app, host, client)
        long = self.long_lived(token, app=app, host=host, client=client)
        account = self.account(long.credentials(), host, client)
        connected = Connected(account, long.credentials(), token.scopes or SCOPES, long.expires_at)
        return Grant((connected,))

    def _linked_accounts(self, token: Token, app: App, host: str, client: GuardedClient) -> Grant:
        """Instagram accounts of the person's pages; the page's token speaks for them, without end."""
        as_person = {**token.credentials(), "login": "facebook"}
        long = user_token(token, self.api(as_person, host, client), app)
        api = self.api({**long.credentials(), "login": "facebook"}, host, client)
        found: list[Connected] = []
        refused: list[NotGranted] = []
        for page in walk_pages(api, calls.PAGES):
            linked = page.get("instagram_business_account")
            name = str(page.get("name") or "A page")
            if not page.get("access_token"):
                refused.append(not_ticked(page))
            elif not isinstance(linked, dict):
                refused.append(NotGranted(name, "No professional Instagram account is linked."))
            elif not may_post(page):
                refused.append(NotGranted(name, "Your role on the page does not let you post."))
            else:
                kept = {"access": str(page["access_token"]), "login": "facebook"}
                account = self._account(linked, str(linked["id"]), host, kept, client)
                found.append(Connected(account, kept, FACEBOOK_SCOPES))
        return Grant(tuple(found), tuple(refused))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        if credentials.get("login") != "facebook":
            return self.account(credentials, account.host, client)
        known = calls.linked(self.api(credentials, account.host, client), account.remote_id)
        return self._account(known, account.remote_id, account.host, credentials, client)

    def account(self, credentials: Credentials, host: str, client: GuardedClient) -> Account:
        me = calls.me(self.api(credentials, host, client))
        return self._account(me, str(me.get("user_id") or me.get("id")), host, credentials, client)

    def _account(
        self,
        known: Mapping[str, Any],
        ig_id: str,
        host: str,
        credentials: Credentials,
        client: GuardedClient,
    ) -> Account:
        answer = calls.publishing_limit(self.api(credentials, host, client), ig_id)
        fallback = self.capabilities.quotas[0].limit
        limits: dict[str, Any] = {"quotas": {"posts": quota(answer, "", fallback)}}
        if known.get("account_type"):
            limits["account_type"] = str(known["account_type"])
        return Account(
            remote_id=ig_id,
            handle=f"@{known.get('username', '')}",
            name=str(known.get("name") or known.get("username") or ""),
            avatar_url=str(known.get("profile_picture_url") or ""),
            host=host,
            limits=limits,
        )

    def refresh(
        self, credentials: Credentials, client: GuardedClient, *, app: App, host: str
    ) -> Connected | None:
        if credentials.get("login") == "facebook":
            return None  # page tokens have no end of their own
        return super().refresh(credentials, client, app=app, host=host)

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        return [*findings(self, content, account), *self._own_findings(content, account)]

    def _own_findings(self, content: Content, account: Account | None) -> Iterator[Issue]:
        if len(names(content.options.get("collaborators"))) > MAX_COLLABORATORS:
            yield Issue(
                "error",
                "option.collaborators",
                f"Instagram takes {MAX_COLLABORATORS} collaborators.",
                "collaborators",
            )
        yield from place_issues(content, "location_id")
        mentions = sum(1 for word in content.text.split() if word.startswith("@") and len(word) > 1)
        most = self.capabilities.text.max_mentions
        if most is not None and mentions > most:
            yield Issue(
                "error",
                "text.too_many_mentions",
                f"Instagram takes {most} mentions; this has {mentions}.",
            )
        shape = format_of(content, self.capabilities)
        if shape is None or shape.key != "story":
            yield from people.issues(content)
            return
        kind = account.limits.get("account_type", "BUSINESS") if account else "BUSINESS"
        if kind != "BUSINESS":
            yield Issue(
                "error",
                "format.account",
                "Instagram lets only business accounts post stories from outside.",
                "format",
            )
        if content.text.strip():
            yield Issue(
                "warning", "text.not_shown", "A story has no caption; the text is not shown."
            )

    # --- Publishing ------------------------------------------------------------------------------

    def endpoint_of(self, method: str, url: str) -> str:
        made = method == "POST" and url.partition("?")[0].endswith("/media")
        return "containers" if made else "all"

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        if role == "comment":
            return ("submit", "permalink")
        left_out = set() if is_on(content.options.get("comments_off")) else {"comments"}
        if len(content.media) < 2:
            left_out.add("upload")
        if content.format == "story":
            left_out.add("comments")
        return tuple(stage for stage in self.stages if stage not in left_out)

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        return self._publication(ctx).run(stage)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        return self._publication(ctx).reconcile()

    def _publication(self, ctx: PublishContext) -> Publication:
        host = ctx.account.host
        version = self.capabilities.api.version
        return Publication(
            self.api(ctx.credentials, host, ctx.client),
            ctx,
            upload=f"{self.address('upload', host)}/ig-api-upload/{version}/{{id}}",
            poll_seconds=self.pace(POLL_SECONDS, host),
        )

    # --- Numbers ---------------------------------------------------------------------------------

    def numbers(self, api: GraphApi, remote_id: str) -> dict[str, int]:
        """Insights by the kind of post; the plain counters where insights are not granted.

        Instagram keeps a story's insights back (error 10) until five people have seen it.
        """
        media = calls.media(api, remote_id, _COUNTED)
        formats = _PRODUCTS.get(str(media.get("media_product_type")), set())
        live = [
            metric
            for metric in self.capabilities.live_metrics(datetime.now(UTC).date())
            if not metric.formats or formats & set(metric.formats)
        ]
        counted = {"likes": media.get("like_count"), "comments": media.get("comments_count")}
        plain = {name: int(value) for name, value in counted.items() if isinstance(value, int)}
        try:
            return plain | read_insights(api, f"{remote_id}/insights", live)
        except ProviderError as error:
            if error.kind is not ErrorKind.SCOPE_MISSING:
                raise
            return plain


def _by_facebook(app: App) -> bool:
    return app.extra.get("login") == "facebook"


provider = InstagramProvider()
