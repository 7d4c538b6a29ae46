"""Publishing on Bluesky and on any other PDS of the AT Protocol."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from apps.integrations.http import GuardedClient

from .. import checks
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
    Issue,
    NotFound,
    ProviderError,
    PublishContext,
    PublishProvider,
    Unreadable,
    Wait,
)
from ..hosts import base_address, simulated
from . import publishing
from .client import BlueskyApi
from .identity import find_server, server_of
from .record import IMAGES_IN_POST

ENTRY = "https://bsky.social"


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
        access = credentials["access"]
        return Connected(account, credentials, _scopes(access), _expiry(access))

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
        return Connected(account, fresh, _scopes(fresh["access"]), _expiry(fresh["access"]))

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
            limits={} if _takes_galleries(base) else {"images": IMAGES_IN_POST},
        )

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        found = checks.findings(self, content, account)
        if content.link and content.media and content.link not in content.text:
            found.append(
                Issue(
                    "warning",
                    "link.hidden",
                    "Bluesky shows files or a link's card, not both: put the link in the text.",
                    "link",
                )
            )
        return found

    # --- Publishing ------------------------------------------------------------------------------

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = BlueskyApi(ctx.account.host, ctx.client, ctx.credentials["access"])
        return publishing.prepare(api, ctx) if stage == "upload" else publishing.submit(api, ctx)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        api = BlueskyApi(ctx.account.host, ctx.client, ctx.credentials["access"])
        return publishing.reconcile(api, ctx)

    def endpoint_of(self, method: str, url: str) -> str:
        name = url.partition("?")[0].rpartition("/")[2]
        names = {
            "com.atproto.repo.putRecord": "writes",
            "com.atproto.server.createSession": "sign_in",
        }
        return names.get(name, "all")

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


def _credentials(session: Mapping[str, Any]) -> Credentials:
    access, refresh = session.get("accessJwt"), session.get("refreshJwt")
    if not access or not refresh:
        raise ProviderError(ErrorKind.VALIDATION, "This is no PDS.", field="host")
    return {"access": str(access), "refresh": str(refresh)}


def _home(session: Mapping[str, Any], entry: str) -> str:
    """The account's own PDS as its DID document says; the entry where it says nothing usable."""
    return server_of(session.get("didDoc")) or entry


def _expiry(token: str) -> datetime | None:
    """When the access token ends."""
    try:
        return datetime.fromtimestamp(int(_claims(token)["exp"]), UTC)
    except (KeyError, ValueError, TypeError):
        return None


def _scopes(token: str) -> tuple[str, ...]:
    """What the access token is good for: a session that waits for admission cannot post, say."""
    return tuple(str(_claims(token).get("scope") or "").split())


def _claims(token: str) -> dict[str, Any]:
    """What the token says of itself, which nobody has to trust; nothing where it is no JWT."""
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _takes_galleries(base: str) -> bool:
    """Whether posts with more than four images are shown from there.

    The lexicon is young (June 2026) and servers do not say which they know: we count on Bluesky's
    own only. Elsewhere four images are safe.
    """
    host = urlsplit(base).hostname or ""
    return simulated(base) or host == "bsky.social" or host.endswith(".bsky.network")


provider = BlueskyProvider()
