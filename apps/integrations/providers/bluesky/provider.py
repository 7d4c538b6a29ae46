"""Publishing on Bluesky and on any other PDS of the AT Protocol."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from apps.integrations.http import GuardedClient

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
    Issue,
    NotFound,
    ProviderError,
    PublishContext,
    PublishProvider,
    Unreadable,
    Wait,
)
from ..checks import image_issues, text_issues
from ..hosts import base_address
from ..text import graphemes, links
from .client import POST, BlueskyApi
from .identity import find_server, server_of
from .text import facets
from .tid import new_tid

ENTRY = "https://bsky.social"
APP = "https://bsky.app"


class BlueskyProvider(PublishProvider):
    key = "bluesky"
    name = "Bluesky"
    color = "#1185fe"
    connect_fields = (
        Field(
            "handle", "Handle", placeholder="candy.bsky.social", help="Your address, without the @."
        ),
        Field(
            "password",
            "App password",
            "secret",
            help="Settings, Privacy and security, App passwords. Not the account's own password.",
        ),
        Field(
            "host",
            "Server",
            "host",
            default=ENTRY,
            help="Leave it unless you know your own server (PDS).",
        ),
    )

    # --- Connecting ------------------------------------------------------------------------------

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        base = base_address(values.get("host", "").strip() or ENTRY)
        handle = values.get("handle", "").strip().removeprefix("@").lower()
        if base == ENTRY:
            base = find_server(handle, client) or ENTRY
        try:
            session = BlueskyApi(base, client).create_session(handle, values.get("password", ""))
        except ProviderError as error:
            if error.kind is ErrorKind.AUTH_REVOKED:
                raise ProviderError(
                    error.kind, "Handle and app password do not fit together.", field="password"
                ) from error
            error.field = error.field or "host"
            raise
        base = _home(session, base)
        # The app password is kept (sealed like the tokens): both tokens rotate, so a crash between
        # the network's answer and our save would otherwise cost the person their connection.
        credentials = _credentials(session) | {
            "handle": handle,
            "password": values.get("password", ""),
        }
        account = self._account(base, session, credentials, client)
        return Connected(account, credentials, expires_at=_expiry(credentials["access"]))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        session = BlueskyApi(account.host, client, credentials["access"]).session()
        return self._account(account.host, session, credentials, client)

    def refresh(
        self, credentials: Credentials, client: GuardedClient, *, app: App, host: str
    ) -> Connected | None:
        """A new pair; both tokens rotate, the server's address stays.

        Where the refresh token is no longer good, a new session by the app password: sign-ins are
        scarce (30 in five minutes), so that comes second.
        """
        host = credentials.get("host") or host
        try:
            session = BlueskyApi(host, client, credentials["refresh"]).refresh_session()
        except ProviderError as error:
            gone = error.kind in (ErrorKind.AUTH_EXPIRED, ErrorKind.AUTH_REVOKED)
            if not gone or not credentials.get("password"):
                raise
            session = BlueskyApi(host, client).create_session(
                credentials["handle"], credentials["password"]
            )
        fresh = credentials | _credentials(session) | {"host": host}
        account = Account(str(session.get("did", "")), str(session.get("handle", "")), "")
        return Connected(account, fresh, expires_at=_expiry(fresh["access"]))

    @staticmethod
    def _account(
        base: str, session: Mapping[str, Any], credentials: Credentials, client: GuardedClient
    ) -> Account:
        did = str(session.get("did") or "")
        if not did:
            raise ProviderError(ErrorKind.VALIDATION, "This is no PDS.", field="host")
        credentials["host"] = base
        try:
            profile = BlueskyApi(base, client, credentials["access"]).profile(did)
        except ProviderError as error:
            if error.retryable:
                raise
            profile = {}  # a bare PDS without an app view
        handle = str(session.get("handle") or did)
        return Account(
            remote_id=did,
            handle=f"@{handle}",
            name=str(profile.get("displayName") or handle.partition(".")[0]),
            avatar_url=str(profile.get("avatar") or ""),
            host=base,
            limits={"page": str(profile["url"])} if profile.get("url") else {},
        )

    # --- Checking --------------------------------------------------------------------------------

    def count(self, text: str, account: Account | None = None) -> Count:
        rules = self.capabilities.text
        return Count(graphemes(text), rules.limit, rules.unit)

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        found = [
            *text_issues(content, self.count(content.text), self.name),
            *image_issues(content, self.capabilities, {}, self.name),
        ]
        size, limit = len(content.text.encode()), self.capabilities.text.max_bytes or 3000
        if size > limit:
            found.append(
                Issue(
                    "error",
                    "text.too_many_bytes",
                    f"Bluesky takes {limit:,} bytes of text; this has {size:,}.",
                )
            )
        return found

    # --- Publishing ------------------------------------------------------------------------------

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = BlueskyApi(ctx.account.host, ctx.client, ctx.credentials["access"])
        if stage == "upload":
            return self._upload(api, ctx)
        return self._submit(api, ctx)

    @staticmethod
    def _upload(api: BlueskyApi, ctx: PublishContext) -> Done:
        """Images, the rich text and our own record key: everything the one write will say."""
        for number, item in enumerate(ctx.content.media):
            name = f"blob.{number}"
            if name not in ctx.handles:
                ctx.remember(name, json.dumps(api.upload(item.read(), item.mime)))
        if "facets" not in ctx.handles:
            ctx.remember("facets", json.dumps(facets(ctx.content.text, api.resolve)))
        if "rkey" not in ctx.handles:
            ctx.remember("created_at", _now())
            ctx.remember("rkey", new_tid())
        return Done(dict(ctx.handles))

    @staticmethod
    def _submit(api: BlueskyApi, ctx: PublishContext) -> Done:
        rkey = ctx.handles["rkey"]
        found = api.put_post(ctx.account.remote_id, rkey, record_of(ctx))
        ctx.remember("remote_id", str(found["uri"]))
        ctx.remember("permalink", permalink(ctx.account, rkey))
        return Done(dict(ctx.handles))

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        """Ask for the record under our own key: there is no doubt left after that."""
        rkey = ctx.handles.get("rkey")
        if rkey is None:
            return NotFound()  # the write comes after the key
        api = BlueskyApi(ctx.account.host, ctx.client, ctx.credentials["access"])
        found = api.get_post(ctx.account.remote_id, rkey)
        if found is None:
            return NotFound()
        uri = str(found.get("uri") or f"at://{ctx.account.remote_id}/{POST}/{rkey}")
        return Found(uri, permalink(ctx.account, rkey))

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        api, ids = BlueskyApi(account.host, client, credentials["access"]), list(remote_ids)
        found: dict[str, dict[str, int]] = {}
        for start in range(0, len(ids), 25):
            for post in api.posts(ids[start : start + 25]):
                found[str(post.get("uri"))] = {
                    metric.name: int(post[metric.remote])
                    for metric in self.capabilities.metrics
                    if isinstance(post.get(metric.remote), int)
                }
        return found


def record_of(ctx: PublishContext) -> dict[str, Any]:
    """The record as the lexicon `app.bsky.feed.post` has it; the same for every attempt."""
    content = ctx.content
    record: dict[str, Any] = {
        "$type": POST,
        "text": content.text,
        "createdAt": ctx.handles["created_at"],
    }
    if content.language:
        record["langs"] = [content.language]
    rich = json.loads(ctx.handles["facets"])
    if rich:
        record["facets"] = rich
    if content.media:
        record["embed"] = {
            "$type": "app.bsky.embed.images",
            "images": [
                {
                    "image": json.loads(ctx.handles[f"blob.{number}"]),
                    "alt": item.alt_text,
                    "aspectRatio": {"width": item.width, "height": item.height},
                }
                for number, item in enumerate(content.media)
            ],
        }
    elif link := next(iter(links(content.text)), None):
        # The card is made by whoever posts. We name the page and fetch nothing from it.
        record["embed"] = {
            "$type": "app.bsky.embed.external",
            "external": {"uri": link.value, "title": _title(link.value), "description": ""},
        }
    return record


def permalink(account: Account, rkey: str) -> str:
    """Where readers find the post. A server that tells its own page (the sandbox) wins."""
    page = str(account.limits.get("page") or "")
    handle = account.handle.removeprefix("@")
    return f"{page or f'{APP}/profile/{handle}'}/post/{rkey}"


def _title(url: str) -> str:
    return url.partition("://")[2].rstrip("/")[:200]


def _credentials(session: Mapping[str, Any]) -> Credentials:
    access, refresh = session.get("accessJwt"), session.get("refreshJwt")
    if not access or not refresh:
        raise ProviderError(ErrorKind.VALIDATION, "This is no PDS.", field="host")
    return {"access": str(access), "refresh": str(refresh)}


def _home(session: Mapping[str, Any], entry: str) -> str:
    """The account's own PDS as its DID document says; the entry where it says nothing usable."""
    return server_of(session.get("didDoc")) or entry


def _expiry(token: str) -> datetime | None:
    """When the access token ends: read from its own claims, which nobody has to trust."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (IndexError, KeyError, ValueError, TypeError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


provider = BlueskyProvider()
