"""Answers that must not be lost, handed out before anybody has read them, and given again later.

Some calls cannot be repeated: a refresh token that works once is gone the moment the network has
answered. A client with a Journal passes each good answer on as soon as its last byte is here, so
that it can be stored before anything else happens; after a crash the same code runs again, and gets
the stored answers to the same requests instead of asking the network.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import httpx

LARGEST = 200_000  # bytes of an answer that is kept; answers with tokens are small


@dataclass(frozen=True, slots=True)
class Answer:
    """`request` is a digest of what was asked."""

    request: str
    status: int
    content_type: str
    body: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """`keep` stores all answers so far and must be durable when it returns. `known` are from before."""

    def __init__(self, keep: Callable[[list[Answer]], None], known: Iterable[Answer] = ()) -> None:
        self._keep = keep
        self._known = list(known)
        self._answers = list(self._known)

    def replay(self, request: httpx.Request) -> httpx.Response | None:
        """The stored answer to this very request, once; None where there is none."""
        asked = _digest(request)
        for answer in self._known:
            if answer.request == asked:
                self._known.remove(answer)
                return httpx.Response(
                    answer.status,
                    headers={"content-type": answer.content_type},
                    content=base64.b64decode(answer.body),
                    request=request,
                )
        return None

    def note(self, request: httpx.Request, response: httpx.Response) -> None:
        asked = _digest(request)
        if asked and response.is_success and len(response.content) <= LARGEST:
            body = base64.b64encode(response.content).decode()
            kind = response.headers.get("content-type", "")
            self._answers.append(Answer(asked, response.status_code, kind, body))
            self._keep(self._answers)


def _digest(request: httpx.Request) -> str:
    """Empty for a body that is a stream: it cannot be compared."""
    try:
        body = request.content
    except httpx.RequestNotRead:
        return ""
    return sha256(f"{request.method} {request.url}\n".encode() + body).hexdigest()
