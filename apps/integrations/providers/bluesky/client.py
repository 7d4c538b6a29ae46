"""The XRPC methods that Candy uses. Every failure leaves as a ProviderError."""

from __future__ import annotations

import json
from typing import Any

from apps.integrations.http import GuardedClient, OutboundError

from ..base import ErrorKind, ProviderError
from ..errors import from_outbound
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

    def upload(self, data: bytes, mime: str) -> dict[str, Any]:
        """A blob. Not mutating: one that no record names is shown nowhere and goes away."""
        found = self._call(
            "POST", "com.atproto.repo.uploadBlob", content=data, headers={"Content-Type": mime}
        )
        blob = found.get("blob")
        if not isinstance(blob, dict):
            raise ProviderError(ErrorKind.TRANSIENT_SAFE, "The answer is not a PDS's.")
        return blob

    def put_post(self, repo: str, rkey: str, record: dict[str, Any]) -> dict[str, Any]:
        """Write the record under our own key: the same call again changes nothing."""
        body = {"repo": repo, "collection": POST, "rkey": rkey, "record": record}
        found = self._call("POST", "com.atproto.repo.putRecord", mutating=True, json=body)
        if not found.get("uri"):
            raise ProviderError(ErrorKind.AMBIGUOUS, "Bluesky's answer names no post.")
        return found

    def get_post(self, repo: str, rkey: str) -> dict[str, Any] | None:
        """The record under our key, or None."""
        query = {"repo": repo, "collection": POST, "rkey": rkey}
        try:
            return self._call("GET", "com.atproto.repo.getRecord", params=query)
        except ProviderError as error:
            if error.kind is ErrorKind.VALIDATION:  # RecordNotFound
                return None
            raise

    def posts(self, uris: list[str]) -> list[dict[str, Any]]:
        """Up to 25 at once, with their counters; what is gone is left out."""
        found = self._call("GET", "app.bsky.feed.getPosts", params={"uris": uris}).get("posts")
        return [p for p in found if isinstance(p, dict)] if isinstance(found, list) else []

    def _call(self, method: str, nsid: str, *, mutating: bool = False, **kwargs: Any) -> Any:
        return self._send(method, f"{self._base}/xrpc/{nsid}", mutating=mutating, **kwargs)

    def _send(self, method: str, url: str, *, mutating: bool = False, **kwargs: Any) -> Any:
        """The decoded body of a 2xx answer; what cannot be read after a write is AMBIGUOUS."""
        own = self._headers if url.startswith(self._base) else {}
        headers = {**own, **kwargs.pop("headers", {})}
        try:
            answer = self._client.request(
                method, url, headers=headers, follow_redirects=not mutating, **kwargs
            )
        except OutboundError as error:
            raise from_outbound(error, mutating=mutating, network=NETWORK) from error
        if not 200 <= answer.status_code < 300:
            raise from_answer(answer.status_code, answer.content, answer.headers, mutating=mutating)
        try:
            data = json.loads(answer.content or b"{}")
        except ValueError:
            data = None
        if not isinstance(data, dict):
            kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
            raise ProviderError(kind, "The answer is not a PDS's.")
        return data
