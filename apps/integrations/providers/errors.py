"""What can go wrong at a network, in the words every adapter shares."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from apps.errors import DomainError
from apps.integrations.http import (
    AnswerLost,
    BadAnswer,
    BodyTooLarge,
    ConnectFailed,
    OutboundError,
    OutboundRefused,
)


class ErrorKind(StrEnum):
    """The whole vocabulary; an adapter maps every refusal to one of these."""

    AUTH_EXPIRED = "auth_expired"  # refresh once, then try again
    AUTH_REVOKED = "auth_revoked"  # a person has to connect again
    SCOPE_MISSING = "scope_missing"  # a person has to connect again with more rights
    RATE_LIMITED = "rate_limited"  # try again at `retry_at`
    QUOTA_EXHAUSTED = "quota_exhausted"  # try again at `retry_at`, often tomorrow
    VALIDATION = "validation"  # the content is wrong; `field` says where
    MEDIA_INVALID = "media_invalid"
    MEDIA_NOT_READY = "media_not_ready"  # ask again later, never upload or submit again
    DUPLICATE = "duplicate"  # the network has this already; `remote_ref` when it says which
    POLICY_BLOCKED = "policy_blocked"  # spam or account action: never again by machine
    TRANSIENT_SAFE = "transient_safe"  # nothing can have been accepted: send again
    AMBIGUOUS = "ambiguous"  # it may have been accepted: reconcile, never resend blindly
    API_SUNSET = "api_sunset"


RETRYABLE = frozenset(
    {
        ErrorKind.AUTH_EXPIRED,
        ErrorKind.RATE_LIMITED,
        ErrorKind.QUOTA_EXHAUSTED,
        ErrorKind.MEDIA_NOT_READY,
        ErrorKind.TRANSIENT_SAFE,
    }
)
NEEDS_PERSON = frozenset({ErrorKind.AUTH_REVOKED, ErrorKind.SCOPE_MISSING})


# What was typed or chosen is wrong; the rest is the network's.
CALLERS_FAULT = frozenset(
    {
        ErrorKind.VALIDATION,
        ErrorKind.MEDIA_INVALID,
        ErrorKind.AUTH_EXPIRED,
        ErrorKind.AUTH_REVOKED,
        ErrorKind.SCOPE_MISSING,
    }
)


class ProviderError(DomainError):
    """A network's refusal or silence.

    `retryable` follows the kind. AMBIGUOUS is not retryable: it leaves only through
    `PublishProvider.reconcile`. `retry_at` is an aware UTC instant.
    """

    status = 502

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        field: str | None = None,
        retry_at: datetime | None = None,
        remote_ref: str | None = None,
    ) -> None:
        super().__init__(message, code=f"provider.{kind.value}", field=field)
        self.kind = kind
        self.retry_at = retry_at
        self.remote_ref = remote_ref
        self.retryable = kind in RETRYABLE  # type: ignore[misc]  # one class, thirteen kinds
        if kind in CALLERS_FAULT:
            self.status = 422  # type: ignore[misc]

    @property
    def ambiguous(self) -> bool:
        return self.kind is ErrorKind.AMBIGUOUS

    @property
    def needs_person(self) -> bool:
        return self.kind in NEEDS_PERSON


def from_outbound(error: OutboundError, *, mutating: bool, network: str) -> ProviderError:
    """Turn a failed call into a kind.

    Whether a silent call may be sent again depends on two things only: did the request leave this
    machine, and does it change anything there (`mutating`).
    """
    if isinstance(error, OutboundRefused):
        return ProviderError(ErrorKind.VALIDATION, str(error), field="host")
    if isinstance(error, ConnectFailed):
        return ProviderError(ErrorKind.TRANSIENT_SAFE, f"{network} could not be reached.")
    if mutating and isinstance(error, AnswerLost | BodyTooLarge | BadAnswer):
        return ProviderError(
            ErrorKind.AMBIGUOUS, f"{network} did not answer; the post may be live already."
        )
    return ProviderError(ErrorKind.TRANSIENT_SAFE, f"{network} did not answer properly.")


def from_server_fault(status: int, *, mutating: bool, network: str) -> ProviderError:
    """A 5xx: safe to repeat unless the call could have been accepted before the fault."""
    if mutating:
        return ProviderError(
            ErrorKind.AMBIGUOUS, f"{network} answered {status}; the post may be live already."
        )
    return ProviderError(ErrorKind.TRANSIENT_SAFE, f"{network} answered {status}.")
