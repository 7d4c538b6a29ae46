"""Publishing on YouTube: videos and Shorts, with a cover, captions and a first comment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

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
    NotGranted,
    ProviderError,
    PublishContext,
    Role,
    Unreadable,
    Wait,
)
from ..oauth import OAuth2, OAuthProvider, Token
from . import publishing, rules
from .client import YouTubeApi

_SCOPE = "https://www.googleapis.com/auth/"
UPLOAD, MANAGE = f"{_SCOPE}youtube.upload", f"{_SCOPE}youtube.force-ssl"
BATCH = 50
# What YouTube allows a channel whose phone number it does not know.
UNVERIFIED_SECONDS = 900


class YouTubeProvider(OAuthProvider):
    key = "youtube"
    name = "YouTube"
    color = "#ff0000"
    hosts = {
        "api": "https://www.googleapis.com",
        "web": "https://accounts.google.com",
        "token": "https://oauth2.googleapis.com",
        "site": "https://www.youtube.com",
    }
    oauth2 = OAuth2(
        authorize=("web", "/o/oauth2/v2/auth"),
        token=("token", "/token"),
        scopes=(UPLOAD, MANAGE),
        extra={"access_type": "offline", "prompt": "consent"},
    )
    stages = ("session", "upload", "submit", "process", "thumbnail", "captions", "comment")
    mutating_stages = frozenset({"submit", "comment"})

    def _api(self, account: Account, credentials: Credentials, client: GuardedClient) -> YouTubeApi:
        return YouTubeApi(self.address("api", account.host), client, credentials["access"])

    # --- Connecting ------------------------------------------------------------------------------

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        """The channel that was picked on Google's page. Each permission can be unticked there."""
        if token.scopes and MANAGE not in token.scopes:
            reason = "The permission to manage the channel was not ticked."
            return Grant((), (NotGranted("YouTube channel", reason),))
        nobody = Account("", "", "", host=host)
        account = self.verify(token.credentials(), nobody, client)
        return Grant((Connected(account, token.credentials(), token.scopes, token.expires_at),))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        channel = self._api(account, credentials, client).channel()
        if channel is None:
            raise ProviderError(ErrorKind.VALIDATION, "This Google account has no YouTube channel.")
        snippet = channel.get("snippet") or {}
        lists = (channel.get("contentDetails") or {}).get("relatedPlaylists") or {}
        limits: dict[str, object] = {"uploads": str(lists.get("uploads") or "")}
        long = (channel.get("status") or {}).get("longUploadsStatus")
        if long in ("eligible", "disallowed"):
            limits["video_seconds"] = UNVERIFIED_SECONDS
        title = str(snippet.get("title") or "")
        return Account(
            remote_id=str(channel["id"]),
            handle=str(snippet.get("customUrl") or title),
            name=title,
            avatar_url=str(
                ((snippet.get("thumbnails") or {}).get("default") or {}).get("url") or ""
            ),
            host=account.host,
            limits=limits,
        )

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        found = super().validate(content, account)
        return [*found, *rules.issues(content, self.capabilities)]

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        if role == "comment":
            return ("comment",)
        stages: tuple[str, ...] = self.stages[:4]
        if rules.sets_cover(content, self.capabilities):
            stages = (*stages, "thumbnail")
        return (*stages, "captions") if rules.has_captions(content) else stages

    def _flow(self, ctx: PublishContext) -> publishing.Flow:
        return publishing.Flow(
            self._api(ctx.account, ctx.credentials, ctx.client),
            ctx,
            self.capabilities,
            self.address("site", ctx.account.host),
        )

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        step: Done | Wait = getattr(self._flow(ctx), stage)()
        return step

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        return self._flow(ctx).look()

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        """Lifetime counters. A channel may hide its likes: that name is then left out."""
        api, ids = self._api(account, credentials, client), list(remote_ids)
        wanted = self.capabilities.live_metrics(datetime.now(UTC).date())
        found: dict[str, dict[str, int]] = {}
        for start in range(0, len(ids), BATCH):
            for video in api.statistics(ids[start : start + BATCH]):
                counted = video.get("statistics") or {}
                found[str(video.get("id"))] = {
                    one.name: int(counted[one.remote])
                    for one in wanted
                    if str(counted.get(one.remote, "")).isdigit()
                }
        return found


provider = YouTubeProvider()
