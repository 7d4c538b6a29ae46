"""What a Mastodon server's refusals mean.

Mastodon answers `{"error": "…"}`, a sentence in English, and carries no error codes; where a status
code is not enough we look for words that have been stable over its major versions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError, from_server_fault

NETWORK = "Mastodon"


def from_answer(
    status: int, body: bytes, headers: Mapping[str, str], *, mutating: bool
) -> ProviderError:
    """The error for an answer that is no success."""
    said = _said(body)
    if status == 401:
        # Tokens do not expire here: a dead one was revoked, by its owner or by the server.
        return ProviderError(ErrorKind.AUTH_REVOKED, "Mastodon no longer accepts this connection.")
    if status == 403:
        if "scope" in said:
            return ProviderError(
                ErrorKind.SCOPE_MISSING, "The connection lacks a permission; connect it again."
            )
        return ProviderError(ErrorKind.POLICY_BLOCKED, said or "Mastodon does not allow this.")
    if status == 429:
        return ProviderError(
            ErrorKind.RATE_LIMITED, "Mastodon asks us to slow down.", retry_at=retry_at(headers)
        )
    if status in (410, 426):
        return ProviderError(ErrorKind.API_SUNSET, "This server no longer has the API we use.")
    if status == 413:
        return ProviderError(ErrorKind.MEDIA_INVALID, "The file is too large for this server.")
    if status in (400, 404, 406, 409, 415, 422):
        return _refused(status, said)
    if status >= 500:
        return from_server_fault(status, mutating=mutating, network=NETWORK)
    return ProviderError(ErrorKind.VALIDATION, said or f"Mastodon answered {status}.")


def _refused(status: int, said: str) -> ProviderError:
    low = said.lower()
    if "finished processing" in low:
        return ProviderError(ErrorKind.MEDIA_NOT_READY, "Mastodon is still preparing the media.")
    if "duplicate" in low or "already" in low:
        return ProviderError(ErrorKind.DUPLICATE, said)
    if any(word in low for word in ("media", "file", "image", "attach")):
        return ProviderError(ErrorKind.MEDIA_INVALID, said, field="media")
    field = "text" if "text" in low or "character limit" in low else None
    return ProviderError(ErrorKind.VALIDATION, said or f"Mastodon answered {status}.", field=field)


def _said(body: bytes) -> str:
    """The server's own sentence, short and in one line."""
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(data, dict):
        return ""
    text = data.get("error_description") or data.get("error") or ""
    return " ".join(str(text).split())[:300]
