"""The XRPC methods that Candy uses. Every failure leaves as a ProviderError."""

from __future__ import annotations

import json
import time
from typing import IO, Any

from apps.integrations.http import GuardedClient, OutboundError

from ..base import ErrorKind, ProviderError
from ..errors import from_outbound
from ..files import length_of
from .errors import NETWORK, from_answer

POST = "app.bsky.feed.post"


class BlueskyApi:
    """One PDS, and one account on it when a token is given."""

    def __init__(self, base: str, client: GuardedClient, token: str = "") -> None:
        self._base = base
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def create_session(self, identifier: str, password: str) -> dict[str, Any]:
        body = {"identifier": identifier, "password": password}
        return self._call("POST", "com.atproto.server.createSession", json=body)

    def refresh_session(self) -> dict[str, Any]:
        """Both tokens anew; the client was made with the refresh token."""
        return self._call("POST", "com.atproto.server.refreshSession")

    def session(self) -> dict[str, Any]:
        return self._call("GET", "com.atproto.server.getSession")

    def profile(self, did: str) -> dict[str, Any]:
        return self._call("GET", "app.bsky.actor.getProfile", params={"actor": did})

    def resolve(self, handle: str) -> str:
        """The DID of a handle, "" where nobody has it."""
        try:
            found = self._call(
                "GET", "com.atproto.identity.resolveHandle", params={"handle": handle}
            )
        except ProviderError as error:
            if error.kind is ErrorKind.VALIDATION:
                return ""
            raise
        return str(found.get("did") or "")

    def upload(self, data: bytes | IO[bytes], mime: str) -> dict[str, Any]:
        """A blob. Not mutating: one that no record names is shown nowhere and goes away."""
        size = len(data) if isinstance(data, bytes) else length_of(data)
        found = self._call(
            "POST",
            "com.atproto.repo.uploadBlob",
            content=data,
            headers={"Content-Type": mime},
            timeout=upload_seconds(size),
        )
        blob = found.get("blob")
        if not isinstance(blob, dict):
            raise ProviderError(ErrorKind.TRANSIENT_SAFE, "The answer is not a PDS's.")
        return blob

    def put_post(self, repo: str, rkey: str, record: dict[str, Any]) -> dict[str, Any]:
        """Write the record under our own key: the same call again changes nothing."""
        found = self._put(repo, POST, rkey, record, mutating=True)
        if not found.get("uri"):
            raise ProviderError(ErrorKind.AMBIGUOUS, "Bluesky's answer names no post.")
        return found

    def put_gate(self, repo: str, rkey: str, record: dict[str, Any]) -> None:
        """Who may answer or quote the post of that key. Shows nowhere until the post is there."""
        self._put(repo, str(record["$type"]), rkey, record, mutating=False)

    def _put(
        self, repo: str, collection: str, rkey: str, record: dict[str, Any], *, mutating: bool
    ) -> dict[str, Any]:
        body = {"repo": repo, "collection": collection, "rkey": rkey, "record": record}
        return self._call("POST", "com.atproto.repo.putRecord", mutating=mutating, json=body)

    def get_post(self, repo: str, rkey: str) -> dict[str, Any] | None:
        """The record under our key, or None."""
        query = {"repo": repo, "collection": POST, "rkey": rkey}
        try:
            return self._call("GET", "com.atproto.repo.getRecord", params=query)
        except ProviderError as error:
            if error.kind is ErrorKind.VALIDATION:  # RecordNotFound
                return None
            raise

    def service_token(self, audience: str, method: str, seconds: int) -> str:
        """A token with which another service acts for us, for one method only."""
        query = {"aud": audience, "lxm": method, "exp": str(int(time.time()) + seconds)}
        found = self._call("GET", "com.atproto.server.getServiceAuth", params=query)
        return str(found.get("token") or "")

    def posts(self, uris: list[str]) -> list[dict[str, Any]]:
        """Up to 25 at once, with their counters; what is gone is left out."""
        found = self._call("GET", "app.bsky.feed.getPosts", params={"uris": uris}).get("posts")
        return [p for p in found if isinstance(p, dict)] if isinstance(found, list) else []

    def _call(self, method: str, nsid: str, *, mutating: bool = False, **kwargs: Any) -> Any:
        return self._send(method, f"{self._base}/xrpc/{nsid}", mutating=mutating, **kwargs)

    def _send(self, method: str, url: str, *, mutating: bool = False, **kwargs: Any) -> Any:
        headers = {**self._headers, **kwargs.pop("headers", {})}
        return send(self._client, method, url, mutating=mutating, headers=headers, **kwargs)


def upload_seconds(size: int) -> float:
    """How long a file may take on its way: a megabyte in a second, and some to begin with."""
    return min(20 + size / 1_000_000, 300)


def send(
    client: GuardedClient,
    method: str,
    url: str,
    *,
    mutating: bool = False,
    also: tuple[int, ...] = (),
    **kwargs: Any,
) -> dict[str, Any]:
    """The decoded body of a 2xx answer, or of a status in `also`.

    What cannot be read after a write is AMBIGUOUS.
    """
    try:
        answer = client.request(method, url, follow_redirects=not mutating, **kwargs)
    except OutboundError as error:
        raise from_outbound(error, mutating=mutating, network=NETWORK) from error
    if not 200 <= answer.status_code < 300 and answer.status_code not in also:
        raise from_answer(answer.status_code, answer.content, answer.headers, mutating=mutating)
    try:
        data = json.loads(answer.content or b"{}")
    except ValueError:
        data = None
    if not isinstance(data, dict):
        kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
        raise ProviderError(kind, "The answer is not a PDS's.")
    return data
