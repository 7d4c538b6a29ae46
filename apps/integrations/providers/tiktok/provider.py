"""Publishing on TikTok: to the creator's inbox, or directly with everything TikTok wants asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from ..oauth import OAuth2, OAuthProvider, Token
from . import numbers, publishing, rules
from .client import TikTokApi

SCOPES = ("user.info.basic", "user.info.profile", "video.list", "video.upload", "video.publish")
PRIVACY = {
    "PUBLIC_TO_EVERYONE": "Everyone",
    "MUTUAL_FOLLOW_FRIENDS": "Friends",
    "FOLLOWER_OF_CREATOR": "Followers",
    "SELF_ONLY": "Only me",
}


class TikTokProvider(OAuthProvider):
    key = "tiktok"
    name = "TikTok"
    color = "#000000"
    callback = "short-video"
    hosts = {
        "api": "https://open.tiktokapis.com",
        "web": "https://www.tiktok.com",
        "upload": "https://open-upload.tiktokapis.com",
    }
    oauth2 = OAuth2(
        authorize=("web", "/v2/auth/authorize/"),
        token=("api", "/v2/oauth/token/"),
        scopes=SCOPES,
        separator=",",
        id_name="client_key",
    )
    stages = ("check", "init", "upload", "submit", "confirm", "permalink")
    mutating_stages = frozenset({"submit"})

    def _api(self, account: Account, credentials: Credentials, client: GuardedClient) -> TikTokApi:
        return TikTokApi(self.address("api", account.host), client, credentials["access"])

    # --- Connecting ------------------------------------------------------------------------------

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        # A token that does not say its scopes has all that were asked for.
        scopes = token.scopes or SCOPES
        nobody = Account("", "", "", host=host, limits={"scopes": list(scopes)})
        account = self.verify(token.credentials(), nobody, client)
        return Grant((Connected(account, token.credentials(), scopes, token.expires_at),))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        """Who it is, and what the creator may choose today."""
        api = self._api(account, credentials, client)
        scopes = tuple(account.limits.get("scopes") or SCOPES)
        me = api.user(profile="user.info.profile" in scopes)
        if not me.get("open_id"):
            raise api.unreadable(mutating=False)
        limits = _creator_limits(api, account) if "video.publish" in scopes else {"direct": False}
        known = limits.pop("username", "")
        username = str(me.get("username") or known)
        return Account(
            remote_id=str(me["open_id"]),
            handle=f"@{username}" if username else str(me.get("display_name") or ""),
            name=str(me.get("display_name") or username),
            avatar_url=str(me.get("avatar_url") or ""),
            host=account.host,
            limits={"scopes": list(scopes), **limits},
        )

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        found = super().validate(content, account)
        return [*found, *rules.issues(content, account, self.capabilities)]

    def rights(self, content: Content, account: Account | None = None) -> tuple[str, ...]:
        """A draft and a direct post have a right each."""
        return ("video.publish" if rules.is_direct(content, self.capabilities) else "video.upload",)

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        wanted = {"submit", "confirm"}
        if rules.is_direct(content, self.capabilities):
            wanted |= {"check", "permalink"}
        if publishing.is_video(content):
            wanted |= {"init", "upload"}
        return tuple(one for one in self.stages if one in wanted)

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        flow = publishing.Flow(
            self._api(ctx.account, ctx.credentials, ctx.client),
            ctx,
            self.capabilities,
            self.address("web", ctx.account.host),
        )
        step: Done | Wait = getattr(flow, stage)()
        return step

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        """Ask for the publish_id: TikTok knows how far it is, and it is posted once at most.

        NotFound lets the stages go on, with the same publish_id and where the bytes ended. Only a
        photo post whose publish_id never reached us cannot be asked for.
        """
        flow = publishing.Flow(
            self._api(ctx.account, ctx.credentials, ctx.client),
            ctx,
            self.capabilities,
            self.address("web", ctx.account.host),
        )
        return flow.look()

    def endpoint_of(self, method: str, url: str) -> str:
        if "/init/" in url:
            return "init"
        for name, part in (("status", "/status/fetch/"), ("creator_info", "/creator_info/")):
            if part in url:
                return name
        return "all"

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        return numbers.read(self._api(account, credentials, client), remote_ids, self.capabilities)


def _creator_limits(api: TikTokApi, account: Account) -> dict[str, Any]:
    """The choices that the composer offers. A creator without posts left keeps those we knew."""
    try:
        creator = api.creator()
    except ProviderError as error:
        if error.kind is ErrorKind.SCOPE_MISSING:
            return {"direct": False}
        if error.kind in (
            ErrorKind.QUOTA_EXHAUSTED,
            ErrorKind.RATE_LIMITED,
            ErrorKind.POLICY_BLOCKED,
        ):
            return {name: value for name, value in account.limits.items() if name != "scopes"}
        raise
    return creator_limits(creator)


def creator_limits(creator: Mapping[str, Any]) -> dict[str, Any]:
    options = [str(one) for one in creator.get("privacy_level_options") or ()]
    return {
        "direct": True,
        "username": str(creator.get("creator_username") or ""),
        "nickname": str(creator.get("creator_nickname") or ""),
        "privacy": [[one, PRIVACY.get(one, one)] for one in options],
        "comment_disabled": bool(creator.get("comment_disabled")),
        "duet_disabled": bool(creator.get("duet_disabled")),
        "stitch_disabled": bool(creator.get("stitch_disabled")),
        "direct_seconds": int(creator.get("max_video_post_duration_sec") or 0),
    }


provider = TikTokProvider()
