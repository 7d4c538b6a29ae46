"""What Meta's networks share: short tokens and long ones, pages with their own tokens, counters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from apps.integrations.http import GuardedClient

from ..base import (
    Account,
    App,
    Connected,
    Credentials,
    ErrorKind,
    NotGranted,
    ProviderError,
)
from ..oauth import OAuth2, OAuthProvider, Token
from .errors import GraphError, Meaning, Table, from_answer
from .graph import Dialect, GraphApi, is_gone, wanted

_APP_UNKNOWN = Meaning(
    ErrorKind.VALIDATION, "this app is not known: check app id and secret", "client_id"
)
_CODE_USED = Meaning(ErrorKind.AUTH_REVOKED, "this sign-in was used already or is too old")
# Refusals of token endpoints, over the meanings that calls have.
TOKEN_TABLE: Table = {
    (1, 0): _APP_UNKNOWN,
    (101, 0): _APP_UNKNOWN,
    (100, 36009): _CODE_USED,
    (100, 36007): _CODE_USED,
}


class MetaProvider(OAuthProvider):
    """A network on Graph. `dialect` is how it words refusals."""

    dialect: Dialect

    def api(
        self, credentials: Credentials, host: str, client: GuardedClient, purpose: str = "api"
    ) -> GraphApi:
        base = f"{self.address(purpose, host)}/{self.capabilities.api.version}"
        return GraphApi(base, credentials["access"], client, self.dialect)

    def bare(self, host: str, client: GuardedClient, purpose: str = "api") -> GraphApi:
        """The host without a version and a token, for token endpoints."""
        return GraphApi(self.address(purpose, host), "", client, self.token_dialect)

    @property
    def token_dialect(self) -> Dialect:
        return Dialect(self.dialect.network, {**self.dialect.table, **TOKEN_TABLE})

    def pace(self, seconds: float, host: str) -> float:
        """How long to wait between two looks; a simulator does not mind being asked often."""
        return seconds if host in ("", self.hosts["api"]) else min(seconds, 0.3)

    @abstractmethod
    def numbers(self, api: GraphApi, remote_id: str) -> dict[str, int]:
        """One post's counters. May raise what `is_gone` knows: the post is left out then."""

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        api = self.api(credentials, account.host, client)
        found: dict[str, dict[str, int]] = {}
        for remote_id in remote_ids:
            try:
                found[remote_id] = self.numbers(api, remote_id)
            except ProviderError as error:
                if not is_gone(error):
                    raise
        return found

    def check_token_answer(self, answer: Any) -> Any:
        answer = super().check_token_answer(answer)
        if answer.status_code >= 400:
            raise from_answer(
                answer.status_code,
                answer.content,
                answer.headers,
                mutating=False,
                network=self.name,
                table=self.token_dialect.table,
            )
        return answer


class LongLivedProvider(MetaProvider):
    """Tokens of an hour are traded for ones of 60 days, which renew themselves while they live."""

    exchange_grant: str
    refresh_grant: str

    @abstractmethod
    def account(self, credentials: Credentials, host: str, client: GuardedClient) -> Account:
        """Who the token speaks for, with limits."""

    def long_lived(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Token:
        answer = self.bare(host, client).get(
            "access_token",
            grant_type=self.exchange_grant,
            client_secret=app.client_secret,
            access_token=token.access,
        )
        wanted(answer, "access_token")
        return Token(answer)

    def refresh(
        self, credentials: Credentials, client: GuardedClient, *, app: App, host: str
    ) -> Connected | None:
        """The token is its own refresh credential, and only while it lives."""
        try:
            answer = self.bare(host, client).get(
                "refresh_access_token",
                grant_type=self.refresh_grant,
                access_token=credentials["access"],
            )
        except GraphError as error:
            if error.kind is ErrorKind.RATE_LIMITED:
                raise
            raise ProviderError(ErrorKind.AUTH_REVOKED, self.refusal_to_renew) from error
        token = Token(answer)
        wanted(token, "access_token")
        return Connected(Account("", "", ""), token.credentials(), (), token.expires_at)

    @property
    def refusal_to_renew(self) -> str:
        return f"{self.name} no longer renews this sign-in: connect it again."


def facebook_login(
    version: str,
    scopes: tuple[str, ...],
    *,
    dialog: str,
    graph: str,
    extra: Mapping[str, str] | None = None,
) -> OAuth2:
    """Facebook Login; `dialog` and `graph` are the purposes of its two hosts."""
    return OAuth2(
        authorize=(dialog, f"/{version}/dialog/oauth"),
        token=(graph, f"/{version}/oauth/access_token"),
        scopes=scopes,
        separator=",",
        pkce=False,
        extra=extra or {},
        method="GET",
    )


def user_token(token: Token, api: GraphApi, app: App) -> Token:
    """Facebook's way to a token of 60 days, from which pages get tokens without an end."""
    answer = api.get(
        "oauth/access_token",
        grant_type="fb_exchange_token",
        client_id=app.client_id,
        client_secret=app.client_secret,
        fb_exchange_token=token.access,
    )
    wanted(answer, "access_token")
    return Token(answer)


def walk_pages(api: GraphApi, fields: str) -> Iterator[Mapping[str, Any]]:
    """Each page of the person once: their own, then those of their businesses.

    A page that was not ticked comes without `access_token`.
    """
    seen: set[str] = set()
    for page in api.every("me/accounts", pages=20, fields=fields, limit=100):
        seen.add(str(page.get("id")))
        yield page
    try:
        businesses = list(api.every("me/businesses", pages=5, fields="id,name", limit=100))
    except ProviderError as error:
        if error.kind not in (ErrorKind.SCOPE_MISSING, ErrorKind.VALIDATION):
            raise
        return  # without business_management there are only the person's own pages
    for business in businesses:
        for edge in ("owned_pages", "client_pages"):
            for page in api.every(
                f"{business.get('id')}/{edge}", pages=5, fields=fields, limit=100
            ):
                if str(page.get("id")) not in seen:
                    seen.add(str(page.get("id")))
                    yield page


def not_ticked(page: Mapping[str, Any]) -> NotGranted:
    return NotGranted(
        str(page.get("name") or page.get("id") or "A page"),
        "It was not ticked in Facebook's dialog. Sign in again and choose “Edit settings”.",
    )


def may_post(page: Mapping[str, Any]) -> bool:
    """Whether the person's task on the page lets them publish; Graph may leave the list out."""
    tasks = page.get("tasks")
    return not isinstance(tasks, list) or not tasks or "CREATE_CONTENT" in tasks


def picture(page: Mapping[str, Any]) -> str:
    data = (page.get("picture") or {}).get("data") or {}
    return str(data.get("url") or "")


def quota(answer: Mapping[str, Any], prefix: str, fallback: int) -> dict[str, int]:
    """What a publishing limit says: used and total of a rolling window of seconds."""
    rows = answer.get("data") or [{}]
    row = rows[0] if isinstance(rows[0], dict) else {}
    config = row.get(f"{prefix}config") or {}
    return {
        "used": int(row.get(f"{prefix}quota_usage") or 0),
        "limit": int(config.get("quota_total") or fallback),
        "seconds": int(config.get("quota_duration") or 86_400),
    }
