"""Publishing on Facebook pages."""

from __future__ import annotations

from collections.abc import Mapping
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
from ..checks import findings, format_of
from ..meta.findings import link_issues, place_issues
from ..meta.graph import GraphApi
from ..meta.insights import read_insights
from ..meta.login import (
    MetaProvider,
    facebook_login,
    may_post,
    not_ticked,
    picture,
    user_token,
    walk_pages,
)
from ..oauth import OAuth2, Token
from . import client as calls
from .errors import DIALECT
from .finding import reconcile
from .publishing import Publication

POLL_SECONDS = 15.0
SCOPES = (
    "pages_show_list",
    "pages_manage_posts",
    "pages_read_engagement",
    "pages_manage_engagement",
    "read_insights",
    "business_management",
)


class FacebookProvider(MetaProvider):
    key = "facebook"
    name = "Facebook"
    color = "#0866ff"
    dialect = DIALECT
    app_fields = (
        Field("client_id", "App ID"),
        Field("client_secret", "App secret", "secret"),
        Field(
            "config_id",
            "Configuration ID",
            required=False,
            help="Only with Facebook Login for Business.",
        ),
    )
    hosts = {
        "api": "https://graph.facebook.com",
        "web": "https://www.facebook.com",
        "upload": "https://rupload.facebook.com",
        "video": "https://graph-video.facebook.com",
    }
    stages = ("upload", "submit", "confirm", "permalink")
    mutating_stages = frozenset({"submit"})

    # --- Connecting ------------------------------------------------------------------------------

    def endpoints(self, app: App) -> OAuth2:
        config = app.extra.get("config_id", "")
        return facebook_login(
            self.capabilities.api.version,
            SCOPES,
            dialog="web",
            graph="api",
            extra={"config_id": config} if config else {},
        )

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        """Each page with a token of its own. The person's token is used up here and never kept."""
        long = user_token(token, self.api(token.credentials(), host, client), app)
        found: list[Connected] = []
        refused: list[NotGranted] = []
        for page in walk_pages(self.api(long.credentials(), host, client), calls.PAGES):
            if not page.get("access_token"):
                refused.append(not_ticked(page))
            elif not may_post(page):
                name = str(page.get("name") or "A page")
                refused.append(NotGranted(name, "Your role on the page does not let you post."))
            else:
                kept = {"access": str(page["access_token"])}
                found.append(Connected(_account(page, host), kept, token.scopes or SCOPES))
        return Grant(tuple(found), tuple(refused))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        api = self.api(credentials, account.host, client)
        return _account(calls.page(api, account.remote_id), account.host)

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        issues = [
            *findings(self, content, account),
            *link_issues(content, self.name),
            *place_issues(content, "place"),
        ]
        if self._shape(content) == "story" and content.text.strip():
            issues.append(
                Issue("warning", "text.not_shown", "A story has no text; it is not shown.")
            )
        return issues

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        shape = self._shape(content)
        is_video = any(item.kind == "video" for item in content.media)
        uploads = is_video or shape == "story" or len(content.media) > 1
        if role == "comment" or not uploads:
            return ("submit", "permalink")
        return self.stages if is_video else ("upload", "submit", "permalink")

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        host, version = ctx.account.host, self.capabilities.api.version
        publication = Publication(
            self.api(ctx.credentials, host, ctx.client),
            self.api(ctx.credentials, host, ctx.client, "video"),
            ctx,
            shape=self._shape(ctx.content),
            upload=f"{self.address('upload', host)}/video-upload/{version}/{{id}}",
            poll_seconds=self.pace(POLL_SECONDS, host),
        )
        return publication.run(stage)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        api = self.api(ctx.credentials, ctx.account.host, ctx.client)
        return reconcile(api, ctx, self._shape(ctx.content))

    def _shape(self, content: Content) -> str:
        shape = format_of(content, self.capabilities)
        return shape.key if shape else "text"

    # --- Numbers ---------------------------------------------------------------------------------

    def numbers(self, api: GraphApi, remote_id: str) -> dict[str, int]:
        """Posts have insights beside their counters; videos, whose ids have no `_`, counters only."""
        if "_" not in remote_id:
            video = api.get(remote_id, fields=calls.VIDEO_COUNTS)
            counted = {"likes": _total(video, "likes"), "comments": _total(video, "comments")}
            return {**counted, "views": int(video.get("views") or 0)}
        post = api.get(remote_id, fields=calls.COUNTS)
        counted = {
            "likes": _total(post, "reactions"),
            "comments": _total(post, "comments"),
            "shares": int((post.get("shares") or {}).get("count") or 0),
        }
        live = self.capabilities.live_metrics(datetime.now(UTC).date())
        insights = [metric for metric in live if metric.remote.startswith("post_")]
        try:
            return counted | read_insights(api, f"{remote_id}/insights", insights)
        except ProviderError as error:
            if error.kind is not ErrorKind.SCOPE_MISSING:
                raise
            return counted


def _account(page: Mapping[str, Any], host: str) -> Account:
    name, username = str(page.get("name") or ""), str(page.get("username") or "")
    return Account(
        remote_id=str(page.get("id") or ""),
        handle=f"@{username}" if username else name,
        name=name,
        avatar_url=picture(page),
        host=host,
    )


def _total(node: Mapping[str, Any], edge: str) -> int:
    summary = (node.get(edge) or {}).get("summary") or {}
    return int(summary.get("total_count") or 0)


provider = FacebookProvider()
