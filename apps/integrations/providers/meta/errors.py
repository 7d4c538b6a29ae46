"""What Graph's refusals mean: `{"error": {"code", "error_subcode", "message", …}}`.

A network adds its own meanings to SHARED; the most exact one wins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError, from_server_fault
from .usage import read_usage

# A quota over rolling 24 hours frees up as old posts leave it; nobody says when, so we look hourly.
QUOTA_AGAIN = timedelta(hours=1)
ANY = 0


@dataclass(frozen=True, slots=True)
class Meaning:
    """`message` empty: the network's own words. `field` says what to repair."""

    kind: ErrorKind
    message: str = ""
    field: str | None = None


# (code, subcode); ANY in either place.
Table = Mapping[tuple[int, int], Meaning]

_ENDED = Meaning(ErrorKind.AUTH_REVOKED, "Access was withdrawn: connect it again.")
_EXPIRED = Meaning(ErrorKind.AUTH_EXPIRED, "The sign-in has expired.")
_SCOPE = Meaning(
    ErrorKind.SCOPE_MISSING, "The connection lacks a permission: connect it again and allow all."
)
_RATE = Meaning(ErrorKind.RATE_LIMITED, "Too many calls for now.")
_CHECK = Meaning(
    ErrorKind.AUTH_REVOKED, "The account has to pass a security check, then connect it again."
)

SHARED: Table = {
    (190, ANY): _EXPIRED,
    (190, 458): _ENDED,
    (190, 459): _CHECK,
    (190, 460): Meaning(
        ErrorKind.AUTH_REVOKED, "The password was changed, which ends sign-ins: connect it again."
    ),
    (190, 463): _EXPIRED,
    (190, 464): _CHECK,
    (190, 467): _EXPIRED,
    (102, ANY): _SCOPE,
    (10, ANY): _SCOPE,
    (3, ANY): _SCOPE,
    (4, ANY): _RATE,
    (17, ANY): _RATE,
    (32, ANY): _RATE,
    (341, ANY): _RATE,
    (613, ANY): _RATE,
    (368, ANY): Meaning(
        ErrorKind.POLICY_BLOCKED, "The account may not do this for now; a person has to look."
    ),
    (506, ANY): Meaning(ErrorKind.DUPLICATE, "The same text was posted just before."),
    (100, ANY): Meaning(ErrorKind.VALIDATION),
}


class GraphError(ProviderError):
    """A refusal by Graph, with the numbers it gave; `details` is what it added for programs."""

    def __init__(
        self,
        meaning: Meaning,
        message: str,
        *,
        graph_code: int = 0,
        subcode: int = 0,
        retry_at: datetime | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(meaning.kind, message, field=meaning.field, retry_at=retry_at)
        self.graph_code = graph_code
        self.subcode = subcode
        self.details = details or {}

    @property
    def gone(self) -> bool:
        """The object does not exist, was deleted, or cannot be seen with this token."""
        return (self.graph_code, self.subcode) == (100, 33) or self.graph_code == 803


def meaning_of(code: int, subcode: int, table: Table) -> Meaning | None:
    for key in ((code, subcode), (ANY, subcode), (code, ANY)):
        if key != (ANY, ANY) and (found := table.get(key)) is not None:
            return found
    if 200 <= code <= 299:
        return _SCOPE
    return _RATE if 80_000 <= code <= 80_099 else None


def from_answer(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    mutating: bool,
    network: str,
    table: Table,
) -> ProviderError:
    """The error for an answer that is no success."""
    error = _error_of(body)
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    said = _said(error)
    meaning = meaning_of(code, subcode, table)
    if meaning is not None:
        found = _with_time(meaning, said, code, subcode, headers, network)
        found.details = _details(error.get("error_data"))
        return found
    if code in (1, 2) or error.get("is_transient") is True or status >= 500:
        return from_server_fault(status, mutating=mutating, network=network)
    if status == 429:
        return _with_time(_RATE, said, code, subcode, headers, network)
    if status == 401:
        return _with_time(_EXPIRED, said, code, subcode, headers, network)
    kind = ErrorKind.SCOPE_MISSING if status == 403 else ErrorKind.VALIDATION
    text = said or f"{network} answered {status}."
    return GraphError(Meaning(kind), text, graph_code=code, subcode=subcode)


def _with_time(
    meaning: Meaning,
    said: str,
    code: int,
    subcode: int,
    headers: Mapping[str, str],
    network: str,
) -> GraphError:
    again = None
    if meaning.kind is ErrorKind.RATE_LIMITED:
        again = retry_at(headers) or read_usage(headers).retry_at()
    elif meaning.kind is ErrorKind.QUOTA_EXHAUSTED:
        again = datetime.now(UTC) + QUOTA_AGAIN
    elif meaning.kind is ErrorKind.MEDIA_NOT_READY:
        again = datetime.now(UTC) + timedelta(seconds=10)
    text = f"{network}: {meaning.message or said or 'no reason given'}"
    return GraphError(meaning, text, graph_code=code, subcode=subcode, retry_at=again)


def _error_of(body: bytes) -> dict[str, Any]:
    """Graph's object, also as the upload host and Instagram's token endpoint word it."""
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    if isinstance(data.get("error"), dict):
        return dict(data["error"])
    if isinstance(data.get("debug_info"), dict):
        said = data["debug_info"]
        return {"message": said.get("message"), "is_transient": said.get("retriable")}
    return {"message": data.get("error_message"), "type": data.get("error_type")}


def _said(error: Mapping[str, Any]) -> str:
    """The words meant for people first, short and in one line."""
    text = error.get("error_user_msg") or error.get("message") or ""
    return " ".join(str(text).split())[:300]


def _details(data: Any) -> dict[str, Any]:
    """`error_data`: an object, at times as text."""
    try:
        found = json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return {}
    return dict(found) if isinstance(found, dict) else {}


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
