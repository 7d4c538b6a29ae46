"""Publishing in a Slack workspace's channels, by a bot that is installed or brought along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from apps.integrations.http import GuardedClient

from .. import checks
from ..base import (
    Account,
    App,
    Connected,
    Content,
    Count,
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
from ..hosts import base_address
from ..oauth import OAuth2, OAuthProvider, Token
from ..text import with_link
from . import publishing
from .client import SlackApi

WEB = "https://slack.com"
SCOPES = (
    "chat:write",
    "chat:write.public",
    "channels:read",
    "channels:join",
    "channels:history",
    "groups:read",
    "groups:history",
    "files:write",
    "files:read",
    "reactions:read",
    "metadata.message:read",
)
_ENDED = frozenset(
    {"invalid_refresh_token", "invalid_code", "code_already_used", "token_revoked", "token_expired"}
)


class SlackProvider(OAuthProvider):
    key = "slack"
    name = "Slack"
    color = "#4a154b"
    hosts = {"api": f"{WEB}/api", "web": WEB}
    oauth2 = OAuth2(
        authorize=("web", "/oauth/v2/authorize"),
        token=("api", "/oauth.v2.access"),
        scopes=SCOPES,
        separator=",",
        pkce=False,
    )
    stages = ("upload", "submit", "permalink")
    connect_fields = (
        Field(
            "token",
            "Bot token",
            "secret",
            placeholder="xoxb-…",
            help="api.slack.com/apps, your app, OAuth & Permissions, after installing it.",
        ),
        Field("channel", "Channel", placeholder="#announcements", help="Its name or its id."),
        Field("host", "Server", "host", required=False, default=WEB, help="Leave it as it is."),
    )

    # --- Connecting ------------------------------------------------------------------------------

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        base = base_address(values.get("host", "").strip() or WEB)
        host = self.hosts["api"] if base == WEB else base
        token = values.get("token", "").strip()
        wanted = values.get("channel", "").strip().removeprefix("#")
        if not token:
            raise ProviderError(ErrorKind.VALIDATION, "Paste the bot's token.", field="token")
        api = SlackApi(self.address("api", host), client, token)
        try:
            me = api.who()
        except ProviderError as error:
            if error.kind in (ErrorKind.AUTH_REVOKED, ErrorKind.AUTH_EXPIRED):
                raise ProviderError(
                    error.kind, "Slack does not accept this token.", field="token"
                ) from error
            error.field = error.field or "host"
            raise
        for channel in api.channels():
            if wanted and wanted in (channel.get("id"), channel.get("name")):
                return Connected(_account(host, me, channel), {"access": token})
        raise ProviderError(
            ErrorKind.VALIDATION, "The bot sees no channel of that name.", field="channel"
        )

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        """A channel is an account: the person picks those that Candy posts in."""
        api = SlackApi(self.address("api", host), client, token.access)
        me = api.who()
        channels = sorted(api.channels(), key=lambda one: not one.get("is_member"))
        return Grant(
            tuple(
                Connected(
                    _account(host, me, channel),
                    token.credentials(),
                    token.scopes,
                    token.expires_at,
                )
                for channel in channels
            )
        )

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        api = self._api(credentials, account, client)
        return _account(account.host, api.who(), api.channel(publishing.channel_of(account)))

    def token_error(self, code: str, description: str) -> ProviderError:
        if code in _ENDED:
            return super().token_error("invalid_grant", description)
        if code in ("bad_client_secret", "invalid_client_id", "bad_redirect_uri"):
            return super().token_error("invalid_client", description)
        return super().token_error(code, description)

    def _api(self, credentials: Credentials, account: Account, client: GuardedClient) -> SlackApi:
        return SlackApi(self.address("api", account.host), client, credentials["access"])

    # --- Checking --------------------------------------------------------------------------------

    def count(self, text: str, account: Account | None = None) -> Count:
        """Slack counts &, < and > as what they are sent as."""
        return super().count(publishing.escaped(text), account)

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        return checks.findings(self, replace(content, text=with_link(content)), account)

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        return self.stages

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = self._api(ctx.credentials, ctx.account, ctx.client)
        if stage == "upload":
            return publishing.prepare(api, ctx)
        if stage == "submit":
            return publishing.submit(api, ctx)
        return publishing.permalink(api, ctx)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        return publishing.reconcile(self._api(ctx.credentials, ctx.account, ctx.client), ctx)

    def endpoint_of(self, method: str, url: str) -> str:
        name = url.partition("?")[0].rpartition("/")[2]
        return "messages" if name in ("chat.postMessage", "files.completeUploadExternal") else "all"

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        api, channel = self._api(credentials, account, client), publishing.channel_of(account)
        found: dict[str, dict[str, int]] = {}
        for ts in remote_ids:
            try:
                message = api.message(channel, ts)
            except ProviderError as error:
                if error.kind is not ErrorKind.VALIDATION or error.field == "channel":
                    raise
                continue
            if message is not None:
                reactions = message.get("reactions") or ()
                found[ts] = {
                    "likes": sum(int(one.get("count") or 0) for one in reactions),
                    "replies": int(message.get("reply_count") or 0),
                }
        return found


def _account(host: str, me: Mapping[str, Any], channel: Mapping[str, Any]) -> Account:
    name = f"#{channel.get('name') or channel.get('id')}"
    limits: dict[str, Any] = {"bot": str(me.get("user_id") or "")}
    if channel.get("is_private"):
        limits["private"] = True
    return Account(
        remote_id=f"{me.get('team_id')}/{channel['id']}",
        handle=name,
        name=f"{name} · {me.get('team')}",
        host=host,
        limits=limits,
    )


provider = SlackProvider()
