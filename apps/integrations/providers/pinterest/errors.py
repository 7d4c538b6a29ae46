"""What Pinterest's refusals mean: `{"code": 40, "message": "Board not found."}` and a status."""

from __future__ import annotations

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError
from ..json_api import Answer

NETWORK = "Pinterest"
# Pinterest's own codes where they say more than the status. Kind, sentence, field to blame.
CODES: dict[int, tuple[ErrorKind, str, str | None]] = {
    2: (ErrorKind.AUTH_EXPIRED, "Pinterest no longer accepts this sign-in.", None),
    3: (ErrorKind.SCOPE_MISSING, "The connection lacks a permission; connect it again.", None),
    8: (ErrorKind.RATE_LIMITED, "Pinterest asks us to slow down.", None),
    29: (ErrorKind.POLICY_BLOCKED, "Pinterest does not allow this account to do that.", None),
    40: (ErrorKind.VALIDATION, "This board is not there any more: choose another.", "board"),
    50: (ErrorKind.VALIDATION, "This pin is not there.", None),
    2031: (ErrorKind.VALIDATION, "This section of the board is not there any more.", "board"),
}
# By status where the code says nothing.
STATUSES: dict[int, tuple[ErrorKind, str]] = {
    401: (ErrorKind.AUTH_EXPIRED, "Pinterest no longer accepts this sign-in."),
    403: (ErrorKind.POLICY_BLOCKED, "Pinterest does not allow this."),
    408: (ErrorKind.TRANSIENT_SAFE, "Pinterest took too long."),
    409: (ErrorKind.TRANSIENT_SAFE, "Pinterest was busy with the same thing."),
    410: (ErrorKind.API_SUNSET, "Pinterest has ended the API that we use."),
    413: (ErrorKind.MEDIA_INVALID, "The file is too large for Pinterest."),
    429: (ErrorKind.RATE_LIMITED, "Pinterest asks us to slow down."),
}
_ABOUT_MEDIA = ("image", "video", "media", "cover", "base64", "carousel")
_FIELDS = {"description": "text", "title": "title", "link": "link", "board": "board"}


def from_answer(answer: Answer) -> ProviderError:
    code, said = answer.object.get("code"), _said(answer)
    if isinstance(code, int) and code in CODES and answer.status not in (429, 401):
        kind, message, field = CODES[code]
    elif answer.status in STATUSES:
        kind, message = STATUSES[answer.status]
        field = None
        if kind is ErrorKind.POLICY_BLOCKED and "scope" in said.lower():
            kind, message, field = CODES[3]
    else:
        return _invalid(said or f"Pinterest answered {answer.status}.")
    if "trial access" in said.lower():
        message = (
            "Pinterest lets apps with trial access make no pins: the app needs standard access."
        )
    at = retry_at(answer.headers) if kind is ErrorKind.RATE_LIMITED else None
    return ProviderError(kind, message, field=field, retry_at=at)


def _invalid(said: str) -> ProviderError:
    low = said.lower()
    if any(word in low for word in _ABOUT_MEDIA):
        return ProviderError(ErrorKind.MEDIA_INVALID, said, field="media")
    field = next((ours for theirs, ours in _FIELDS.items() if theirs in low), None)
    return ProviderError(ErrorKind.VALIDATION, said, field=field)


def _said(answer: Answer) -> str:
    return " ".join(str(answer.object.get("message") or "").split())[:300]
