"""Doing a POST once, however often it is sent.

A client that names its request with ``Idempotency-Key`` may send it again after a lost answer: it gets
the first answer. The row that remembers lives in the workspace's schema (``Store`` below is filled by
the orchestrator) and is written in the transaction of the effect itself, so that a process that dies
in the middle leaves either both or neither.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from apps.errors import Conflict, DomainError, ValidationFailed
from apps.workspaces.api.rendering import to_json

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_ACCEPTABLE = re.compile(r"[\x21-\x7e]{1,255}")


class KeyRequired(DomainError):
    code = "idempotency_key_required"
    status = 400


class KeyReused(Conflict):
    """The key came before, with another body."""

    code = "idempotency_key_reused"


class InFlight(Conflict):
    """The first request with this key has no answer yet."""

    code = "idempotency_in_flight"


@dataclass(frozen=True, slots=True)
class Intent:
    """What identifies a request: who, where, the client's name for it, and a digest of its body."""

    caller: str
    route: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class Store(Protocol):
    def claim(self, intent: Intent) -> str | Answer:
        """A token where the request is ours to do, else the answer it got. Commits at once.

        Raises KeyReused and InFlight.
        """

    def settle(self, intent: Intent, token: str, answer: Answer) -> bool:
        """Keep the answer; False where another process has taken the request over."""

    def give_up(self, intent: Intent, token: str) -> None:
        """Forget the claim: nothing happened, so the key may be used again."""


@lru_cache
def store() -> Store:
    found: Store = import_string(settings.CANDY_IDEMPOTENCY_STORE)()
    return found


def intent_of(request: Request, *, caller: str, required: bool) -> Intent | None:
    """What the request asks to do once, or None without the header.

    Raises KeyRequired, or ValidationFailed for a key that is not 1 to 255 visible ASCII characters.
    """
    key = request.headers.get(HEADER)
    if key is None:
        if required:
            raise KeyRequired(
                f"Send an {HEADER} header here: a name of your own for this request, so that it "
                "can be sent again without being done twice."
            )
        return None
    if not _ACCEPTABLE.fullmatch(key):
        raise ValidationFailed(
            f"{HEADER} takes 1 to 255 visible ASCII characters.", field=HEADER, code="invalid"
        )
    return Intent(caller, f"{request.method} {request._request.path}", key, _digest(request))


def once(intent: Intent, act: Callable[[], Response], *, in_transaction: bool) -> Response:
    """Answer of ``act``, done at most once.

    With ``in_transaction`` effect and answer are committed together. Without, for an ``act`` that
    calls the outside, a crash between the two means that ``act`` runs again, so it must bear that.
    Only answers below 300 are kept: after a refusal nothing happened.
    """
    claimed = store().claim(intent)
    if isinstance(claimed, Answer):
        headers = {**claimed.headers, REPLAYED: "true"}
        return Response(json.loads(claimed.body), status=claimed.status, headers=headers)
    try:
        if not in_transaction:
            return _kept(intent, claimed, act())
        with transaction.atomic():
            return _kept(intent, claimed, act())
    except BaseException:
        store().give_up(intent, claimed)
        raise


def _kept(intent: Intent, token: str, response: Response) -> Response:
    kept = {name: value for name, value in response.items() if name == "Location"}
    answer = Answer(response.status_code, to_json(response.data), kept)
    if not store().settle(intent, token, answer):
        raise InFlight("This request took so long that it was started again.", retry_after=1)
    return response


def _digest(request: Request) -> str:
    """SHA-256 of the body. A multipart body has a random boundary, so its parts are digested."""
    found = hashlib.sha256(request._request.META.get("QUERY_STRING", "").encode())
    if request.content_type and request.content_type.startswith("multipart/"):
        for name, value in sorted(request.POST.items()):
            found.update(f"{name}\0{value}\0".encode())
        for name, upload in sorted(request.FILES.items()):
            found.update(f"{name}\0{upload.name}\0{upload.size}\0".encode())
            for chunk in upload.chunks():
                found.update(chunk)
            upload.seek(0)
    else:
        found.update(to_json(request.data).encode())
    return found.hexdigest()
