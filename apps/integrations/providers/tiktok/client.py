"""The calls of TikTok's content posting and display APIs that Candy uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.integrations.http import GuardedClient

from ..base import ProviderError
from ..json_api import Answer, JsonApi
from .errors import NETWORK, code_of, from_answer

USER_FIELDS = ("open_id", "avatar_url", "display_name")
PROFILE_FIELDS = ("username",)  # with user.info.profile


class TikTokApi(JsonApi):
    """One creator. `base` is the API's address without the version."""

    network = NETWORK

    def __init__(self, base: str, client: GuardedClient, token: str) -> None:
        super().__init__(client, token)
        self._base = f"{base}/v2"

    def refusal(self, answer: Answer) -> ProviderError:
        return from_answer(answer, mutating=False)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        mutating: bool = False,
        reading: bool = False,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The envelope's data; anything but the code "ok" is a refusal, whatever the status."""
        answer = self.call(
            method,
            f"{self._base}{path}",
            mutating=mutating,
            reading=reading,
            json=body,
            params=params,
        )
        code = code_of(answer)
        if not code:
            raise self.unreadable(mutating=mutating)
        if code != "ok":
            raise from_answer(answer, mutating=mutating)
        data = answer.object.get("data")
        return data if isinstance(data, dict) else {}

    # --- Who -------------------------------------------------------------------------------------

    def user(self, *, profile: bool) -> dict[str, Any]:
        fields = USER_FIELDS + (PROFILE_FIELDS if profile else ())
        found = self._ask("GET", "/user/info/", params={"fields": ",".join(fields)}).get("user")
        return found if isinstance(found, dict) else {}

    def creator(self) -> dict[str, Any]:
        """What this creator may choose right now; TikTok wants it asked before every post."""
        return self._ask("POST", "/post/publish/creator_info/query/", reading=True, body={})

    # --- Posting ---------------------------------------------------------------------------------

    def start_video(
        self, *, source: Mapping[str, Any], post: Mapping[str, Any] | None
    ) -> tuple[str, str]:
        """publish_id and upload address. Without `post` the video goes to the inbox.

        Not mutating: without the bytes nothing comes of it, so a lost answer costs nothing.
        """
        if post is None:
            made = self._ask(
                "POST", "/post/publish/inbox/video/init/", body={"source_info": source}
            )
        else:
            body = {"post_info": post, "source_info": source}
            made = self._ask("POST", "/post/publish/video/init/", body=body)
        if not made.get("publish_id") or not made.get("upload_url"):
            raise self.unreadable(mutating=False)
        return str(made["publish_id"]), str(made["upload_url"])

    def start_photos(self, body: Mapping[str, Any]) -> str:
        """publish_id. TikTok fetches the pictures and posts them: a lost answer is in doubt."""
        made = self._ask("POST", "/post/publish/content/init/", mutating=True, body=body)
        if not made.get("publish_id"):
            raise self.unreadable(mutating=True)
        return str(made["publish_id"])

    def send(
        self, url: str, data: bytes, mime: str, *, start: int, total: int, is_last: bool
    ) -> int:
        """One piece of a file; returns 201 (all there), 206 (more), 403/404 (gone) or 416.

        The last piece starts the post, so it is the mutating one.
        """
        headers = {
            "Content-Type": mime,
            "Content-Range": f"bytes {start}-{start + len(data) - 1}/{total}",
        }
        answer = self.call(
            "PUT",
            url,
            mutating=is_last,
            also=(403, 404, 416),
            signed=False,
            headers=headers,
            content=data,
            size=len(data),
        )
        return answer.status

    def status(self, publish_id: str) -> dict[str, Any]:
        body = {"publish_id": publish_id}
        return self._ask("POST", "/post/publish/status/fetch/", reading=True, body=body)

    def cancel(self, publish_id: str) -> None:
        self._ask("POST", "/post/publish/cancel/", body={"publish_id": publish_id})

    # --- Numbers ---------------------------------------------------------------------------------

    def videos(self, ids: list[str], fields: tuple[str, ...]) -> list[dict[str, Any]]:
        """Up to 20 public videos; those that are gone are left out."""
        data = self._ask(
            "POST",
            "/video/query/",
            reading=True,
            params={"fields": ",".join(("id", *fields))},
            body={"filters": {"video_ids": ids}},
        )
        return [one for one in data.get("videos") or () if isinstance(one, dict)]
