"""The calls of X's API that Candy uses. Every failure leaves as a ProviderError."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.integrations.http import GuardedClient, OutboundError

from ..errors import ErrorKind, ProviderError, from_outbound
from ..oauth1 import Keys, signer
from ..types import Credentials
from .errors import NETWORK, from_answer

ME = "id,name,username,profile_image_url,verified_type,public_metrics"
TIMELINE = "created_at,entities,attachments,referenced_tweets,note_tweet"


@dataclass(frozen=True, slots=True)
class Media:
    """An uploaded file. `state`: "ready", "processing" or "failed"; `seconds` until it is worth
    asking again, `kept_seconds` until X forgets a file that is in no post."""

    id: str
    state: str
    seconds: float = 1.0
    kept_seconds: int = 86_400
    error: str = ""


class XApi:
    """X's API at `base`, as one account: with a bearer token, or signed with four keys."""

    def __init__(self, base: str, client: GuardedClient, credentials: Credentials) -> None:
        self._base = base
        self._client = client
        self._how: dict[str, Any] = {}
        self._headers: dict[str, str] = {}
        if credentials.get("consumer_key"):
            names = ("consumer_key", "consumer_secret", "token", "token_secret")
            self._how["auth"] = signer(Keys(*(credentials.get(name, "") for name in names)))
        else:
            self._headers["Authorization"] = f"Bearer {credentials.get('access', '')}"
        self._renewable = bool(credentials.get("refresh"))

    # --- Reading ---------------------------------------------------------------------------------

    def me(self) -> dict[str, Any]:
        return _data(self._call("GET", "/2/users/me", params={"user.fields": ME}))

    def timeline(
        self, user_id: str, *, since: str = "", limit: int = 100, page: str = ""
    ) -> tuple[list[dict[str, Any]], str]:
        """Own posts, newest first, and the token of the next page ("" on the last).

        `since` is an RFC 3339 instant. X charges for every post that it returns.
        """
        query: dict[str, Any] = {"max_results": limit, "tweet.fields": TIMELINE}
        query |= {"exclude": "retweets"}
        query |= {"start_time": since} if since else {}
        query |= {"pagination_token": page} if page else {}
        found = self._call("GET", f"/2/users/{user_id}/tweets", params=query)
        posts = [one for one in found.get("data") or () if isinstance(one, dict)]
        return posts, str((found.get("meta") or {}).get("next_token") or "")

    def posts(self, ids: Iterable[str], fields: Iterable[str]) -> list[dict[str, Any]]:
        """Up to 100 posts; the ones that X leaves out stand in `errors` of the same answer."""
        query = {"ids": ",".join(ids), "tweet.fields": ",".join(fields)}
        found = self._call("GET", "/2/tweets", params=query)
        return [one for one in found.get("data") or () if isinstance(one, dict)]

    # --- Files -----------------------------------------------------------------------------------

    def upload(self, data: bytes, mime: str) -> Media:
        """A picture in one call."""
        return _media(
            self._call(
                "POST",
                "/2/media/upload",
                files={"media": ("image", data, mime)},
                data={"media_category": "tweet_image"},
            )
        )

    def initialize(self, mime: str, size: int, category: str) -> Media:
        wish = {"media_type": mime, "total_bytes": size, "media_category": category}
        return _media(self._call("POST", "/2/media/upload/initialize", json=wish))

    def append(self, media_id: str, number: int, data: bytes) -> None:
        """One segment; the same one may be sent again."""
        self._call(
            "POST",
            f"/2/media/upload/{media_id}/append",
            files={"media": ("segment", data, "application/octet-stream")},
            data={"segment_index": str(number)},
        )

    def finalize(self, media_id: str) -> Media:
        return _media(self._call("POST", f"/2/media/upload/{media_id}/finalize"))

    def status(self, media_id: str) -> Media:
        query = {"command": "STATUS", "media_id": media_id}
        return _media(self._call("GET", "/2/media/upload", params=query))

    def describe(self, media_id: str, text: str) -> None:
        wish = {"id": media_id, "metadata": {"alt_text": {"text": text}}}
        self._call("POST", "/2/media/metadata", json=wish)

    # --- Writing ---------------------------------------------------------------------------------

    def create(self, post: Mapping[str, Any]) -> str:
        """The id of the new post. A lost answer is AMBIGUOUS."""
        found = self._call("POST", "/2/tweets", mutating=True, json=dict(post))
        remote_id = str((found.get("data") or {}).get("id") or "")
        if not remote_id:
            raise ProviderError(ErrorKind.AMBIGUOUS, "X's answer names no post.")
        return remote_id

    def _call(
        self, method: str, path: str, *, mutating: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """The decoded body of a 2xx answer, which may carry `errors` beside its data.

        `mutating` calls follow no redirect, and an answer that cannot be read is AMBIGUOUS.
        """
        try:
            answer = self._client.request(
                method,
                self._base + path,
                headers=self._headers,
                follow_redirects=not mutating,
                **self._how,
                **kwargs,
            )
        except OutboundError as error:
            raise from_outbound(error, mutating=mutating, network=NETWORK) from error
        if not 200 <= answer.status_code < 300:
            raise from_answer(
                answer.status_code,
                answer.content,
                answer.headers,
                mutating=mutating,
                renewable=self._renewable,
            )
        try:
            found = json.loads(answer.content or b"{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
            raise ProviderError(kind, "The answer is not X's.")
        return found


def _data(found: Mapping[str, Any]) -> dict[str, Any]:
    data = found.get("data")
    if not isinstance(data, dict):
        raise ProviderError(ErrorKind.TRANSIENT_SAFE, "The answer is not X's.")
    return data


def _media(found: Mapping[str, Any]) -> Media:
    data = _data(found)
    if not data.get("id"):
        raise ProviderError(ErrorKind.TRANSIENT_SAFE, "The answer is not X's.")
    info = data.get("processing_info") or {}
    states = {"succeeded": "ready", "failed": "failed"}
    return Media(
        id=str(data["id"]),
        state=states.get(str(info.get("state")), "processing") if info else "ready",
        seconds=float(info.get("check_after_secs") or 1),
        kept_seconds=int(data.get("expires_after_secs") or 86_400),
        error=str((info.get("error") or {}).get("message") or ""),
    )
