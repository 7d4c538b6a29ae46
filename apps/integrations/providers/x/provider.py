"""Publishing on X, signed in by OAuth 2 or with the four keys of one's own app."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
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
    ProviderError,
    PublishContext,
    Role,
    Unreadable,
    Wait,
)
from ..hosts import base_address, simulated
from ..oauth import OAuth2, OAuthProvider, Token
from ..text import with_link
from . import metrics, publishing
from .client import XApi
from .text import bare_domains, cashtags, is_linked

PREMIUM = frozenset({"blue", "business", "government"})
PREMIUM_TEXT = 25_000
_KEYS = {
    "api_key": "consumer_key",
    "api_key_secret": "consumer_secret",
    "access_token": "token",
    "access_token_secret": "token_secret",
}


class XProvider(OAuthProvider):
    key = "x"
    name = "X"
    color = "#0f1419"
    hosts = {"api": "https://api.x.com", "web": "https://x.com"}
    oauth2 = OAuth2(
        authorize=("web", "/i/oauth2/authorize"),
        token=("api", "/2/oauth2/token"),
        scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
        basic=True,
    )
    connect_fields = (
        Field("api_key", "API key", help="Developer portal: your app, Keys and tokens."),
        Field("api_key_secret", "API key secret", "secret"),
        Field("access_token", "Access token", help="Made with the permission Read and write."),
        Field("access_token_secret", "Access token secret", "secret"),
    )
    stages = ("upload", "process", "submit")

    def endpoint_of(self, method: str, url: str) -> str:
        """X keeps a window for each kind of call."""
        path = url.partition("?")[0]
        if "/2/media/upload/" in path:
            return "chunks"
        if path.endswith("/2/media/upload"):
            return "upload" if method == "POST" else "status"
        if path.endswith("/2/media/metadata"):
            return "metadata"
        if path.endswith("/2/users/me"):
            return "account"
        return {"POST": "create", "DELETE": "delete"}.get(method, "read")

    # --- Connecting ------------------------------------------------------------------------------

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        """Sign in with the four keys of an app that the account's owner has made."""
        host = base_address(values.get("host", "").strip() or self.hosts["api"])
        if host != self.hosts["api"] and not simulated(host):
            raise ProviderError(ErrorKind.VALIDATION, "X has one address only.", field="host")
        credentials = {ours: values.get(typed, "").strip() for typed, ours in _KEYS.items()}
        for typed, ours in _KEYS.items():
            if not credentials[ours]:
                raise ProviderError(ErrorKind.VALIDATION, "This key is missing.", field=typed)
        try:
            return Connected(self._account(credentials, host, client), credentials)
        except ProviderError as error:
            if error.kind is ErrorKind.AUTH_REVOKED:
                raise ProviderError(
                    error.kind,
                    "X does not accept these four keys. They belong together; copy them again.",
                    field="api_key_secret",
                ) from error
            raise

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        credentials = token.credentials()
        account = self._account(credentials, host, client)
        return Grant((Connected(account, credentials, token.scopes, token.expires_at),))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        return self._account(credentials, account.host, client)

    def token_error(self, code: str, description: str) -> ProviderError:
        """X calls a dead refresh token an invalid request, and a wrong secret unauthorised."""
        low = description.lower()
        if code == "invalid_request" and "token was invalid" in low:
            return super().token_error("invalid_grant", description)
        if code in ("unauthorized_client", "invalid_client") or "authorization header" in low:
            return super().token_error("invalid_client", description)
        return super().token_error(code, description)

    def _account(self, credentials: Credentials, host: str, client: GuardedClient) -> Account:
        me = self._api(credentials, host, client).me()
        kind = str(me.get("verified_type") or "none")
        limits: dict[str, Any] = {"verified_type": kind}
        if kind in PREMIUM:
            limits["text"] = PREMIUM_TEXT
        return Account(
            remote_id=str(me.get("id") or ""),
            handle=f"@{me.get('username', '')}",
            name=str(me.get("name") or me.get("username") or ""),
            avatar_url=str(me.get("profile_image_url") or ""),
            host=host,
            limits=limits,
        )

    def _api(self, credentials: Credentials, host: str, client: GuardedClient) -> XApi:
        return XApi(self.address("api", host), client, credentials)

    # --- Checking --------------------------------------------------------------------------------

    def price(self, content: Content) -> Decimal:
        """Every part is charged by itself, one with a link thirteen times as much."""
        prices = {one.when: Decimal(str(one.usd)) for one in self.capabilities.prices}
        total = Decimal(0)
        for part in content.parts():
            linked = is_linked(with_link(part.content))
            described = sum(1 for i in part.content.media if i.alt_text and i.kind != "video")
            total += prices["post_with_link" if linked else "post"]
            total += described * prices["alt_text"]
        return total

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        content = replace(content, text=with_link(content), link="")
        issues = super().validate(content, account)
        if content.poll is not None and not content.text.strip():
            issues.append(Issue("error", "text.empty", "X wants a text with every poll."))
        if len(set(cashtags(content.text))) > 1:
            issues.append(Issue("error", "text.too_many_cashtags", "X takes 1 cashtag in a post."))
        return issues + self._bare_domains(content, account)

    def _bare_domains(self, content: Content, account: Account | None) -> list[Issue]:
        """What X will make links of though nobody wrote `https://`: longer, and dearer."""
        found = bare_domains(content.text)
        if not found:
            return []
        count = self.count(content.text, account)
        per_url = self.capabilities.text.characters_per_url or 23
        over = sum(per_url - len(one.value) for one in found) - count.left
        shown = found[0].value
        if over > 0 and count.left >= 0:
            return [
                Issue(
                    "error",
                    "text.too_long",
                    f"X makes a link of “{shown}”, which counts as {per_url}: {over:,} too many.",
                )
            ]
        return [
            Issue(
                "warning",
                "text.becomes_link",
                f"X makes a link of “{shown}”: it counts as {per_url}, and a post with a link "
                "costs more.",
            )
        ]

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        return self.stages if content.media else ("submit",)

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = self._api(ctx.credentials, ctx.account.host, ctx.client)
        if stage == "upload":
            return publishing.upload(api, ctx)
        if stage == "process":
            return publishing.process(api, ctx)
        return publishing.submit(api, ctx, self._permalink(ctx.account))

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        api = self._api(ctx.credentials, ctx.account.host, ctx.client)
        return publishing.reconcile(api, ctx, self._permalink(ctx.account))

    def _permalink(self, account: Account) -> str:
        """The address of a post, with a place for its id."""
        return f"{self.address('web', account.host)}/{account.handle.lstrip('@')}/status/{{id}}"

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        api = self._api(credentials, account.host, client)
        return metrics.read(api, self.capabilities, remote_ids, datetime.now(UTC))


provider = XProvider()
