"""The Bot API's methods that Candy uses, at Telegram's own server or at one of one's own.

The bot's token stands in every address; receipts show the address without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from apps.integrations.http import HIDE, GuardedClient

from ..base import ProviderError
from ..files import length_of
from ..json_api import Answer, JsonApi
from .errors import NETWORK, refusal

PUBLIC = "https://api.telegram.org"
# Field, name, content and type of each file of a call.
Files = Mapping[str, tuple[str, IO[bytes], str]]


class BotApi(JsonApi):
    network = NETWORK

    def __init__(self, base: str, client: GuardedClient, token: str) -> None:
        super().__init__(client)
        self._base, self._token = base, token

    def refusal(self, answer: Answer) -> ProviderError:
        return refusal(answer.object, answer.status)

    def me(self) -> dict[str, Any]:
        return self._object(self._ask("getMe", {}))

    def chat(self, chat: str) -> dict[str, Any]:
        return self._object(self._ask("getChat", {"chat_id": chat}))

    def member(self, chat: str, user_id: int) -> dict[str, Any]:
        return self._object(self._ask("getChatMember", {"chat_id": chat, "user_id": user_id}))

    def send(self, method: str, fields: Mapping[str, Any], files: Files) -> list[dict[str, Any]]:
        """The messages that are out now, first to last: one, or as many as an album has files.

        Nothing makes a second call harmless and nothing can be looked up: silence is AMBIGUOUS.
        """
        result = self._ask(method, fields, files, mutating=True)
        messages = result if isinstance(result, list) else [result]
        if not messages or not all(isinstance(m, dict) and m.get("message_id") for m in messages):
            raise self.unreadable(mutating=True)
        return messages

    def _ask(
        self,
        method: str,
        fields: Mapping[str, Any],
        files: Files | None = None,
        *,
        mutating: bool = False,
    ) -> Any:
        """The answer's `result`. Lists and objects travel as JSON inside a form with files."""
        body: dict[str, Any] = {"json": dict(fields)}
        if files:
            body = {
                "data": {
                    name: value if isinstance(value, str) else json.dumps(value)
                    for name, value in fields.items()
                },
                "files": files,
            }
        answer = self.call(
            "POST",
            f"{self._base}/bot{self._token}/{method}",
            mutating=mutating,
            size=sum(length_of(file) for _, file, _ in (files or {}).values()),
            extensions={HIDE: self._token},
            **body,
        )
        if answer.object.get("ok") is False:
            raise self.refusal(answer)
        if answer.object.get("ok") is not True:
            raise self.unreadable(mutating=mutating)
        return answer.object.get("result")

    def _object(self, result: Any) -> dict[str, Any]:
        if not isinstance(result, dict):
            raise self.unreadable(mutating=False)
        return result
