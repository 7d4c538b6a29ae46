"""The calls of Discord's API that Candy uses, as a bot or through a webhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any

from apps.integrations.http import HIDE, GuardedClient

from ..base import Credentials, ErrorKind, ProviderError
from ..files import length_of
from ..json_api import Answer, JsonApi
from .errors import NETWORK, THREAD_EXISTS, refusal

PUBLIC = "https://discord.com"
VERSION = "/api/v10"
_EPOCH_MS = 1_420_070_400_000  # of its ids
# Discord turns away clients that do not name themselves like this.
_AGENT = "DiscordBot (https://candy.invalid, 1)"
Files = Mapping[str, tuple[str, IO[bytes], str]]


class DiscordApi(JsonApi):
    """`credentials` hold a bot's "token", or a webhook's "webhook" ("id/token")."""

    network = NETWORK

    def __init__(self, base: str, client: GuardedClient, credentials: Credentials) -> None:
        super().__init__(client)
        self._base = base + VERSION
        self.webhook = credentials.get("webhook", "")
        # A webhook's token stands in its address; receipts show the address without it.
        self._hide = self.webhook.rpartition("/")[2]
        self._headers = {"User-Agent": _AGENT}
        if not self.webhook:
            self._headers["Authorization"] = f"Bot {credentials['token']}"

    def refusal(self, answer: Answer) -> ProviderError:
        return refusal(answer.status, answer.object, answer.headers)

    def me(self) -> dict[str, Any]:
        return self._read("/users/@me")

    def channel(self, channel: str) -> dict[str, Any]:
        return self._read(f"/channels/{channel}")

    def guild(self, guild: str) -> dict[str, Any]:
        return self._read(f"/guilds/{guild}")

    def about_webhook(self) -> dict[str, Any]:
        return self._read(f"/webhooks/{self.webhook}")

    def message(self, channel: str, message: str) -> dict[str, Any]:
        if self.webhook:
            return self._read(f"/webhooks/{self.webhook}/messages/{message}")
        return self._read(f"/channels/{channel}/messages/{message}")

    def messages_since(self, channel: str, after: str) -> list[dict[str, Any]]:
        """The first hundred after the id `after`, in no order to rely on."""
        answer = self._send("GET", f"/channels/{channel}/messages", after=after, limit="100")
        if not isinstance(answer.data, list):
            raise self.unreadable(mutating=False)
        return [one for one in answer.data if isinstance(one, dict)]

    def start_thread(self, channel: str, message: str, name: str) -> str:
        """The id of the thread below the message. Asking again gives the same one."""
        answer = self._send(
            "POST",
            f"/channels/{channel}/messages/{message}/threads",
            also=(400,),
            json={"name": name, "auto_archive_duration": 1440},
        )
        if answer.status == 400 and answer.object.get("code") != THREAD_EXISTS:
            raise self.refusal(answer)
        return str(answer.object.get("id") or message)  # a thread has the id of its message

    def create(self, channel: str, payload: Mapping[str, Any], files: Files) -> dict[str, Any]:
        """The message that is out now."""
        path, query = f"/channels/{channel}/messages", {}
        if self.webhook:
            path, query = f"/webhooks/{self.webhook}", {"wait": "true"}
        body: dict[str, Any] = {"json": dict(payload)}
        if files:
            body = {"data": {"payload_json": json.dumps(payload)}, "files": files}
        size = sum(length_of(file) for _, file, _ in files.values())
        answer = self._send("POST", path, mutating=True, size=size, **query, **body)
        if not answer.object.get("id"):
            raise self.unreadable(mutating=True)
        return answer.object

    def _read(self, path: str) -> dict[str, Any]:
        answer = self._send("GET", path)
        if not answer.object.get("id"):
            raise self.unreadable(mutating=False)
        return answer.object

    def _send(self, method: str, path: str, **more: Any) -> Answer:
        kwargs = {
            k: more.pop(k)
            for k in ("also", "mutating", "size", "json", "data", "files")
            if k in more
        }
        extensions = {HIDE: self._hide} if self._hide else {}
        return self.call(
            method, self._base + path, params=more or None, extensions=extensions, **kwargs
        )


def id_at(at: datetime) -> str:
    """The smallest id that a message of that time can have."""
    return str(max(0, int(at.timestamp() * 1000) - _EPOCH_MS) << 22)


def may_not_read(error: ProviderError) -> bool:
    return error.kind in (ErrorKind.SCOPE_MISSING, ErrorKind.POLICY_BLOCKED)
