"""Publishing on Mastodon and on servers that speak its API."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

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
    OAuthStart,
    ProviderError,
    PublishContext,
    PublishProvider,
    Unreadable,
    Wait,
)
from ..hosts import base_address, shown_host
from . import publishing
from .client import SCOPES, MastodonApi
from .text import length

_HOST = Field(
    "host",
    "Server",
    "host",
    placeholder="mastodon.social",
    help="The part after the second @ in your full handle.",
)

_NO_ANSWER = (ErrorKind.RATE_LIMITED, ErrorKind.TRANSIENT_SAFE, ErrorKind.AMBIGUOUS)


class MastodonProvider(PublishProvider):
    key = "mastodon"
    name = "Mastodon"
    color = "#6364ff"
    oauth = True
    oauth_fields = (_HOST,)
    app_scopes = SCOPES
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
            account = self._account(base, token, client)
            return Connected(account, {"token": token}, self._granted(base, token, client))
        except ProviderError as error:
            if error.kind is ErrorKind.AUTH_REVOKED:
                raise ProviderError(
                    error.kind, "The server does not accept this token.", field="token"
                ) from error
            if error.field is None:
                error.field = "host"
            raise

    def server_of(self, values: Mapping[str, str]) -> str:
        return base_address(values.get("host", ""))

    def register_app(self, server: str, *, redirect_uri: str, client: GuardedClient) -> App:
        try:
            made = MastodonApi(server, client).create_app(redirect_uri)
        except ProviderError as error:
            error.field = error.field or "host"
            raise
        return App(str(made.get("client_id", "")), str(made.get("client_secret", "")))

    def knows_app(self, server: str, app: App, client: GuardedClient) -> bool:
        """A token for the app itself: a server that refuses it has forgotten the app, or gives none."""
        wanted = {
            "grant_type": "client_credentials",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
        }
        try:
            return bool(MastodonApi(server, client).token(wanted).get("access_token"))
        except ProviderError as error:
            if error.kind not in _NO_ANSWER:
                return False
            error.field = error.field or "host"
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
        """Send the person to the server that they named, where `app` is registered."""
        base = self.server_of(values)
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
        }
        secrets = {
            "host": base,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
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
    def _granted(base: str, token: str, client: GuardedClient) -> tuple[str, ...]:
        """The scopes of a token that was made by hand; nothing where the server does not tell."""
        try:
            told = MastodonApi(base, client, token).app().get("scopes")
        except ProviderError as error:
            if error.retryable:
                raise
            return ()
        return tuple(map(str, told)) if isinstance(told, list) else ()

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
        """The shared findings, with the content warning in each length and comments as posts."""
        found = [
            one
            for one in checks.findings(self, content, account)
            if one.code not in ("text.too_long", "comment.too_long")
        ]
        if content.poll is not None and not content.text.strip():
            found.append(Issue("error", "text.empty", "A poll needs a question as its text."))
        warning = str(content.options.get("spoiler_text") or "")
        for part in content.parts():
            field = {"post": "text", "comment": "first_comment"}.get(
                part.role, f"thread.{part.number}"
            )
            code = "comment.too_long" if part.role == "comment" else "text.too_long"
            count = self.count(warning + publishing.full_text(part.content), account)
            found += [
                replace(issue, code=code, field=field)
                for issue in checks.text_issues(part.content, count, self.name)
                if issue.code == "text.too_long"
            ]
        return found

    # --- Publishing ------------------------------------------------------------------------------

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = MastodonApi(ctx.account.host, ctx.client, ctx.credentials["token"])
        return publishing.upload(api, ctx) if stage == "upload" else publishing.submit(api, ctx)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        api = MastodonApi(ctx.account.host, ctx.client, ctx.credentials["token"])
        return publishing.reconcile(api, ctx)

    def endpoint_of(self, method: str, url: str) -> str:
        uploading = method == "POST" and url.partition("?")[0].endswith("/api/v2/media")
        return "media" if uploading else "all"

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
    """What the server says of itself, by the names of Account.limits."""
    statuses = configuration.get("statuses") or {}
    media = configuration.get("media_attachments") or {}
    polls = configuration.get("polls") or {}
    mimes = [str(one) for one in media.get("supported_mime_types") or ()]
    found = {
        "text": statuses.get("max_characters"),
        "characters_per_url": statuses.get("characters_reserved_per_url"),
        "images": statuses.get("max_media_attachments"),
        "image_bytes": media.get("image_size_limit"),
        "image_pixels": media.get("image_matrix_limit"),
        "alt": media.get("description_limit"),
        "mimes": [one for one in mimes if one.startswith("image/")],
        "video_bytes": media.get("video_size_limit"),
        "video_pixels": media.get("video_matrix_limit"),
        "video_fps": media.get("video_frame_rate_limit"),
        "video_mimes": [one for one in mimes if one.startswith("video/")],
        "poll_options": polls.get("max_options"),
        "poll_option_text": polls.get("max_characters_per_option"),
        "poll_min_minutes": -(-int(polls.get("min_expiration") or 0) // 60),
        "poll_max_minutes": int(polls.get("max_expiration") or 0) // 60,
    }
    return {name: value for name, value in found.items() if value}


provider = MastodonProvider()
