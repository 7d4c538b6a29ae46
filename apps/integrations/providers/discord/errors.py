"""What Discord's refusals mean: `{"code": 50013, "message": "…", "errors": {…}}`; codes are stable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError

NETWORK = "Discord"
THREAD_EXISTS = 160004
_GONE = {10003: "channel", 10004: "channel"}
_NO_RIGHTS = frozenset({50001, 50013, 50008})
_SLOWED = frozenset({20016, 20022, 20026, 20028, 20029})
_BLOCKED = frozenset({20001, 40001, 40002, 40007, 40094, 50033, 200000, 200001, 240000})
_BAD_FILE = frozenset({40005, 50045, 50046, 50123})


def refusal(status: int, data: Mapping[str, Any], headers: Mapping[str, str]) -> ProviderError:
    """The error for an answer that is no success."""
    code, said = _code(data), " ".join(str(data.get("message") or "").split())[:300]
    if status == 429 or code in _SLOWED:
        return ProviderError(
            ErrorKind.RATE_LIMITED,
            "Discord asks us to slow down.",
            retry_at=_after(data) or retry_at(headers),
        )
    if code in (10015, 50027):
        return ProviderError(ErrorKind.AUTH_REVOKED, "Discord does not know this webhook any more.")
    if status == 401:
        return ProviderError(ErrorKind.AUTH_REVOKED, "Discord does not accept this bot any more.")
    if code in _GONE:
        return ProviderError(
            ErrorKind.VALIDATION, "Discord finds no such channel.", field=_GONE[code]
        )
    if code in _NO_RIGHTS:
        return ProviderError(
            ErrorKind.SCOPE_MISSING,
            "The bot lacks a right in this channel: view, send, attach files, read the history.",
        )
    if code in _BLOCKED:
        return ProviderError(ErrorKind.POLICY_BLOCKED, said or "Discord does not allow this.")
    if code in _BAD_FILE or status == 413:
        return ProviderError(
            ErrorKind.MEDIA_INVALID, "The file is too large for this server.", field="media"
        )
    if code == 10008:
        return ProviderError(ErrorKind.VALIDATION, "The message is gone.", field="thread")
    if status == 403:
        return ProviderError(ErrorKind.POLICY_BLOCKED, said or "Discord does not allow this.")
    return _invalid(said, data)


def _invalid(said: str, data: Mapping[str, Any]) -> ProviderError:
    """A form error names the fields it is about."""
    fields = {"content": "text", "files": "media", "attachments": "media", "poll": "poll"}
    errors = data.get("errors") or {}
    name = next((ours for theirs, ours in fields.items() if theirs in errors), None)
    why = next(_messages(errors), "")
    if _code(data) == 50006:
        name = "text"
    if "message_reference" in errors:
        name = "thread"
    said = f"{said}: {why}" if why else said
    return ProviderError(ErrorKind.VALIDATION, said or "Discord refused this.", field=name)


def _messages(errors: Any) -> Iterator[str]:
    if isinstance(errors, Mapping):
        for one in errors.get("_errors") or ():
            yield str(one.get("message"))
        for value in errors.values():
            yield from _messages(value)


def _code(data: Mapping[str, Any]) -> int:
    code = data.get("code")
    return code if isinstance(code, int) else 0


def _after(data: Mapping[str, Any]) -> datetime | None:
    seconds = data.get("retry_after")
    if not isinstance(seconds, int | float):
        return None
    return datetime.now(UTC) + timedelta(seconds=float(seconds))
