"""Publishing on Threads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from apps.integrations.http import GuardedClient

from ..base import (
    Account,
    App,
    Connected,
    Content,
    Credentials,
    Done,
    Field,
    Found,
    Grant,
    Issue,
    MediaItem,
    NotFound,
    PublishContext,
    Role,
    Unreadable,
    Wait,
)
from ..checks import findings, is_on
from ..meta.containers import Containers, Words, is_recent, same_text
from ..meta.findings import link_issues
from ..meta.graph import GraphApi, wanted
from ..meta.insights import read_insights
from ..meta.login import LongLivedProvider, quota
from ..oauth import OAuth2, Token
from ..text import links
from . import client as calls
from .errors import DIALECT, TABLE

WORDS = Words(state="status", said="error_message", publish="threads_publish")
# Meta asks for one look a minute at the most.
POLL_SECONDS = 60.0
SCOPES = (
    "threads_basic",
    "threads_content_publish",
    "threads_manage_insights",
    "threads_manage_replies",
    "threads_read_replies",
)
PAGES_READ = 4
_LETTERS = "abcd"


class ThreadsProvider(LongLivedProvider):
    key = "threads"
    name = "Threads"
    color = "#000000"
    dialect = DIALECT
    app_fields = (
        Field("client_id", "Threads app ID", help="Not the Facebook app ID beside it."),
        Field("client_secret", "Threads app secret", "secret"),
    )
    hosts = {"api": "https://graph.threads.net", "web": "https://www.threads.com"}
    oauth2 = OAuth2(
        authorize=("web", "/oauth/authorize"),
        token=("api", "/oauth/access_token"),
        scopes=SCOPES,
        separator=",",
        pkce=False,
    )
    exchange_grant = "th_exchange_token"
    refresh_grant = "th_refresh_token"
    stages = ("upload", "container", "submit", "permalink")
    mutating_stages = frozenset({"submit"})

    # --- Connecting ------------------------------------------------------------------------------

    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        long = self.long_lived(token, app=app, host=host, client=client)
        account = self.account(long.credentials(), host, client)
        connected = Connected(account, long.credentials(), token.scopes or SCOPES, long.expires_at)
        return Grant((connected,))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        return self.account(credentials, account.host, client)

    def account(self, credentials: Credentials, host: str, client: GuardedClient) -> Account:
        api = self.api(credentials, host, client)
        me = calls.me(api)
        user_id = str(me.get("id") or "")
        limits = calls.publishing_limit(api, user_id)
        rules = {one.name: one.limit for one in self.capabilities.quotas}
        return Account(
            remote_id=user_id,
            handle=f"@{me.get('username', '')}",
            name=str(me.get("name") or me.get("username") or ""),
            avatar_url=str(me.get("threads_profile_picture_url") or ""),
            host=host,
            limits={
                "quotas": {
                    "posts": quota(limits, "", rules["posts"]),
                    "replies": quota(limits, "reply_", rules["replies"]),
                }
            },
        )

    @property
    def refusal_to_renew(self) -> str:
        return (
            "Threads no longer renews this sign-in: connect it again. Private profiles have to agree "
            "anew every 90 days."
        )

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        issues = [*findings(self, content, account), *link_issues(content, self.name)]
        topic = str(content.options.get("topic_tag") or "")
        if any(mark in topic for mark in ".&"):
            said = "A topic has no full stop and no &."
            issues.append(Issue("error", "option.topic_tag", said, "topic_tag"))
        most = self.capabilities.text.max_links or 0
        addresses = {span.value for span in links(content.text)}
        if content.link and len(addresses) <= most < len(addresses | {content.link}):
            said = f"Threads takes {most} links, and the card's is one of them."
            issues.append(Issue("error", "text.too_many_links", said))
        return issues

    # --- Publishing ------------------------------------------------------------------------------

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        return self.stages if len(content.media) > 1 else self.stages[1:]

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = self.api(ctx.credentials, ctx.account.host, ctx.client)
        waiting: Wait | None = None
        if stage == "upload":
            waiting = self._children(api, ctx)
        elif stage == "container":
            waiting = self._container(api, ctx)
        elif stage == "submit":
            waiting = self._submit(api, ctx)
        elif not ctx.handles.get("permalink"):
            post = calls.post(api, ctx.handles["remote_id"])
            ctx.remember("permalink", wanted(post, "permalink"))
        return waiting or Done(dict(ctx.handles))

    def _flow(self, api: GraphApi, ctx: PublishContext) -> Containers:
        return Containers(api, ctx, WORDS, TABLE, self.pace(POLL_SECONDS, ctx.account.host))

    def _children(self, api: GraphApi, ctx: PublishContext) -> Wait | None:
        flow, user = self._flow(api, ctx), ctx.account.remote_id
        waiting: Wait | None = None
        for number, item in enumerate(ctx.content.media):
            step = flow.prepare(f"item.{number}", partial(_child, api, user, item))
            if step is not None and not ctx.handles.get(f"item.{number}"):
                return step  # everything was too old: begin again
            waiting = step or waiting
        return waiting

    def _container(self, api: GraphApi, ctx: PublishContext) -> Wait | None:
        if len(ctx.content.media) > 1 and (waiting := self._children(api, ctx)) is not None:
            return waiting
        user = ctx.account.remote_id
        return self._flow(api, ctx).prepare(
            "container", lambda: calls.create_container(api, user, _fields(ctx))
        )

    def _submit(self, api: GraphApi, ctx: PublishContext) -> Wait | None:
        if ctx.handles.get("remote_id"):
            return None
        if (waiting := self._container(api, ctx)) is not None:
            return waiting
        out = self._flow(api, ctx).publish(ctx.account.remote_id, lambda: self._find(api, ctx))
        return None if out else Wait(0)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        api = self.api(ctx.credentials, ctx.account.host, ctx.client)
        return self._flow(api, ctx).reconcile(lambda: self._find(api, ctx))

    def _find(self, api: GraphApi, ctx: PublishContext) -> Found | None:
        """The post of a container that is known to be published."""
        answered = _reply_to(ctx)
        if answered:
            there = calls.replies(api, answered, PAGES_READ)
        else:
            there = calls.newest_posts(api, ctx.account.remote_id, PAGES_READ)
        mine = ctx.account.handle.removeprefix("@")
        for post in there:
            if (
                same_text(post.get("text"), ctx.content.text)
                and is_recent(post.get("timestamp"), ctx)
                and post.get("username", mine) == mine
                and not ctx.is_claimed(str(post["id"]))
            ):
                return Found(str(post["id"]), str(post.get("permalink") or ""))
        return None

    # --- Numbers ---------------------------------------------------------------------------------

    def numbers(self, api: GraphApi, remote_id: str) -> dict[str, int]:
        live = self.capabilities.live_metrics(datetime.now(UTC).date())
        return read_insights(api, f"{remote_id}/insights", live)


def _fields(ctx: PublishContext) -> dict[str, Any]:
    """The container's form: the kind of post follows from what it holds."""
    content, options = ctx.content, ctx.content.options
    fields: dict[str, Any] = {
        "text": content.text,
        "reply_to_id": _reply_to(ctx),
        "reply_control": _reply_control(options) if ctx.role == "post" else None,
        "topic_tag": str(options.get("topic_tag") or "").lstrip("#") if ctx.role == "post" else "",
    }
    if is_on(options.get("spoiler")) and content.media:
        fields["is_spoiler_media"] = True
    if len(content.media) > 1:
        children = [ctx.handles[f"item.{number}"] for number in range(len(content.media))]
        return {**fields, "media_type": "CAROUSEL", "children": ",".join(children)}
    if content.media:
        return {**fields, **_media_fields(content.media[0])}
    fields["media_type"] = "TEXT"
    if content.poll is not None:
        fields["poll_attachment"] = {
            f"option_{_LETTERS[number]}": answer
            for number, answer in enumerate(content.poll.options)
        }
    elif content.link:
        fields["link_attachment"] = content.link
    return fields


def _media_fields(item: MediaItem) -> dict[str, Any]:
    """Threads fetches every file itself."""
    kind = "VIDEO" if item.kind == "video" else "IMAGE"
    return {
        "media_type": kind,
        f"{kind.lower()}_url": item.url(),
        "alt_text": item.alt_text.strip(),
    }


def _child(api: GraphApi, user: str, item: MediaItem) -> dict[str, Any]:
    return calls.create_container(api, user, {**_media_fields(item), "is_carousel_item": True})


def _reply_control(options: Mapping[str, Any]) -> str | None:
    chosen = str(options.get("reply_control") or "")
    return chosen if chosen != "everyone" else None


def _reply_to(ctx: PublishContext) -> str | None:
    """A thread goes on under its last part; a first comment answers the post itself."""
    if ctx.role == "thread":
        return ctx.parent["remote_id"]
    return ctx.root["remote_id"] if ctx.role == "comment" else None


provider = ThreadsProvider()
