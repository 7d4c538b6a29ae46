"""Publishing in Discord's channels, as a bot or through a webhook."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from apps.integrations.http import GuardedClient

from .. import checks
from ..base import (
    Account,
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
from ..hosts import base_address
from ..text import with_link
from . import publishing
from .client import PUBLIC, DiscordApi

# Text and announcements. Forums take titled posts only; in threads no thread can begin.
_CHANNELS = (0, 5)
_FILE_BYTES = {2: 52_428_800, 3: 104_857_600}  # by the server's boost tier; 10 MiB below
_WEBHOOK = re.compile(r"/api(?:/v\d+)?/webhooks/(\d+)/([\w-]+)/?")
_HOSTS = ("discord.com", "discordapp.com", "canary.discord.com", "ptb.discord.com")


class DiscordProvider(PublishProvider):
    key = "discord"
    name = "Discord"
    color = "#5865f2"
    connect_fields = (
        Field(
            "token",
            "Bot token",
            "secret",
            required=False,
            help="Developer portal, your application, Bot. Invite the bot to the server first.",
        ),
        Field(
            "channel",
            "Channel ID",
            required=False,
            help="Where the bot posts: right click on the channel, Copy channel ID.",
        ),
        Field(
            "webhook",
            "Or a webhook's address",
            "secret",
            required=False,
            placeholder="https://discord.com/api/webhooks/…",
            help="Quicker, but a webhook cannot answer, count reactions, or check whether a post "
            "arrived.",
        ),
        Field("host", "Server", "host", required=False, default=PUBLIC, help="Leave it as it is."),
    )

    # --- Connecting ------------------------------------------------------------------------------

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        base = base_address(values.get("host", "").strip() or PUBLIC)
        token, channel = values.get("token", "").strip(), values.get("channel", "").strip()
        if not token:
            return self._connect_webhook(base, values.get("webhook", "").strip(), client)
        credentials = {"token": token}
        api = DiscordApi(base, client, credentials)
        try:
            bot = str(api.me()["id"])
        except ProviderError as error:
            if error.kind is ErrorKind.AUTH_REVOKED:
                raise ProviderError(
                    error.kind, "Discord does not accept this bot token.", field="token"
                ) from error
            error.field = error.field or "host"
            raise
        if not channel or "/" in channel:
            raise ProviderError(ErrorKind.VALIDATION, "Which channel?", field="channel")
        try:
            return Connected(self._of_bot(base, api, channel, bot), credentials)
        except ProviderError as error:
            error.field = "channel"
            raise

    def _connect_webhook(self, base: str, typed: str, client: GuardedClient) -> Connected:
        parts = urlsplit(typed)
        path = parts.path.removeprefix(urlsplit(base).path)
        found = _WEBHOOK.fullmatch(path)
        if not found or parts.hostname not in (*_HOSTS, urlsplit(base).hostname):
            raise ProviderError(
                ErrorKind.VALIDATION, "Give a bot token, or a webhook's address.", field="webhook"
            )
        credentials = {"webhook": f"{found[1]}/{found[2]}"}
        try:
            account = self._of_webhook(base, DiscordApi(base, client, credentials))
        except ProviderError as error:
            error.field = "webhook"
            raise
        return Connected(account, credentials)

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        api = DiscordApi(account.host, client, credentials)
        if api.webhook:
            return self._of_webhook(account.host, api)
        return self._of_bot(account.host, api, account.remote_id, str(api.me()["id"]))

    @staticmethod
    def _of_bot(base: str, api: DiscordApi, channel_id: str, bot: str) -> Account:
        channel = api.channel(channel_id)
        if channel.get("type") not in _CHANNELS:
            raise ProviderError(
                ErrorKind.VALIDATION, "Choose a text or an announcement channel of a server."
            )
        guild = api.guild(str(channel.get("guild_id")))
        most = _FILE_BYTES.get(int(guild.get("premium_tier") or 0))
        limits: dict[str, Any] = {
            "guild": str(guild["id"]),
            "channel": str(channel["id"]),
            "author": bot,
        }
        if most:
            limits |= {"image_bytes": most, "video_bytes": most}
        icon = guild.get("icon")
        return Account(
            remote_id=str(channel["id"]),
            handle=f"#{channel.get('name')}",
            name=f"#{channel.get('name')} · {guild.get('name')}",
            avatar_url=f"https://cdn.discordapp.com/icons/{guild['id']}/{icon}.png" if icon else "",
            host=base,
            limits=limits,
        )

    @staticmethod
    def _of_webhook(base: str, api: DiscordApi) -> Account:
        hook = api.about_webhook()
        name = str(hook.get("name") or "Webhook")
        return Account(
            remote_id=f"webhook:{hook['id']}",
            handle=name,
            name=f"{name} (webhook)",
            host=base,
            limits={
                "guild": str(hook.get("guild_id") or ""),
                "channel": str(hook.get("channel_id") or ""),
                "webhook": True,
            },
        )

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        whole = content if content.poll else replace(content, text=with_link(content))
        found = checks.findings(self, whole, account)
        if content.poll is not None and not content.text.strip():
            found.append(Issue("error", "text.empty", "A poll needs a question as its text."))
        if account is not None and account.limits.get("webhook"):
            for given, name in ((content.thread, "thread"), (content.first_comment, "comment")):
                if given:
                    message = "A webhook cannot answer its own posts: connect a bot instead."
                    field = "thread" if name == "thread" else "first_comment"
                    found.append(Issue("error", f"{name}.webhook", message, field))
        return found

    # --- Publishing ------------------------------------------------------------------------------

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        api = DiscordApi(ctx.account.host, ctx.client, ctx.credentials)
        return publishing.prepare(api, ctx) if stage == "upload" else publishing.submit(api, ctx)

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        api = DiscordApi(ctx.account.host, ctx.client, ctx.credentials)
        return publishing.reconcile(api, ctx)

    def endpoint_of(self, method: str, url: str) -> str:
        writing = method == "POST" and url.partition("?")[0].rpartition("/")[2] != "threads"
        return "messages" if writing else "all"

    # --- Numbers ---------------------------------------------------------------------------------

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        api = DiscordApi(account.host, client, credentials)
        found: dict[str, dict[str, int]] = {}
        for remote_id in remote_ids:
            channel, _, message_id = remote_id.partition("/")
            try:
                message = api.message(channel, message_id)
            except ProviderError as error:
                if error.kind is not ErrorKind.VALIDATION:
                    raise
                continue  # gone
            reactions = message.get("reactions") or ()
            found[remote_id] = {
                "likes": sum(int(one.get("count") or 0) for one in reactions),
                "replies": int((message.get("thread") or {}).get("message_count") or 0),
            }
        return found


provider = DiscordProvider()
