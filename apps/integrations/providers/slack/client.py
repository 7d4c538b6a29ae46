"""The methods of Slack's Web API that Candy uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.integrations.http import GuardedClient

from ..base import MediaItem, ProviderError
from ..files import length_of, opened
from ..json_api import Answer, JsonApi
from .errors import NETWORK, refusal

PAGES = 5


class SlackApi(JsonApi):
    """One workspace's bot. `base` ends in /api."""

    network = NETWORK

    def __init__(self, base: str, client: GuardedClient, token: str) -> None:
        super().__init__(client, token)
        self._base = base

    def refusal(self, answer: Answer) -> ProviderError:
        return refusal(answer.object, answer.status, answer.headers, mutating=False)

    def who(self) -> dict[str, Any]:
        return self._read("auth.test")

    def channels(self) -> Iterator[dict[str, Any]]:
        """Every channel that the bot can see, up to a thousand."""
        yield from self._pages(
            "conversations.list",
            "channels",
            types="public_channel,private_channel",
            exclude_archived="true",
            limit="200",
        )

    def channel(self, channel: str) -> dict[str, Any]:
        found = self._read("conversations.info", channel=channel).get("channel")
        if not isinstance(found, dict):
            raise self.unreadable(mutating=False)
        return found

    def join(self, channel: str) -> None:
        """Harmless where the bot is in the channel already."""
        self._write("conversations.join", {"channel": channel}, mutating=False)

    def upload(self, item: MediaItem, name: str) -> str:
        """The id of a file that nobody sees yet. Not mutating: one that is never shared goes away."""
        file = opened(item)
        size = length_of(file)
        fields = {"filename": name, "length": str(size)}
        if item.alt_text:
            fields["alt_txt"] = item.alt_text
        found = self._write("files.getUploadURLExternal", fields, mutating=False)
        file_id, url = found.get("file_id"), found.get("upload_url")
        if not file_id or not url:
            raise self.unreadable(mutating=False)
        # The address itself is the permission, and it may be another server's: no token goes there.
        self.call(
            "POST",
            str(url),
            signed=False,
            headers={"Content-Type": item.mime},
            content=file,
            size=size,
        )
        return str(file_id)

    def share(self, files: list[dict[str, str]], fields: Mapping[str, str]) -> None:
        """Show uploaded files in a channel, as one message."""
        form = {"files": json.dumps(files), **fields}
        self._write("files.completeUploadExternal", form, mutating=True)

    def shared_at(self, file_id: str, channel: str) -> str:
        """The `ts` of the message that shows the file there, "" while there is none."""
        file = self._read("files.info", file=file_id).get("file") or {}
        for places in (file.get("shares") or {}).values():
            for one in (places or {}).get(channel) or ():
                return str(one.get("ts") or "")
        return ""

    def post(self, message: Mapping[str, Any]) -> str:
        """The `ts` of the message that is out now."""
        answer = self.call(
            "POST", f"{self._base}/chat.postMessage", mutating=True, json=dict(message)
        )
        data = self._ok(answer, mutating=True)
        if not data.get("ts"):
            raise self.unreadable(mutating=True)
        return str(data["ts"])

    def permalink(self, channel: str, ts: str) -> str:
        found = self._read("chat.getPermalink", channel=channel, message_ts=ts)
        return str(found.get("permalink") or "")

    def history(self, channel: str, oldest: str) -> Iterator[dict[str, Any]]:
        yield from self._pages(
            "conversations.history",
            "messages",
            channel=channel,
            oldest=oldest,
            limit="100",
            include_all_metadata="true",
        )

    def answers(self, channel: str, root: str, oldest: str = "0") -> Iterator[dict[str, Any]]:
        """The message `root`, then what answers it."""
        yield from self._pages(
            "conversations.replies",
            "messages",
            channel=channel,
            ts=root,
            oldest=oldest,
            limit="100",
            include_all_metadata="true",
        )

    def message(self, channel: str, ts: str) -> dict[str, Any] | None:
        """One message, a thread's first or another, with its counters."""
        found = self._read("conversations.replies", channel=channel, ts=ts, limit="1")
        listed = found.get("messages") or ()
        return next((one for one in listed if str(one.get("ts")) == ts), None)

    def _pages(self, method: str, name: str, **query: str) -> Iterator[dict[str, Any]]:
        for _ in range(PAGES):
            found = self._read(method, **query)
            yield from (one for one in found.get(name) or () if isinstance(one, dict))
            cursor = str((found.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
            query["cursor"] = cursor

    def _read(self, method: str, **query: str) -> dict[str, Any]:
        answer = self.call("GET", f"{self._base}/{method}", params=query)
        return self._ok(answer, mutating=False)

    def _write(self, method: str, form: Mapping[str, str], *, mutating: bool) -> dict[str, Any]:
        answer = self.call("POST", f"{self._base}/{method}", mutating=mutating, data=dict(form))
        return self._ok(answer, mutating=mutating)

    def _ok(self, answer: Answer, *, mutating: bool) -> dict[str, Any]:
        data = answer.object
        if data.get("ok") is False:
            raise refusal(data, answer.status, answer.headers, mutating=mutating)
        if data.get("ok") is not True:
            raise self.unreadable(mutating=mutating)
        return data
