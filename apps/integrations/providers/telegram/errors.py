"""What the Bot API's refusals mean: `{"ok": false, "error_code": 400, "description": "Bad Request: …"}`.

Codes are HTTP's; what was wrong stands in the description, whose words have been stable for years.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import ErrorKind, ProviderError

NETWORK = "Telegram"
_CHAT = ("chat not found", "chat_id is empty", "peer_id_invalid", "username_invalid")
_TOPIC = ("message thread not found", "topic_closed", "topic_deleted")
_RIGHTS = (
    "not enough rights",
    "need administrator rights",
    "chat_write_forbidden",
    "have no rights",
)
_TEXT = ("message is too long", "caption is too long", "text must be non-empty", "text is empty")
_POLL = ("poll", "option")
_FILE = (
    "photo_invalid_dimensions",
    "image_process_failed",
    "photo_ext_invalid",
    "photo_content_type_invalid",
    "video_content_type_invalid",
    "wrong file",
    "wrong type of the web page content",
    "file is too big",
    "file must be non-empty",
    "failed to get http url content",
    "webpage_media_empty",
    "media_empty",
    "group send failed",
)


def refusal(data: Mapping[str, Any], status: int) -> ProviderError:
    """The error for an answer with `ok` false."""
    code = int(data.get("error_code") or status)
    said = " ".join(str(data.get("description") or "").split())[:300]
    low = said.lower()
    if code in (401, 404):
        # The token stands in the address: one that never was is "404 Not Found".
        return ProviderError(ErrorKind.AUTH_REVOKED, "Telegram does not know this bot any more.")
    if code == 429:
        seconds = (data.get("parameters") or {}).get("retry_after") or 30
        return ProviderError(
            ErrorKind.RATE_LIMITED,
            "Telegram asks us to slow down.",
            retry_at=datetime.now(UTC) + timedelta(seconds=float(seconds)),
        )
    if code == 403:
        return ProviderError(
            ErrorKind.SCOPE_MISSING, f"The bot may not write in this chat ({said or 'forbidden'})."
        )
    if code == 413 or "too large" in low:
        return ProviderError(
            ErrorKind.MEDIA_INVALID, "The file is too large for this server.", field="media"
        )
    if "migrate_to_chat_id" in (data.get("parameters") or {}):
        return ProviderError(
            ErrorKind.AUTH_REVOKED,
            "The group has become a supergroup with a new id: connect it again.",
        )
    return _bad_request(said, low)


def _bad_request(said: str, low: str) -> ProviderError:
    if any(word in low for word in _RIGHTS):
        return ProviderError(
            ErrorKind.SCOPE_MISSING, "The bot lacks the right to post: make it an administrator."
        )
    if any(word in low for word in _CHAT):
        return ProviderError(ErrorKind.VALIDATION, "Telegram finds no such chat.", field="chat")
    if any(word in low for word in _TOPIC):
        return ProviderError(ErrorKind.VALIDATION, "The topic is closed or gone.", field="topic")
    if "replied not found" in low:
        return ProviderError(
            ErrorKind.VALIDATION, "The message that this one answers is gone.", field="thread"
        )
    if any(word in low for word in _TEXT):
        return ProviderError(ErrorKind.VALIDATION, said, field="text")
    if any(word in low for word in _FILE):
        return ProviderError(ErrorKind.MEDIA_INVALID, said, field="media")
    if any(word in low for word in _POLL):
        return ProviderError(ErrorKind.VALIDATION, said, field="poll")
    return ProviderError(ErrorKind.VALIDATION, said or "Telegram refused this.")
