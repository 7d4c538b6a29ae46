"""Publishing on Mastodon and on servers that speak its API."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

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
    Grant,
    Issue,
    NotFound,
    OAuthStart,
    ProviderError,
    PublishContext,
    PublishProvider,
    Unreadable,
    Wait,
)
from ..checks import image_issues, option_issues, text_issues
from ..hosts import base_address, shown_host
from .client import SCOPES, MastodonApi
from .text import comparable, from_html, length

# A server keeps an Idempotency-Key for an hour; clocks differ, so we count on less.
KEY_TRUSTED = timedelta(minutes=50)
# Between our clock and the server's.
CLOCK_SKEW = timedelta(minutes=3)
MEDIA_POLL_SECONDS = 2.0

_HOST = Field(
    "host",
    "Server",
    "host",
    placeholder="mastodon.social",
    help="The part after the second @ in your full handle.",
)


class MastodonProvider(PublishProvider):
    key = "mastodon"
    name = "Mastodon"
    color = "#6364ff"
    oauth = True
    oauth_fields = (_HOST,)
    connect_fields = (
        _HOST,
        Field(
            "token",
            "Access token",
            "secret",
            help="On your server: Preferences, Development, New application. Needs the scopes "
            f"{SCOPES.replace(' ', ', ')}.",
        ),
    )

    # --- Connecting ------------------------------------------------------------------------------

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        base = base_address(values.get("host", ""))
        token = values.get("token", "").strip()
        if not token:
            raise ProviderError(
                ErrorKind.VALIDATION, "Paste the access token of your account.", field="token"
            )
        try:
            return Connected(self._account(base, token, client), {"token": token})
        except ProviderError as error:
            if error.kind is ErrorKind.AUTH_REVOKED:
                raise ProviderError(
                    error.kind, "The server does not accept this token.", field="token"
                ) from error
            if error.field is None:
                error.field = "host"
            raise

    def start_oauth(
        self,
        values: Mapping[str, str],
        *,
        app: App,
        redirect_uri: str,
        state: str,
        client: GuardedClient,
    ) -> OAuthStart:
        """Register Candy on the server (there is no central registration) and send the person."""
        base = base_address(values.get("host", ""))
        try:
            known = MastodonApi(base, client).create_app(redirect_uri)
        except ProviderError as error:
            error.field = error.field or "host"
            raise
        query = {
            "response_type": "code",
            "client_id": str(known.get("client_id", "")),
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
        }
        secrets = {
            "host": base,
            "client_id": query["client_id"],
            "client_secret": str(known.get("client_secret", "")),
        }
        return OAuthStart(f"{base}/oauth/authorize?{urlencode(query)}", secrets)

    def finish_oauth(
        self,
        secrets: Credentials,
        *,
        app: App,
        code: str,
        redirect_uri: str,
        client: GuardedClient,
    ) -> Grant:
        base = secrets["host"]
        grant = MastodonApi(base, client).token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "client_id": secrets["client_id"],
                "client_secret": secrets["client_secret"],
                "redirect_uri": redirect_uri,
                "scope": SCOPES,
            }
        )
        token = str(grant.get("access_token") or "")
        if not token:
            raise ProviderError(ErrorKind.AUTH_REVOKED, "The server granted no access.")
        credentials = {
            "token": token,
            "client_id": secrets["client_id"],
            "client_secret": secrets["client_secret"],
        }
        scopes = tuple(str(grant.get("scope", "")).split())
        account = self._account(base, token, client)
        return Grant((Connected(account, credentials, scopes),))

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        return self._account(account.host, credentials["token"], client)

    def _account(self, base: str, token: str, client: GuardedClient) -> Account:
        api = MastodonApi(base, client, token)
        me = api.verify_credentials()
        if not me.get("id"):
            raise ProviderError(ErrorKind.VALIDATION, "This is no Mastodon server.", field="host")
        server = self._server(api)
        return Account(
            remote_id=str(me["id"]),
            handle=f"@{me.get('username', '')}@{server.get('domain') or shown_host(base)}",
            name=str(me.get("display_name") or me.get("username") or ""),
            avatar_url=str(me.get("avatar_static") or me.get("avatar") or ""),
            host=base,
            limits=_limits(server.get("configuration") or {}),
        )

    @staticmethod
    def _server(api: MastodonApi) -> dict[str, Any]:
        """The server about itself; one that only resembles Mastodon may lack the endpoint."""
        try:
            return api.instance()
        except ProviderError as error:
            if error.retryable:
                raise
            return {}

    # --- Checking --------------------------------------------------------------------------------

    def count(self, text: str, account: Account | None = None) -> Count:
        rules, limits = self.capabilities.text, account.limits if account else {}
        per_url = int(limits.get("characters_per_url") or rules.characters_per_url or 23)
        return Count(length(text, per_url), int(limits.get("text") or rules.limit), rules.unit)

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        warning = str(content.options.get("spoiler_text") or "")
        count = self.count(warning + content.text, account)
        limits = account.limits if account else {}
        return [
            *text_issues(content, count, self.name),
            *image_issues(content, self.capabilities, limits, self.name),
            *option_issues(content, self.capabilities),
        ]

    # --- Publishing ------------------------------------------------------------------------------

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = MastodonApi(ctx.account.host, ctx.client, ctx.credentials["token"])
        if stage == "upload":
            return self._upload(api, ctx)
        return self._submit(api, ctx)

    @staticmethod
    def _upload(api: MastodonApi, ctx: PublishContext) -> Done | Wait:
        waiting = False
        for number, item in enumerate(ctx.content.media):
            name = f"media.{number}"
            if name not in ctx.handles:
                media_id, ready = api.upload(item.read(), item.mime, item.alt_text)
                ctx.remember(name, media_id)
            elif ctx.handles.get(f"{name}.ready"):
                continue
            else:
                ready = api.media_ready(ctx.handles[name])
            if ready:
                ctx.remember(f"{name}.ready", "1")
            waiting |= not ready
        return Wait(MEDIA_POLL_SECONDS) if waiting else Done(dict(ctx.handles))

    @staticmethod
    def _submit(api: MastodonApi, ctx: PublishContext) -> Done:
        options = ctx.content.options
        fields = [
            ("status", ctx.content.text),
            ("visibility", str(options.get("visibility") or "public")),
        ]
        if ctx.content.language:
            # Mastodon takes ISO 639 codes only: "de-AT" is "de" there.
            fields.append(("language", ctx.content.language.partition("-")[0].lower()))
        if options.get("spoiler_text"):
            fields.append(("spoiler_text", str(options["spoiler_text"])))
        if options.get("sensitive") or options.get("spoiler_text"):
            fields.append(("sensitive", "true"))
        fields += [
            ("media_ids[]", ctx.handles[f"media.{number}"])
            for number in range(len(ctx.content.media))
        ]
        status = api.create_status(fields, key=ctx.key)
        ctx.remember("remote_id", str(status["id"]))
        ctx.remember("permalink", _permalink(status, ctx.account))
        return Done(dict(ctx.handles))

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        """Look through the account's newest posts; NotFound makes a resend with the same key safe.

        Within the key's lifetime the server itself holds back a second copy, so even an account
        that we may not read can be answered with NotFound.
        """
        api = MastodonApi(ctx.account.host, ctx.client, ctx.credentials["token"])
        keyed = datetime.now(UTC) - ctx.started_at < KEY_TRUSTED
        try:
            newest = api.account_statuses(ctx.account.remote_id)
        except ProviderError as error:
            if error.kind is ErrorKind.SCOPE_MISSING:
                return NotFound() if keyed else Unreadable("The connection may not read its posts.")
            raise
        for status in newest:
            if _is_ours(status, ctx) and not ctx.is_claimed(str(status["id"])):
                return Found(str(status["id"]), _permalink(status, ctx.account))
        oldest = _instant(newest[-1]) if newest else None
        if not keyed and len(newest) >= 40 and oldest and oldest > ctx.started_at:
            return Unreadable("The account has posted too much since then to be searched.")
        return NotFound()

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        api = MastodonApi(account.host, client, credentials["token"])
        return {
            str(status["id"]): {
                metric.name: int(status[metric.remote])
                for metric in self.capabilities.metrics
                if isinstance(status.get(metric.remote), int)
            }
            for status in self._read(api, list(remote_ids))
        }

    @staticmethod
    def _read(api: MastodonApi, ids: list[str]) -> Iterable[dict[str, Any]]:
        for start in range(0, len(ids), 20):
            batch = ids[start : start + 20]
            try:
                yield from api.statuses(batch)
                continue
            except ProviderError as error:
                if error.kind is not ErrorKind.VALIDATION:
                    raise
            for one in batch:  # a server before 4.3: one by one
                try:
                    yield api.status(one)
                except ProviderError as error:
                    if error.kind is not ErrorKind.VALIDATION:
                        raise


def _limits(configuration: Mapping[str, Any]) -> dict[str, Any]:
    statuses = configuration.get("statuses") or {}
    media = configuration.get("media_attachments") or {}
    found = {
        "text": statuses.get("max_characters"),
        "characters_per_url": statuses.get("characters_reserved_per_url"),
        "images": statuses.get("max_media_attachments"),
        "image_bytes": media.get("image_size_limit"),
        "image_pixels": media.get("image_matrix_limit"),
        "alt": media.get("description_limit"),
        "mimes": [m for m in media.get("supported_mime_types") or () if m.startswith("image/")],
    }
    return {name: value for name, value in found.items() if value}


def _permalink(status: Mapping[str, Any], account: Account) -> str:
    return str(status.get("url") or status.get("uri") or f"{account.host}/web/{status['id']}")


def _instant(status: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(status.get("created_at")))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _is_ours(status: Mapping[str, Any], ctx: PublishContext) -> bool:
    at = _instant(status)
    if at is None or at < ctx.started_at - CLOCK_SKEW:
        return False
    sent = {
        ctx.handles[f"media.{number}"]
        for number in range(len(ctx.content.media))
        if f"media.{number}" in ctx.handles
    }
    there = {str(media.get("id")) for media in status.get("media_attachments") or ()}
    if sent:
        return sent == there  # an uploaded file belongs to one post only
    return not there and from_html(str(status.get("content") or "")) == comparable(ctx.content.text)


provider = MastodonProvider()
