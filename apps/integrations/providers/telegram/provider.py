"""Publishing in Telegram's channels and groups, by a bot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

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
from ..hosts import base_address, simulated
from .client import PUBLIC, BotApi
from .message import call_for

# What a Bot API server of one's own takes; Telegram's own takes 50 MB from a bot.
OWN_SERVER_BYTES = 2_000_000_000
MAX_SIDES = 10_000  # width and height of a photo together


class TelegramProvider(PublishProvider):
    key = "telegram"
    name = "Telegram"
    color = "#26a5e4"
    stages = ("submit",)
    connect_fields = (
        Field(
            "token",
            "Bot token",
            "secret",
            help="From @BotFather: /newbot, or /mybots for a bot that you have.",
        ),
        Field(
            "chat",
            "Channel or group",
            placeholder="@candy_news",
            help="Its @name, or its id (-100…) where it has none. Make the bot an administrator "
            "there first, with the right to post.",
        ),
        Field(
            "host",
            "Server",
            "host",
            default=PUBLIC,
            help="Leave it unless you run a Bot API server of your own.",
        ),
    )

    # --- Connecting ------------------------------------------------------------------------------

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        base = base_address(values.get("host", "").strip() or PUBLIC)
        token, chat = values.get("token", "").strip(), values.get("chat", "").strip()
        if not token or "/" in token:
            raise ProviderError(ErrorKind.VALIDATION, "Paste the bot's token.", field="token")
        api = BotApi(base, client, token)
        try:
            bot = api.me()
        except ProviderError as error:
            if error.kind is ErrorKind.AUTH_REVOKED:
                raise ProviderError(
                    error.kind, "Telegram does not know a bot with this token.", field="token"
                ) from error
            error.field = error.field or "host"
            raise
        try:
            account = self._account(base, api, bot, _chat_id(chat))
        except ProviderError as error:
            error.field = "chat"
            raise
        return Connected(account, {"token": token})

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        api = BotApi(account.host, client, credentials["token"])
        return self._account(account.host, api, api.me(), account.remote_id)

    @staticmethod
    def _account(base: str, api: BotApi, bot: Mapping[str, Any], chat_id: str) -> Account:
        chat = api.chat(chat_id)
        _check_rights(chat, api.member(str(chat.get("id")), int(bot.get("id") or 0)))
        username = str(chat.get("username") or "")
        title = str(chat.get("title") or chat.get("first_name") or username)
        limits: dict[str, Any] = {"username": username} if username else {}
        if base != PUBLIC and not simulated(base):
            limits["video_bytes"] = OWN_SERVER_BYTES
        return Account(
            remote_id=str(chat["id"]),
            handle=f"@{username}" if username else title,
            name=title,
            host=base,
            limits=limits,
        )

    # --- Checking --------------------------------------------------------------------------------

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        found = checks.findings(self, content, account)
        for number, item in enumerate(content.media, 1):
            if item.kind == "image" and item.width + item.height > MAX_SIDES:
                message = f"Image {number}: width and height together are over {MAX_SIDES:,}."
                found.append(Issue("error", "media.too_many_pixels", message, "media"))
        topic = str(content.options.get("topic") or "").strip()
        if topic and not topic.isdecimal():
            found.append(Issue("error", "option.topic", "A topic is a number.", "topic"))
        if content.poll is not None and not content.text.strip():
            found.append(Issue("error", "text.empty", "A poll needs a question as its text."))
        if content.link and content.media:
            message = "Telegram shows files or a link's preview, not both: put it in the text."
            found.append(Issue("warning", "link.hidden", message, "link"))
        return found

    # --- Publishing ------------------------------------------------------------------------------

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        call = call_for(ctx)
        api = BotApi(ctx.account.host, ctx.client, ctx.credentials["token"])
        messages = api.send(call.method, call.fields, call.files)
        message_id = str(messages[0]["message_id"])
        ctx.remember("remote_id", message_id)
        ctx.remember("permalink", permalink(ctx.account, message_id))
        return Done(dict(ctx.handles))

    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        return Unreadable("Telegram shows bots no messages: please look in the chat.")

    def endpoint_of(self, method: str, url: str) -> str:
        return "messages" if url.rpartition("/")[2].startswith("send") else "all"

    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        """Nothing: bots are told no views and cannot read messages."""
        return {}


def permalink(account: Account, message_id: str) -> str:
    """Where readers find the message; "" in a small group, whose messages have no address."""
    username = str(account.limits.get("username") or "")
    if simulated(account.host):
        return f"{account.host}/t/{username}/{message_id}"
    if username:
        return f"https://t.me/{username}/{message_id}"
    if account.remote_id.startswith("-100"):
        return f"https://t.me/c/{account.remote_id.removeprefix('-100')}/{message_id}"
    return ""


def _chat_id(typed: str) -> str:
    """`t.me/name`, `name` and `@name` are the same chat; ids stay as they are."""
    name = typed.removeprefix("https://").removeprefix("t.me/").strip("/")
    if not name:
        raise ProviderError(ErrorKind.VALIDATION, "Name the channel or group.", field="chat")
    return name if name.lstrip("-").isdecimal() or name.startswith("@") else f"@{name}"


def _check_rights(chat: Mapping[str, Any], member: Mapping[str, Any]) -> None:
    """Raises SCOPE_MISSING where the bot is in no position to post."""
    status = member.get("status")
    if status == "creator" or chat.get("type") == "private":
        return
    if chat.get("type") == "channel":
        may = status == "administrator" and member.get("can_post_messages", True)
    elif status == "restricted":
        may = bool(member.get("is_member") and member.get("can_send_messages"))
    else:
        may = status in ("administrator", "member")
    if not may:
        raise ProviderError(
            ErrorKind.SCOPE_MISSING, "Make the bot an administrator there who may post messages."
        )


provider = TelegramProvider()
