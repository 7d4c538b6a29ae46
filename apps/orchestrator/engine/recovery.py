"""A job whose outcome is a doubt: ask the outside, never just run it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.orchestrator import registry
from apps.orchestrator.engine import execution, outcomes
from apps.orchestrator.engine.heartbeat import Held
from apps.orchestrator.engine.outcomes import Outcome
from apps.orchestrator.errors import ActorGone, OutcomeUnknown, Retryable
from apps.orchestrator.models import Job
from apps.orchestrator.types import Effect, Landed, NotLanded, Retry, StillUnknown
from apps.workspaces.models import Workspace

# Looks outside: after 5 s, 10, 20 … at most 15 minutes apart, about half a day in all.
LOOKS = Retry(max_attempts=60, base_seconds=5, cap_seconds=900)


def recover(job: Job, held: Held, workspace: Workspace, looks: int) -> Outcome:
    """Find out about ``job`` after ``looks`` looks that told nothing. Writes nothing itself."""
    action = registry.find(job.action)
    if action is None or action.effect is not Effect.CHECKABLE:
        return parked(job, job.error_message or "The worker was lost while it ran this.")
    found: Any = execution.reconcile(job, held, workspace)
    if isinstance(found, Landed):
        return outcomes.succeeded(found.output)
    if isinstance(found, NotLanded):
        return _not_landed(action, job)
    if isinstance(found, StillUnknown):
        if found.retry_at is None:
            return parked(job, found.reason or "The outside cannot tell whether this happened.")
        return _look_again(job, found.reason or job.error_message, found.retry_at)
    if isinstance(found, ActorGone):
        return parked(job, found.message)
    if looks + 1 >= LOOKS.max_attempts:
        return parked(job, f"{looks + 1} looks told nothing. Last: {outcomes.redact(str(found))}")
    error = found if isinstance(found, BaseException) else Retryable(f"Unexpected answer {found!r}")
    return _look_again(
        job,
        outcomes.redact(str(error)) or type(error).__name__,
        outcomes.retry_at(LOOKS, error, looks + 1),
    )


def parked(job: Job, message: str) -> Outcome:
    """Stays unknown until a person decides."""
    return Outcome(
        "unknown",
        "unknown",
        code=job.error_code or "outcome_unknown",
        message=message,
        fingerprint=job.error_fingerprint,
    )


def _not_landed(action: registry.Action, job: Job) -> Outcome:
    if job.attempts >= job.max_attempts:
        return outcomes.of_error(
            action,
            Retryable(job.error_message or "It did not happen.", code="not_landed"),
            attempts=job.attempts,
            max_attempts=job.max_attempts,
        )
    error = OutcomeUnknown("It did not happen and is tried again.")
    delay = action.retry.delay(max(1, job.attempts), 0.5)
    return Outcome(
        "scheduled", None, run_at=timezone.now() + timedelta(seconds=delay), message=error.message
    )


def _look_again(job: Job, message: str, at: Any) -> Outcome:
    return Outcome(
        "unknown",
        None,
        run_at=at,
        kind="recover",
        code=job.error_code or "outcome_unknown",
        message=message,
        fingerprint=job.error_fingerprint,
    )
