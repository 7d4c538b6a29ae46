"""The calls of LinkedIn's API that Candy uses. Every failure leaves as a ProviderError."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from apps.integrations.http import GuardedClient, OutboundError

from ..errors import ErrorKind, ProviderError, from_outbound
from .errors import NETWORK, from_answer

Kind = Literal["images", "videos", "documents"]
NAMES: dict[Kind, str] = {"images": "image", "videos": "video", "documents": "document"}


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a file goes. `parts` are (address, first byte, last byte); `until` is epoch seconds.

    `captions` is the address for a video's captions, where a place for them was asked for.
    """

    urn: str
    parts: tuple[tuple[str, int, int], ...]
    token: str = ""
    until: float = 0.0
    captions: str = ""


class LinkedInApi:
    def __init__(self, base: str, client: GuardedClient, token: str, version: str) -> None:
        self._base = base
        self._client = client
        self._bearer = {"Authorization": f"Bearer {token}"}
        self._rest = {"LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"}

    # --- Who -------------------------------------------------------------------------------------

    def userinfo(self) -> dict[str, Any]:
        """The person, for apps with Sign In with LinkedIn."""
        return self._object("GET", "/v2/userinfo")

    def me(self) -> dict[str, Any]:
        """The person, for apps with the Community Management API."""
        return self._object("GET", "/v2/me")

    def roles(self) -> list[dict[str, Any]]:
        """The person's roles on organisations, all of them."""
        found = self._object("GET", "/rest/organizationAcls?q=roleAssignee&count=100")
        return _elements(found)

    def organization(self, urn: str) -> dict[str, Any]:
        return self._object("GET", f"/rest/organizations/{urn.rpartition(':')[2]}")

    # --- Files -----------------------------------------------------------------------------------

    def reserve(self, kind: Kind, owner: str, size: int, *, captions: bool = False) -> Slot:
        """A place for a file of `size` bytes. With `captions` a video needs those to be usable."""
        wish: dict[str, Any] = {"owner": owner}
        if kind == "videos":
            wish |= {"fileSizeBytes": size, "uploadCaptions": captions, "uploadThumbnail": False}
        found = self._object(
            "POST",
            f"/rest/{kind}?action=initializeUpload",
            json={"initializeUploadRequest": wish},
        )
        value = found.get("value") or {}
        if not value.get(NAMES[kind]):
            raise _strange(mutating=False)
        parts = [
            (str(one["uploadUrl"]), int(one["firstByte"]), int(one["lastByte"]))
            for one in value.get("uploadInstructions") or ()
        ] or [(str(value.get("uploadUrl")), 0, size - 1)]
        until = value.get("uploadUrlExpiresAt") or value.get("uploadUrlsExpireAt") or 0
        return Slot(
            urn=str(value[NAMES[kind]]),
            parts=tuple(parts),
            token=str(value.get("uploadToken") or ""),
            until=float(until) / 1000,
            captions=str(value.get("captionsUploadUrl") or ""),
        )

    def put(self, url: str, data: bytes, *, signed: bool) -> str:
        """Bytes to an address that `reserve` gave; returns the part's ETag.

        `signed`: pictures and documents want the token, the parts of a video must not have it.
        """
        headers = {"Content-Type": "application/octet-stream", **(self._bearer if signed else {})}
        answer = self._send("PUT", url, headers=headers, content=data, mutating=False)
        return str(answer.headers.get("etag") or "").strip('"')

    def caption(self, url: str, about: Mapping[str, Any], data: bytes) -> None:
        """Captions to an address that `reserve` gave. Safe to repeat: they replace each other."""
        files = {
            "metadata": (None, json.dumps(about).encode(), "application/json"),
            "file": ("captions.srt", data, "application/x-subrip"),
        }
        self._send("POST", url, headers=self._bearer, files=files, mutating=False)

    def finish_video(self, urn: str, token: str, etags: Iterable[str]) -> None:
        wish = {"video": urn, "uploadToken": token, "uploadedPartIds": list(etags)}
        self._object(
            "POST", "/rest/videos?action=finalizeUpload", json={"finalizeUploadRequest": wish}
        )

    def file_status(self, kind: Kind, urn: str) -> str:
        """WAITING_UPLOAD, PROCESSING, AVAILABLE or PROCESSING_FAILED."""
        return str(self._object("GET", f"/rest/{kind}/{_quoted(urn)}").get("status") or "")

    # --- Writing ---------------------------------------------------------------------------------

    def create(self, post: Mapping[str, Any]) -> str:
        """The new post's URN, which stands in a header. A lost answer is AMBIGUOUS."""
        answer = self._send(
            "POST", f"{self._base}/rest/posts", headers=self._headers(), json=dict(post)
        )
        urn = str(answer.headers.get("x-restli-id") or "")
        if not urn.startswith("urn:li:"):
            raise _strange(mutating=True)
        return urn

    def comment(self, post: str, actor: str, text: str) -> str:
        """The new comment's URN. A lost answer is AMBIGUOUS."""
        answer = self._send(
            "POST",
            f"{self._base}/rest/socialActions/{_quoted(post)}/comments",
            headers=self._headers(),
            json={"actor": actor, "object": post, "message": {"text": text}},
        )
        urn = str(_decoded(answer, mutating=True).get("commentUrn") or "")
        if not urn:
            raise _strange(mutating=True)
        return urn

    # --- Reading ---------------------------------------------------------------------------------

    def posts_by(self, author: str, *, start: int = 0, count: int = 50) -> list[dict[str, Any]]:
        """An organisation's posts, newest first."""
        query = f"author={_quoted(author)}&q=author&start={start}&count={count}&sortBy=CREATED"
        headers = {"X-RestLi-Method": "FINDER"}
        return _elements(self._object("GET", f"/rest/posts?{query}", headers=headers))

    def comments(self, post: str) -> list[dict[str, Any]]:
        return _elements(
            self._object("GET", f"/rest/socialActions/{_quoted(post)}/comments?count=100")
        )

    def share_statistics(self, organization: str, urns: Iterable[str]) -> list[dict[str, Any]]:
        """Counters of an organisation's own posts; shares and ugcPosts are named apart."""
        lists = []
        for name, mark in (("shares", ":share:"), ("ugcPosts", ":ugcPost:")):
            if chosen := [_quoted(urn) for urn in urns if mark in urn]:
                lists.append(f"&{name}=List({','.join(chosen)})")
        query = f"q=organizationalEntity&organizationalEntity={_quoted(organization)}"
        return _elements(
            self._object(
                "GET", f"/rest/organizationalEntityShareStatistics?{query}{''.join(lists)}"
            )
        )

    def member_statistic(self, urn: str, name: str) -> int:
        """One counter of a person's own post."""
        kind = "share" if ":share:" in urn else "ugc"
        query = f"q=entity&entity=({kind}:{_quoted(urn)})&queryType={name}&aggregation=TOTAL"
        found = _elements(self._object("GET", f"/rest/memberCreatorPostAnalytics?{query}"))
        return sum(int(one.get("count") or 0) for one in found)

    # --- Calls -----------------------------------------------------------------------------------

    def _headers(self) -> dict[str, str]:
        return {**self._bearer, **self._rest}

    def _object(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        versioned = self._headers() if path.startswith("/rest/") else self._bearer
        headers = {**versioned, **kwargs.pop("headers", {})}
        answer = self._send(method, self._base + path, headers=headers, mutating=False, **kwargs)
        return _decoded(answer, mutating=False)

    def _send(self, method: str, url: str, *, mutating: bool = True, **kwargs: Any) -> Any:
        """A 2xx answer. `mutating` calls follow no redirect; their silence is AMBIGUOUS."""
        try:
            answer = self._client.request(method, url, follow_redirects=not mutating, **kwargs)
        except OutboundError as error:
            raise from_outbound(error, mutating=mutating, network=NETWORK) from error
        if not 200 <= answer.status_code < 300:
            raise from_answer(answer.status_code, answer.content, answer.headers, mutating=mutating)
        return answer


def _decoded(answer: Any, *, mutating: bool) -> dict[str, Any]:
    try:
        found = json.loads(answer.content or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _strange(mutating=mutating)
    return found


def _strange(*, mutating: bool) -> ProviderError:
    kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
    return ProviderError(kind, "The answer is not LinkedIn's.")


def _elements(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one for one in found.get("elements") or () if isinstance(one, dict)]


def _quoted(urn: str) -> str:
    return quote(urn, safe="")
