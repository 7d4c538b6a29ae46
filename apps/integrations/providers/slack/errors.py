"""What Slack's refusals mean: HTTP 200 with `{"ok": false, "error": "code"}`; codes are stable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError, from_server_fault

NETWORK = "Slack"
_ENDED = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "no_permission",
        "org_login_required",
        "team_access_not_granted",
        "app_missing_action_url",
    }
)
_CHANNEL = {
    "channel_not_found": "Slack finds no such channel, or the bot is not in it.",
    "is_archived": "The channel is archived.",
    "not_in_channel": "The bot is not in this channel: invite it with /invite.",
    "method_not_supported_for_channel_type": "The bot cannot join a channel of this kind.",
    "cannot_reply_to_message": "Slack takes no answers to this message.",
}
_BLOCKED = frozenset(
    {
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "ekm_access_denied",
        "messages_tab_disabled",
        "slack_connect_file_upload_sharing_blocked",
        "file_uploads_disabled",
        "file_uploads_except_images_disabled",
    }
)
_TEXT = frozenset({"no_text", "msg_too_long", "markdown_text_conflict", "metadata_too_large"})
_FILE = frozenset(
    {
        "file_not_found",
        "file_deleted",
        "invalid_arguments_file",
        "blocked_file_type",
        "file_update_failed",
        "storage_limit_reached",
        "upload_too_large",
        "file_too_large",
        "malware_detected",
    }
)
# The server's own faults: what was asked for may have happened.
_FAULTS = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})


def refusal(
    data: Mapping[str, Any], status: int, headers: Mapping[str, str], *, mutating: bool
) -> ProviderError:
    """The error for an answer with `ok` false, or one that is no 2xx."""
    code = str(data.get("error") or "")
    if status == 429 or code in ("ratelimited", "rate_limited", "message_limit_exceeded"):
        return ProviderError(
            ErrorKind.RATE_LIMITED, "Slack asks us to slow down.", retry_at=retry_at(headers)
        )
    if code in _FAULTS:
        return from_server_fault(500, mutating=mutating, network=NETWORK)
    if code == "token_expired":
        return ProviderError(ErrorKind.AUTH_EXPIRED, "The access to Slack has expired.")
    if code in _ENDED or status == 401:
        return ProviderError(ErrorKind.AUTH_REVOKED, "Slack no longer accepts this connection.")
    if code in ("missing_scope", "not_allowed_token_type"):
        needed = str(data.get("needed") or "a permission")
        return ProviderError(
            ErrorKind.SCOPE_MISSING, f"The connection lacks {needed}; connect it again."
        )
    if code in _CHANNEL:
        return ProviderError(ErrorKind.VALIDATION, _CHANNEL[code], field="channel")
    if code in _BLOCKED:
        return ProviderError(
            ErrorKind.POLICY_BLOCKED, f"This workspace does not allow it ({_words(code)})."
        )
    if code in _TEXT:
        return ProviderError(ErrorKind.VALIDATION, f"Slack: {_words(code)}.", field="text")
    if code in _FILE:
        return ProviderError(ErrorKind.MEDIA_INVALID, f"Slack: {_words(code)}.", field="media")
    if code in ("thread_not_found", "message_not_found"):
        return ProviderError(ErrorKind.VALIDATION, "The message is gone.", field="thread")
    if code in ("method_deprecated", "deprecated_endpoint", "unknown_method"):
        return ProviderError(ErrorKind.API_SUNSET, "Slack no longer has the method we use.")
    return ProviderError(ErrorKind.VALIDATION, f"Slack refused this ({_words(code) or status}).")


def _words(code: str) -> str:
    return code.replace("_", " ")[:80]
