"""Publishing on LinkedIn as a person or for an organisation."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

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
from ..oauth import APP_FIELDS, OAuth2, OAuthProvider, Token
from . import files, publishing
from .client import LinkedInApi
from .publishing import is_organization
from .text import full_text, is_card, question

SHARE = ("openid", "profile", "email", "w_member_social")
COMMUNITY = (
    "r_basicprofile",
    "w_member_social",
    "r_member_postAnalytics",
    "rw_organization_admin",
    "w_organization_social",
    "r_organization_social",
)
# Roles that may publish; LinkedIn has others that may only read or advertise.
PUBLISHERS = frozenset({"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"})
EVERYONE = [["PUBLIC", "Anyone"], ["LOGGED_IN", "LinkedIn members"]]
QUESTION_LIMIT = 140
SMALLEST_VIDEO = 75_000  # bytes
# A person's counters by LinkedIn's name for them; organisations get theirs in one answer.
MEMBER_METRICS = {
    "impressions": "IMPRESSION",
    "reach": "MEMBERS_REACHED",
    "likes": "REACTION",
    "replies": "COMMENT",
    "reposts": "RESHARE",
}
_POST = re.compile(r"urn:li:(?:share|ugcPost):\d+")
BATCH = 20


class LinkedInProvider(OAuthProvider):
    key = "linkedin"
    name = "LinkedIn"
    color = "#0a66c2"
    hosts: ClassVar[dict[str, str]] = {
        "api": "https://api.linkedin.com",
        "web": "https://www.linkedin.com",
    }
    app_fields = (
        *APP_FIELDS,
        Field(
            "product",
            "Product",
            required=False,
            default="share",
            help="“community” for an app with the Community Management API (organisations), "
            "“share” for one with Share on LinkedIn. LinkedIn does not allow both in one app.",
        ),
    )
    oauth2 = OAuth2(
        authorize=("web", "/oauth/v2/authorization"),
        token=("web", "/oauth/v2/accessToken"),
        scopes=SHARE,
        pkce=False,
    )
    stages = ("captions", "upload", "process", "submit", "comment")
    mutating_stages = frozenset({"submit", "comment"})

    # --- Connecting ------------------------------------------------------------------------------

    def endpoints(self, app: App) -> OAuth2:
        """LinkedIn refuses scopes of two product families in one consent."""
        product = app.extra.get("product") or ("community" if app.base else "share")
        return replace(self.oauth2, scopes=COMMUNITY if product == "community" else SHARE)

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        """Organisations that the person may publish for, and the person."""
        credentials = token.credentials()
        if seconds := token.get("refresh_token_expires_in"):
            until = datetime.now(UTC) + timedelta(seconds=int(seconds))
            credentials["refresh_until"] = until.isoformat()
        api = self._api(credentials, host, client)
        pages, refused = self._organizations(api, credentials, host)
        person = self._person(api, credentials, host, has_pages=pages is not None)
        granted = [*(pages or ()), person]
        return Grant(
            tuple(Connected(one, credentials, token.scopes, token.expires_at) for one in granted),
            tuple(refused),
        )

    def refresh(
        self, credentials: Credentials, client: GuardedClient, *, app: App, host: str
    ) -> Connected | None:
        """A consent lasts a year from its first day; renewing does not make it longer."""
        until = credentials.get("refresh_until")
        if until and datetime.fromisoformat(until) <= datetime.now(UTC):
            raise ProviderError(
                ErrorKind.AUTH_REVOKED,
                "LinkedIn's consent ends after a year: sign in again.",
            )
        return super().refresh(credentials, client, app=app, host=host)

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        api = self._api(credentials, account.host, client)
        if not is_organization(account):
            has_pages = account.limits.get("product") != "share"
            return self._person(api, credentials, account.host, has_pages=has_pages)
        pages, _ = self._organizations(api, credentials, account.host, only=account.remote_id)
        if not pages:
            raise ProviderError(
                ErrorKind.SCOPE_MISSING,
                "The person who connected this page may no longer publish for it.",
            )
        return pages[0]

    def _person(
        self, api: LinkedInApi, credentials: Credentials, host: str, *, has_pages: bool
    ) -> Account:
        """Each family has its own address for the same question."""
        limits = _limits(credentials, "community" if has_pages else "share")
        limits["visibilities"] = [*EVERYONE, ["CONNECTIONS", "Connections only"]]
        if has_pages:
            me = api.me()
            name = f"{me.get('localizedFirstName', '')} {me.get('localizedLastName', '')}".strip()
            remote_id, avatar = str(me.get("id") or ""), ""
            handle = str(me.get("vanityName") or name)
        else:
            me = api.userinfo()
            name, remote_id = str(me.get("name") or ""), str(me.get("sub") or "")
            handle, avatar = name, str(me.get("picture") or "")
        return Account(
            remote_id=f"urn:li:person:{remote_id}",
            handle=handle,
            name=name,
            avatar_url=avatar,
            host=host,
            limits=limits,
        )

    def _organizations(
        self, api: LinkedInApi, credentials: Credentials, host: str, *, only: str = ""
    ) -> tuple[list[Account] | None, list[NotGranted]]:
        """Organisations to publish for, and those without the right role.

        None for an app of the self-serve family, which may not even ask.
        """
        try:
            roles = api.roles()
        except ProviderError as error:
            if error.kind is ErrorKind.SCOPE_MISSING and not only:
                return None, []
            raise
        by_page: dict[str, list[str]] = {}
        for one in roles:
            urn = str(one.get("organization") or one.get("organizationTarget") or "")
            if one.get("state") == "APPROVED" and urn and only in ("", urn):
                by_page.setdefault(urn, []).append(str(one.get("role")))
        granted, refused = [], []
        for urn, held in by_page.items():
            page = self._page(api, urn)
            name = str(page.get("localizedName") or urn)
            if PUBLISHERS.isdisjoint(held):
                shown = held[0].replace("_", " ").lower()
                refused.append(NotGranted(name, f"Your role there is {shown}; it cannot publish."))
                continue
            limits = _limits(credentials, "community") | {"visibilities": EVERYONE}
            handle = str(page.get("vanityName") or name)
            granted.append(Account(urn, handle, name, "", host, limits))
        return granted, refused

    @staticmethod
    def _page(api: LinkedInApi, urn: str) -> dict[str, Any]:
        """Its name; hidden from some roles."""
        try:
            return api.organization(urn)
        except ProviderError as error:
            if error.kind is ErrorKind.SCOPE_MISSING:
                return {}
            raise

    def _api(self, credentials: Credentials, host: str, client: GuardedClient) -> LinkedInApi:
        version = self.capabilities.api.version
        base = self.address("api", host)
        return LinkedInApi(base, client, credentials.get("access", ""), version)

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        issues = super().validate(replace(content, text=full_text(content)), account)
        if content.link and not content.text.strip():
            issues = [one for one in issues if one.code != "text.empty"]
        return [*issues, *_details(content, account)]

    def rights(self, content: Content, account: Account | None = None) -> tuple[str, ...]:
        """People and organisations have a right each."""
        needed = super().rights(content, account)
        if account is None:
            return needed
        own = "w_organization_social" if is_organization(account) else "w_member_social"
        return tuple(dict.fromkeys(own if own in one.split("|") else one for one in needed))

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        if role == "comment":
            return ("comment",)
        if not content.media:
            return ("submit",)
        first = ("captions",) if files.has_captions(content) else ()
        return (*first, "upload", "process", "submit")

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = self._api(ctx.credentials, ctx.account.host, ctx.client)
        if stage == "captions":
            return files.caption(api, ctx)
        if stage == "upload":
            return files.upload(api, ctx)
        if stage == "process":
            return files.process(api, ctx)
        web = self.address("web", ctx.account.host)
        if stage == "comment":
            return publishing.comment(api, ctx, web)
        return publishing.submit(api, ctx, web)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        api = self._api(ctx.credentials, ctx.account.host, ctx.client)
        return publishing.reconcile(api, ctx, self.address("web", ctx.account.host))

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        """Self-serve apps read none."""
        api = self._api(credentials, account.host, client)
        urns = [one for one in remote_ids if _POST.fullmatch(one)]
        today = datetime.now(UTC).date()
        if is_organization(account):
            return self._page_metrics(api, account, urns, today)
        if account.limits.get("product") == "share":
            return {}
        found = {urn: self._member_metrics(api, urn, today) for urn in urns}
        return {urn: numbers for urn, numbers in found.items() if numbers}

    def _page_metrics(
        self, api: LinkedInApi, account: Account, urns: list[str], today: date
    ) -> dict[str, dict[str, int]]:
        found = {}
        for start in range(0, len(urns), BATCH):
            for one in api.share_statistics(account.remote_id, urns[start : start + BATCH]):
                numbers = one.get("totalShareStatistics") or {}
                found[str(one.get("share") or one.get("ugcPost"))] = {
                    metric.name: int(numbers[metric.remote])
                    for metric in self.capabilities.live_metrics(today)
                    if isinstance(numbers.get(metric.remote), int)
                }
        return found

    def _member_metrics(self, api: LinkedInApi, urn: str, today: date) -> dict[str, int]:
        """One call for each counter, so that one LinkedIn has ended costs only itself."""
        numbers = {}
        for metric in self.capabilities.live_metrics(today):
            if metric.name not in MEMBER_METRICS:
                continue
            try:
                numbers[metric.name] = api.member_statistic(urn, MEMBER_METRICS[metric.name])
            except ProviderError as error:
                if error.kind not in (ErrorKind.VALIDATION, ErrorKind.SCOPE_MISSING):
                    raise
        return numbers


def _limits(credentials: Credentials, product: str) -> dict[str, Any]:
    """`consent_until` is the day on which a person has to sign in again, whatever we do."""
    limits: dict[str, Any] = {"product": product}
    if until := credentials.get("refresh_until"):
        limits["consent_until"] = until[:10]
    return limits


def _details(content: Content, account: Account | None) -> Iterable[Issue]:
    """What only LinkedIn refuses."""
    if content.format == "article" and not content.link:
        yield Issue("error", "link.missing", "A link card needs its link.", "link")
    if is_card(content) and not content.title.strip():
        yield Issue(
            "warning",
            "title.empty",
            "LinkedIn does not read the page: give the card a title.",
            "title",
        )
    if content.poll is not None:
        asked = question(content)
        if not asked:
            yield Issue("error", "title.empty", "A poll needs its question.", "title")
        elif len(asked) > QUESTION_LIMIT:
            yield Issue(
                "error",
                "title.too_long",
                f"The poll's question has {len(asked):,} of {QUESTION_LIMIT} characters.",
                "title",
            )
    for item in content.media:
        if item.kind == "video" and item.size < SMALLEST_VIDEO:
            yield Issue(
                "error", "media.too_small", "LinkedIn takes videos of 75 kB and more.", "media"
            )
    if content.first_comment and account is not None and not is_organization(account):
        yield Issue(
            "error",
            "comment.none",
            "LinkedIn takes a first comment from organisations only.",
            "first_comment",
        )


provider = LinkedInProvider()
