"""What a PDS's refusals mean. It answers `{"error": "Name", "message": "…"}`; names are stable."""

from __future__ import annotations

import json
from collections.abc import Mapping

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError, from_server_fault

NETWORK = "Bluesky"
_DEAD = {
    "InvalidToken",
    "AuthenticationRequired",
    "AuthMissing",
    "AccountTakedown",
    "AccountDeactivated",
    "AccountSuspended",
}
# From the video service.
_NO_VIDEO = {
    "unconfirmed_email": "Confirm the account's e-mail address at Bluesky before sending videos.",
    "user_banned": "Bluesky takes no videos from this account.",
}


def from_answer(
    status: int, body: bytes, headers: Mapping[str, str], *, mutating: bool
) -> ProviderError:
    """The error for an answer that is no success."""
    name, message = _said(body)
    if name == "ExpiredToken":  # with 400, not 401
        return ProviderError(ErrorKind.AUTH_EXPIRED, "The session at Bluesky has expired.")
    if name == "AuthFactorTokenRequired":
        return ProviderError(
            ErrorKind.VALIDATION, "Use an app password, not the account's own.", field="password"
        )
    if name in _DEAD or status == 401:
        return ProviderError(
            ErrorKind.AUTH_REVOKED, message or "Bluesky no longer accepts this connection."
        )
    if status == 429 or name == "RateLimitExceeded":
        return ProviderError(
            ErrorKind.RATE_LIMITED, "Bluesky asks us to slow down.", retry_at=retry_at(headers)
        )
    if name in ("BlobTooLarge", "PayloadTooLarge") or status == 413:
        return ProviderError(ErrorKind.MEDIA_INVALID, "The file is too large for this server.")
    if name == "BlobNotFound" or "could not find blob" in message.lower():
        return ProviderError(ErrorKind.MEDIA_NOT_READY, "The server has lost the files.")
    if name in _NO_VIDEO:
        return ProviderError(ErrorKind.POLICY_BLOCKED, _NO_VIDEO[name])
    if name == "RepoNotFound":
        return ProviderError(ErrorKind.AUTH_REVOKED, "This account is not on this server any more.")
    if name == "MethodNotImplemented" or status == 501:
        return ProviderError(ErrorKind.API_SUNSET, "This server lacks the method we use.")
    if status >= 500:
        return from_server_fault(status, mutating=mutating, network=NETWORK)
    if status == 403:
        return ProviderError(ErrorKind.POLICY_BLOCKED, message or "Bluesky does not allow this.")
    return ProviderError(ErrorKind.VALIDATION, message or f"Bluesky answered {status}.")


def _said(body: bytes) -> tuple[str, str]:
    """The error's name and the server's own sentence, short and in one line."""
    try:
        data = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(data, dict):
        return "", ""
    message = " ".join(str(data.get("message") or "").split())[:300]
    return str(data.get("error") or ""), message
