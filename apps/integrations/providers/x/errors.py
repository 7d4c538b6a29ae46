"""What X's refusals mean.

X answers `{"title", "detail", "type", "status"}` (a problem) or `{"errors": […]}`; a problem's type
ends in a word, where it is not "about:blank". The rest has to be read from the sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError, from_server_fault

NETWORK = "X"
# How long to leave an account alone whose credits are used up: a person has to buy some.
NO_CREDITS = timedelta(hours=1)
_DAY_RESETS = ("x-user-limit-24hour", "x-app-limit-24hour")


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal in X's words: the last word of its type, and everything it says, in one line."""

    type: str
    said: str

    @property
    def low(self) -> str:
        return self.said.lower()

    def has(self, *words: str) -> bool:
        return any(word in self.low for word in words)


def problem(body: bytes) -> Problem:
    try:
        data: Any = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return Problem("", "")
    errors = [one for one in data.get("errors") or () if isinstance(one, dict)]
    said = [str(data.get("detail") or "")]
    said += [str(one.get("message") or one.get("detail") or "") for one in errors]
    kinds = [str(data.get("type") or ""), *(str(one.get("type") or "") for one in errors)]
    kind = next((one for one in kinds if one and one != "about:blank"), "")
    title = str(data.get("title") or data.get("error") or "")
    words = " ".join(" ".join(one for one in said if one).split()) or title
    return Problem(kind.rpartition("/")[2], words[:300])


def from_answer(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    mutating: bool,
    renewable: bool = True,
) -> ProviderError:
    """The error for an answer that is no success. `renewable`: the sign-in has a refresh token."""
    if status >= 500:
        return from_server_fault(status, mutating=mutating, network=NETWORK)
    told = problem(body)
    if status == 401:
        kind = ErrorKind.AUTH_EXPIRED if renewable else ErrorKind.AUTH_REVOKED
        return ProviderError(kind, "X no longer accepts this sign-in.")
    if status == 402 or told.type in ("usage-capped", "credits"):
        return ProviderError(
            ErrorKind.QUOTA_EXHAUSTED,
            "The credits of Candy's app at X are used up.",
            retry_at=datetime.now(UTC) + NO_CREDITS,
        )
    if status == 429:
        return _too_many(headers)
    if status == 403:
        return _forbidden(told)
    if status in (410, 426):
        return ProviderError(ErrorKind.API_SUNSET, "X no longer has the API we use.")
    if status in (413, 415):
        return ProviderError(ErrorKind.MEDIA_INVALID, "X does not take this file.", field="media")
    return _refused(told, status)


def _too_many(headers: Mapping[str, str]) -> ProviderError:
    for name in _DAY_RESETS:
        if headers.get(f"{name}-remaining") == "0":
            day = {"ratelimit-reset": headers.get(f"{name}-reset", "")}
            return ProviderError(
                ErrorKind.QUOTA_EXHAUSTED,
                "X takes no more posts from this account today.",
                retry_at=retry_at(day),
            )
    return ProviderError(
        ErrorKind.RATE_LIMITED, "X asks us to slow down.", retry_at=retry_at(headers)
    )


def _forbidden(told: Problem) -> ProviderError:
    if told.has("duplicate content"):
        return ProviderError(ErrorKind.DUPLICATE, "X has a post with this text already.")
    if told.has("suspended", "locked"):
        return ProviderError(ErrorKind.POLICY_BLOCKED, f"X has closed this account: {told.said}")
    if told.type in ("unsupported-authentication", "oauth1-permissions", "oauth2-scopes") or (
        told.has("unsupported authentication", "app permissions", "scope")
    ):
        return ProviderError(
            ErrorKind.SCOPE_MISSING, "The connection lacks a permission; connect it again."
        )
    if told.has("media"):
        return ProviderError(ErrorKind.MEDIA_INVALID, told.said, field="media")
    if told.has("not permitted to access this feature", "cashtag", "too long", "maximum of"):
        return ProviderError(ErrorKind.VALIDATION, told.said, field="text")
    return ProviderError(ErrorKind.POLICY_BLOCKED, told.said or "X does not allow this.")


def _refused(told: Problem, status: int) -> ProviderError:
    said = told.said or f"X answered {status}."
    if told.has("media", "file", "maximum of 4 items"):
        return ProviderError(ErrorKind.MEDIA_INVALID, said, field="media")
    if told.has("poll"):
        return ProviderError(ErrorKind.VALIDATION, said, field="poll")
    if told.has("cashtag", "invalid url", "too long", "text"):
        return ProviderError(ErrorKind.VALIDATION, said, field="text")
    return ProviderError(ErrorKind.VALIDATION, said)
