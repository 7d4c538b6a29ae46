"""What TikTok's refusals mean.

The envelope decides, not the status: `{"data": {}, "error": {"code": "…", "message": "…"}}` is a
success only with the code "ok". What ends later, while TikTok works, comes as a `fail_reason`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError, from_server_fault
from ..json_api import Answer

NETWORK = "TikTok"
K = ErrorKind
# Code: kind, sentence, field to blame. An empty sentence leaves TikTok's own.
CODES: dict[str, tuple[ErrorKind, str, str | None]] = {
    "access_token_invalid": (K.AUTH_EXPIRED, "The sign-in at TikTok has ended.", None),
    "scope_not_authorized": (
        K.SCOPE_MISSING,
        "The connection lacks a permission; connect it again.",
        None,
    ),
    "scope_permission_missed": (
        K.SCOPE_MISSING,
        "The connection lacks a permission; connect it again.",
        None,
    ),
    "rate_limit_exceeded": (K.RATE_LIMITED, "TikTok asks us to slow down.", None),
    "spam_risk_too_many_posts": (
        K.QUOTA_EXHAUSTED,
        "This creator has no posts by apps left for the next 24 hours.",
        None,
    ),
    "spam_risk_too_many_pending_share": (
        K.QUOTA_EXHAUSTED,
        "Five drafts wait in the TikTok inbox already: finish some in the app.",
        None,
    ),
    "reached_active_user_cap": (
        K.QUOTA_EXHAUSTED,
        "This TikTok app has reached its number of people for today.",
        None,
    ),
    "spam_risk": (K.POLICY_BLOCKED, "TikTok takes this for spam.", None),
    "spam_risk_text": (K.POLICY_BLOCKED, "TikTok takes this text for spam.", "text"),
    "spam_risk_user_banned_from_posting": (
        K.POLICY_BLOCKED,
        "TikTok does not let this creator post for now.",
        None,
    ),
    "unaudited_client_can_only_post_to_private_accounts": (
        K.VALIDATION,
        "TikTok has not audited this app: post to the inbox, or from a private account.",
        "mode",
    ),
    "url_ownership_unverified": (
        K.VALIDATION,
        "TikTok fetches pictures only from addresses verified in its developer portal.",
        "media",
    ),
    "privacy_level_option_mismatch": (
        K.VALIDATION,
        "The creator's account does not have this choice of viewers any more.",
        "privacy",
    ),
    "app_version_check_failed": (
        K.VALIDATION,
        "The creator's TikTok app is too old for drafts: it has to be 31.8 or newer.",
        "mode",
    ),
    "invalid_publish_id": (K.VALIDATION, "TikTok does not know this upload.", None),
    "invalid_param": (K.VALIDATION, "", None),
    "invalid_params": (K.VALIDATION, "", None),
    "invalid_file_upload": (K.MEDIA_INVALID, "", "media"),
}
# How a post ended while TikTok worked on it.
FAILURES: dict[str, tuple[ErrorKind, str]] = {
    "file_format_check_failed": (K.MEDIA_INVALID, "TikTok does not take this kind of file."),
    "duration_check_failed": (K.MEDIA_INVALID, "The video is too short or too long for TikTok."),
    "frame_rate_check_failed": (K.MEDIA_INVALID, "TikTok does not take this frame rate."),
    "picture_size_check_failed": (K.MEDIA_INVALID, "TikTok does not take this picture size."),
    "video_pull_failed": (K.TRANSIENT_SAFE, "TikTok could not fetch the video."),
    "photo_pull_failed": (K.TRANSIENT_SAFE, "TikTok could not fetch the pictures."),
    "internal": (K.TRANSIENT_SAFE, "TikTok had a fault of its own."),
    "publish_cancelled": (K.POLICY_BLOCKED, "The post was cancelled at TikTok."),
    "auth_removed": (K.AUTH_REVOKED, "The creator took Candy's access away meanwhile."),
    "spam_risk_too_many_posts": (
        K.QUOTA_EXHAUSTED,
        "This creator has no posts by apps left for the next 24 hours.",
    ),
}
# Neither tells when: the window rolls over 24 hours.
_QUOTA_PAUSE = timedelta(hours=1)


def code_of(answer: Answer) -> str:
    """The envelope's code; "" where there is no envelope."""
    error = answer.object.get("error")
    return str(error.get("code") or "") if isinstance(error, dict) else ""


def from_answer(answer: Answer, *, mutating: bool) -> ProviderError:
    error = answer.object.get("error")
    said = str(error.get("message") or "")[:300] if isinstance(error, dict) else ""
    code = code_of(answer)
    if code == "internal_error":
        return from_server_fault(answer.status, mutating=mutating, network=NETWORK)
    if code in CODES:
        kind, message, field = CODES[code]
    elif code.startswith("spam_risk"):
        kind, message, field = CODES["spam_risk"]
    elif answer.status == 401:
        kind, message, field = CODES["access_token_invalid"]
    elif answer.status == 429:
        kind, message, field = CODES["rate_limit_exceeded"]
    elif answer.status in (404, 410):
        kind, message, field = K.API_SUNSET, "TikTok no longer has the call that we use.", None
    else:
        kind, message, field = K.VALIDATION, "", None
    message = message or said or f"TikTok answered {answer.status} {code}".strip() + "."
    return ProviderError(kind, message, field=field, retry_at=_when(kind, answer))


def from_failure(reason: str) -> ProviderError:
    """The error for a post that ended as FAILED: it is not out and will not be."""
    if reason in FAILURES:
        kind, message = FAILURES[reason]
    elif reason.startswith("spam_risk"):
        kind, message = K.POLICY_BLOCKED, "TikTok takes this for spam."
    else:
        kind, message = K.VALIDATION, f"TikTok could not publish this: {reason or 'no reason'}."
    at = datetime.now(UTC) + _QUOTA_PAUSE if kind is K.QUOTA_EXHAUSTED else None
    return ProviderError(
        kind, message, field="media" if kind is K.MEDIA_INVALID else None, retry_at=at
    )


def _when(kind: ErrorKind, answer: Answer) -> datetime | None:
    if kind is K.QUOTA_EXHAUSTED:
        return retry_at(answer.headers) or datetime.now(UTC) + _QUOTA_PAUSE
    if kind is K.RATE_LIMITED:
        return retry_at(answer.headers) or datetime.now(UTC) + timedelta(minutes=1)
    return None
