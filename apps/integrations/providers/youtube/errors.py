"""What YouTube's refusals mean.

Google answers `{"error": {"code": 403, "message": "…", "errors": [{"reason": "quotaExceeded"}]}}`;
the first reason decides.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.integrations.http import retry_at

from ..errors import ErrorKind, ProviderError
from ..json_api import Answer

NETWORK = "YouTube"
K = ErrorKind
PACIFIC = ZoneInfo("America/Los_Angeles")
_QUOTA = "Candy's allowance at YouTube is used up for today."
_PERMISSION = "The connection lacks a permission; connect it again."
# Reason: kind, sentence, field to blame. An empty sentence leaves Google's own.
REASONS: dict[str, tuple[ErrorKind, str, str | None]] = {
    "authError": (K.AUTH_EXPIRED, "The sign-in at YouTube has ended.", None),
    "youtubeSignupRequired": (K.VALIDATION, "This Google account has no YouTube channel.", None),
    "insufficientPermissions": (K.SCOPE_MISSING, _PERMISSION, None),
    "insufficientScopes": (K.SCOPE_MISSING, _PERMISSION, None),
    "quotaExceeded": (K.QUOTA_EXHAUSTED, _QUOTA, None),
    "dailyLimitExceeded": (K.QUOTA_EXHAUSTED, _QUOTA, None),
    "uploadLimitExceeded": (
        K.QUOTA_EXHAUSTED,
        "This channel may not upload more for now; YouTube allows it again within a day.",
        None,
    ),
    "rateLimitExceeded": (K.RATE_LIMITED, "YouTube asks us to slow down.", None),
    "userRateLimitExceeded": (K.RATE_LIMITED, "YouTube asks us to slow down.", None),
    "uploadRateLimitExceeded": (K.RATE_LIMITED, "YouTube asks us to slow down.", None),
    "accessNotConfigured": (
        K.VALIDATION,
        "The YouTube Data API is not turned on in the Google Cloud project.",
        None,
    ),
    "forbidden": (K.POLICY_BLOCKED, "", None),
    "accountSuspended": (K.AUTH_REVOKED, "YouTube has suspended this channel.", None),
    "channelClosed": (K.AUTH_REVOKED, "This channel is closed.", None),
    "commentsDisabled": (
        K.VALIDATION,
        "Comments are turned off for this video.",
        "first_comment",
    ),
    "captionExists": (K.DUPLICATE, "The video has captions in this language already.", None),
    "contentRequired": (K.MEDIA_INVALID, "YouTube got no captions.", "media"),
    "nameTooLong": (K.VALIDATION, "", None),
    "invalidMetadata": (K.VALIDATION, "", None),
    "processingFailure": (K.TRANSIENT_SAFE, "YouTube could not take this just now.", None),
    "videoNotFound": (K.TRANSIENT_SAFE, "YouTube does not show the video yet.", None),
    "invalidTitle": (K.VALIDATION, "", "title"),
    "invalidDescription": (K.VALIDATION, "", "text"),
    "invalidTags": (K.VALIDATION, "", "tags"),
    "invalidCategoryId": (K.VALIDATION, "", "category"),
    "invalidPublishAt": (K.VALIDATION, "", None),
    "defaultLanguageNotSet": (K.VALIDATION, "", "language"),
    "invalidVideoMetadata": (K.VALIDATION, "", None),
    "invalidFilename": (K.MEDIA_INVALID, "", "media"),
    "mediaBodyRequired": (K.MEDIA_INVALID, "", "media"),
    "imageFormatUnsupported": (K.MEDIA_INVALID, "", "media"),
    "imageTooTall": (K.MEDIA_INVALID, "", "media"),
    "imageTooWide": (K.MEDIA_INVALID, "", "media"),
}
STATUSES: dict[int, str] = {
    401: "authError",
    403: "forbidden",
    429: "rateLimitExceeded",
}
# Why a video that was taken did not come to be. Kind and sentence.
FAILED: dict[str, str] = {
    "codec": "YouTube does not know the codec of this video.",
    "conversion": "YouTube could not convert this video.",
    "emptyFile": "YouTube got an empty file.",
    "invalidFile": "YouTube does not take this kind of file.",
    "tooSmall": "The file is too small to be a video.",
    "uploadAborted": "The upload was broken off.",
}
REJECTED: dict[str, tuple[ErrorKind, str]] = {
    "duplicate": (K.POLICY_BLOCKED, "YouTube says that this video is on the channel already."),
    "length": (K.MEDIA_INVALID, "The video is longer than this channel may upload."),
    "copyright": (K.POLICY_BLOCKED, "YouTube rejected the video: copyright."),
    "uploaderAccountClosed": (K.AUTH_REVOKED, "This channel is closed."),
    "uploaderAccountSuspended": (K.AUTH_REVOKED, "YouTube has suspended this channel."),
}


def from_answer(answer: Answer) -> ProviderError:
    reason, said = _read(answer)
    if reason not in REASONS:
        reason = STATUSES.get(answer.status, reason)
    if answer.status == 429:
        reason = "rateLimitExceeded"
    kind, message, field = REASONS.get(reason, (K.VALIDATION, "", None))
    if reason not in REASONS and answer.status == 410:
        kind = K.API_SUNSET
    message = message or said or f"YouTube answered {answer.status}."
    return ProviderError(kind, message, field=field, retry_at=_when(kind, reason, answer))


def from_processing(status: dict[str, object]) -> ProviderError:
    """The error for a video whose uploadStatus is failed, rejected or deleted."""
    if status.get("uploadStatus") == "rejected":
        reason = str(status.get("rejectionReason") or "")
        said = f"YouTube rejected the video: {reason or 'no reason given'}."
        kind, message = REJECTED.get(reason, (K.POLICY_BLOCKED, said))
        return ProviderError(kind, message)
    if status.get("uploadStatus") == "deleted":
        return ProviderError(K.POLICY_BLOCKED, "The video was deleted at YouTube.")
    reason = str(status.get("failureReason") or "")
    message = FAILED.get(reason, f"YouTube could not process the video: {reason or 'no reason'}.")
    return ProviderError(K.MEDIA_INVALID, message, field="media")


def midnight_pacific(now: datetime | None = None) -> datetime:
    """When Google's daily allowances begin again."""
    local = (now or datetime.now(UTC)).astimezone(PACIFIC)
    return datetime.combine(local.date() + timedelta(days=1), time(), PACIFIC).astimezone(UTC)


def _read(answer: Answer) -> tuple[str, str]:
    error = answer.object.get("error")
    if not isinstance(error, dict):
        return "", ""
    first = next((one for one in error.get("errors") or () if isinstance(one, dict)), {})
    said = str(error.get("message") or first.get("message") or "")
    return str(first.get("reason") or ""), " ".join(said.split())[:300]


def _when(kind: ErrorKind, reason: str, answer: Answer) -> datetime | None:
    if kind is K.RATE_LIMITED:
        return retry_at(answer.headers) or datetime.now(UTC) + timedelta(minutes=1)
    if kind is not K.QUOTA_EXHAUSTED:
        return None
    if reason == "uploadLimitExceeded":  # the channel's own, over 24 hours
        return datetime.now(UTC) + timedelta(hours=24)
    return midnight_pacific()
