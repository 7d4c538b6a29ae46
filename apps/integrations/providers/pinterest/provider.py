"""Publishing on Pinterest: image pins, carousels and video pins on a board."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from apps.integrations.http import GuardedClient

from ..base import (
    Account,
    App,
    Connected,
    Content,
    Credentials,
    Done,
    ErrorKind,
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
from ..checks import format_of
from ..oauth import OAuth2, OAuthProvider, Token
from . import numbers, publishing
from .client import PinterestApi

SCOPES = ("boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read")


class PinterestProvider(OAuthProvider):
    key = "pinterest"
    name = "Pinterest"
    color = "#e60023"
    hosts = {"api": "https://api.pinterest.com", "web": "https://www.pinterest.com"}
    oauth2 = OAuth2(
        authorize=("web", "/oauth/"),
        token=("api", "/v5/oauth/token"),
        scopes=SCOPES,
        separator=",",
        pkce=False,
        basic=True,
    )
    stages = ("register", "upload", "process", "submit")
    mutating_stages = frozenset({"submit"})

    # --- Connecting ------------------------------------------------------------------------------

    def ask_token(self, app: App, client: GuardedClient, fields: Mapping[str, str]) -> Token:
        """Older apps get refresh tokens that go on only where they ask for it."""
        if fields.get("grant_type") == "authorization_code":
            fields = {**fields, "continuous_refresh": "true"}
        return super().ask_token(app, client, fields)

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        account = self._account(token.access, host, client)
        return Grant((Connected(account, token.credentials(), token.scopes, token.expires_at),))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        return self._account(credentials["access"], account.host, client)

    def _account(self, access: str, host: str, client: GuardedClient) -> Account:
        api = PinterestApi(self.address("api", host), client, access)
        me = api.user_account()
        if not me.get("id"):
            raise api.unreadable(mutating=False)
        boards = [
            [str(one.get("id")), str(one.get("name") or one.get("id"))] for one in api.boards()
        ]
        username = str(me.get("username") or "")
        return Account(
            remote_id=str(me["id"]),
            handle=f"@{username}",
            name=str(me.get("business_name") or username),
            avatar_url=str(me.get("profile_image") or ""),
            host=host,
            limits={"boards": boards},
        )

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        found = super().validate(content, account)
        if account is not None and not account.limits.get("boards"):
            found = [one for one in found if one.code != "option.board"]
            found.append(
                Issue(
                    "error",
                    "option.board",
                    "This account has no board yet: make one at Pinterest, then check the "
                    "connection.",
                    "board",
                )
            )
        sizes = {(one.width, one.height) for one in content.media if one.kind == "image"}
        if len(content.media) > 1 and len(sizes) > 1:
            found.append(
                Issue(
                    "error",
                    "media.sizes",
                    "The pictures of a Pinterest carousel need one size.",
                    "media",
                )
            )
        link = publishing.link_of(content)
        if link and not link.startswith(("https://", "http://")):
            found.append(Issue("error", "option.link", "Link: this is no web address.", "link"))
        return found

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        shape = format_of(content, self.capabilities)
        return self.stages if shape is not None and shape.key == "video" else ("submit",)

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = PinterestApi(
            self.address("api", ctx.account.host), ctx.client, ctx.credentials["access"]
        )
        if stage == "submit":
            pin = publishing.submit(api, ctx)
            ctx.remember("remote_id", pin)
            ctx.remember("permalink", self._permalink(ctx.account, pin))
            return Done(dict(ctx.handles))
        return publishing.VIDEO[stage](api, ctx)

    def _permalink(self, account: Account, pin: str) -> str:
        return f"{self.address('web', account.host)}/pin/{pin}/"

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        """Read the board, newest first: a pin of ours is told by link, title, text and time."""
        api = PinterestApi(
            self.address("api", ctx.account.host), ctx.client, ctx.credentials["access"]
        )
        try:
            answer = publishing.find(api, ctx)
        except ProviderError as error:
            if error.kind in (ErrorKind.SCOPE_MISSING, ErrorKind.POLICY_BLOCKED):
                return Unreadable("The connection may not read this board.")
            if error.kind is ErrorKind.VALIDATION:
                return Unreadable("The board is not there any more.")
            raise
        if isinstance(answer, Found):
            return replace(answer, permalink=self._permalink(ctx.account, answer.remote_id))
        return answer

    def endpoint_of(self, method: str, url: str) -> str:
        if "/analytics" in url:
            return "org_analytics"
        return "org_read" if method == "GET" else "org_write"

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        api = PinterestApi(self.address("api", account.host), client, credentials["access"])
        return numbers.read(api, remote_ids, self.capabilities)


provider = PinterestProvider()
