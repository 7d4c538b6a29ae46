"""The calls of Pinterest's API v5 that Candy uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.integrations.http import GuardedClient

from ..base import MediaItem, ProviderError
from ..files import opened
from ..json_api import Answer, JsonApi
from .errors import NETWORK, from_answer

PAGE = 250
PAGES = 4  # how far lists are followed


class PinterestApi(JsonApi):
    """One account. `base` is the API's address without the version."""

    network = NETWORK

    def __init__(self, base: str, client: GuardedClient, token: str) -> None:
        super().__init__(client, token)
        self._base = f"{base}/v5"

    def refusal(self, answer: Answer) -> ProviderError:
        return from_answer(answer)

    def user_account(self) -> dict[str, Any]:
        return self.call("GET", f"{self._base}/user_account").object

    def boards(self) -> list[dict[str, Any]]:
        return list(self._items("/boards", {}))

    def board_pins(self, board_id: str) -> Iterator[dict[str, Any]]:
        """The board's pins, newest first, as far as `PAGES` reach."""
        return self._items(f"/boards/{board_id}/pins", {})

    def _items(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        bookmark = ""
        for _ in range(PAGES):
            params = {**query, "page_size": str(PAGE)}
            if bookmark:
                params["bookmark"] = bookmark
            page = self.call("GET", self._base + path, params=params).object
            yield from (one for one in page.get("items") or () if isinstance(one, dict))
            bookmark = str(page.get("bookmark") or "")
            if not bookmark:
                return

    # --- Pins ------------------------------------------------------------------------------------

    def create_pin(self, pin: Mapping[str, Any]) -> dict[str, Any]:
        """The call that makes it public. An answer without an id is AMBIGUOUS."""
        body = json.dumps(pin).encode()
        made = self.call(
            "POST",
            f"{self._base}/pins",
            mutating=True,
            content=body,
            headers={"Content-Type": "application/json"},
            size=len(body),
        ).object
        if not made.get("id"):
            raise self.unreadable(mutating=True)
        return made

    def pin(self, pin_id: str) -> dict[str, Any] | None:
        answer = self.call("GET", f"{self._base}/pins/{pin_id}", also=(404,))
        return None if answer.status == 404 else answer.object

    def analytics(self, pin_id: str, *, start: str, end: str, names: str) -> dict[str, Any]:
        """The part of the answer over all apps; `names` are metric types with commas."""
        query = {"start_date": start, "end_date": end, "metric_types": names, "app_types": "ALL"}
        found = self.call("GET", f"{self._base}/pins/{pin_id}/analytics", params=query).object
        every = found.get("all")
        return every if isinstance(every, dict) else {}

    # --- Video -----------------------------------------------------------------------------------

    def register_video(self) -> tuple[str, str, dict[str, str]]:
        """Media id, where to send the file and what to send along."""
        made = self.call("POST", f"{self._base}/media", json={"media_type": "video"}).object
        if not made.get("media_id") or not made.get("upload_url"):
            raise self.unreadable(mutating=False)
        fields = {str(k): str(v) for k, v in (made.get("upload_parameters") or {}).items()}
        return str(made["media_id"]), str(made["upload_url"]), fields

    def upload(self, url: str, fields: Mapping[str, str], item: MediaItem) -> bool:
        """One form to the store, read from disk in pieces; False where its permission has ended."""
        name = item.name or f"video.{item.mime.rpartition('/')[2]}"
        answer = self.call(
            "POST",
            url,
            also=(403,),
            signed=False,
            data=dict(fields),
            files={"file": (name, opened(item), item.mime)},
            size=item.size,
        )
        return answer.status != 403

    def media_status(self, media_id: str) -> str:
        """registered, processing, succeeded or failed; empty where it is not known any more."""
        answer = self.call("GET", f"{self._base}/media/{media_id}", also=(404,))
        return "" if answer.status == 404 else str(answer.object.get("status") or "")
