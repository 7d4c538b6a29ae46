"""What LinkedIn's refusals mean: `{"message", "serviceErrorCode", "status", "code"}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError, from_server_fault

NETWORK = "LinkedIn"
_URN = re.compile(r"urn:li:(?:share|ugcPost):\d+")
# A code's meaning, and the field of the post that it is about.
CODES: dict[str, tuple[ErrorKind, str | None]] = {
    "REVOKED_ACCESS_TOKEN": (ErrorKind.AUTH_REVOKED, None),
    "EXPIRED_ACCESS_TOKEN": (ErrorKind.AUTH_EXPIRED, None),
    "INVALID_ACCESS_TOKEN": (ErrorKind.AUTH_REVOKED, None),
    "EMPTY_ACCESS_TOKEN": (ErrorKind.AUTH_REVOKED, None),
    "ACCESS_DENIED": (ErrorKind.SCOPE_MISSING, None),
    "FIELD_LENGTH_TOO_LONG": (ErrorKind.VALIDATION, "text"),
    "INVALID_VALUE_FOR_FIELD": (ErrorKind.VALIDATION, None),
    "INVALID_URN_ID": (ErrorKind.VALIDATION, None),
    "INVALID_URN_TYPE": (ErrorKind.VALIDATION, None),
    "MEDIA_ASSET_WAITING_UPLOAD": (ErrorKind.MEDIA_NOT_READY, "media"),
    "MEDIA_ASSET_PROCESSING": (ErrorKind.MEDIA_NOT_READY, "media"),
    "MEDIA_ASSET_PROCESSING_FAILED": (ErrorKind.MEDIA_INVALID, "media"),
    "EXPIRED_UPLOAD_URL": (ErrorKind.TRANSIENT_SAFE, "media"),
    "VERSION_MISSING": (ErrorKind.API_SUNSET, None),
    "NONEXISTENT_VERSION": (ErrorKind.API_SUNSET, None),
    "CONFLICT": (ErrorKind.TRANSIENT_SAFE, None),
}
WORDS = {
    ErrorKind.AUTH_EXPIRED: "The sign-in at LinkedIn has expired.",
    ErrorKind.AUTH_REVOKED: "LinkedIn no longer accepts this connection.",
    ErrorKind.SCOPE_MISSING: "LinkedIn does not let this connection do that: the role on the page, "
    "or the app's product, is missing.",
    ErrorKind.MEDIA_NOT_READY: "LinkedIn is still preparing the files.",
    ErrorKind.API_SUNSET: "LinkedIn has ended the version of its API that we use.",
}


def from_answer(
    status: int, body: bytes, headers: Mapping[str, str], *, mutating: bool
) -> ProviderError:
    """The error for an answer that is no success."""
    if status >= 500:
        return from_server_fault(status, mutating=mutating, network=NETWORK)
    code, said = read(body)
    if status == 429:
        return _too_many(said, headers)
    if status == 422 and (code == "DUPLICATE_POST" or "duplicate" in said.lower()):
        twin = _URN.search(said)
        return ProviderError(
            ErrorKind.DUPLICATE,
            "LinkedIn has this very post already.",
            remote_ref=twin[0] if twin else None,
        )
    kind, field = CODES.get(code) or (_by_status(status), None)
    return ProviderError(
        kind, WORDS.get(kind) or said or f"LinkedIn answered {status}.", field=field
    )


def _by_status(status: int) -> ErrorKind:
    return {
        401: ErrorKind.AUTH_EXPIRED,
        403: ErrorKind.SCOPE_MISSING,
        409: ErrorKind.TRANSIENT_SAFE,
        413: ErrorKind.MEDIA_INVALID,
        415: ErrorKind.MEDIA_INVALID,
        426: ErrorKind.API_SUNSET,
    }.get(status, ErrorKind.VALIDATION)


def _too_many(said: str, headers: Mapping[str, str]) -> ProviderError:
    """LinkedIn's budgets are for a UTC day; its message says so where it is one of those."""
    if "DAY" in said:
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return ProviderError(
            ErrorKind.QUOTA_EXHAUSTED,
            "LinkedIn takes no more calls today.",
            retry_at=midnight + timedelta(days=1),
        )
    at = retry_at(headers) or datetime.now(UTC) + timedelta(minutes=1)
    return ProviderError(ErrorKind.RATE_LIMITED, "LinkedIn asks us to slow down.", retry_at=at)


def read(body: bytes) -> tuple[str, str]:
    """The code and the sentence of a refusal."""
    try:
        data: Any = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(data, dict):
        return "", ""
    said = " ".join(str(data.get("message") or "").split())[:300]
    return str(data.get("code") or ""), said
