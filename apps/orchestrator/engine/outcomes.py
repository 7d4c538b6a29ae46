"""What became of one run of a piece of work, and what its rows should say afterwards."""

from __future__ import annotations

import hashlib
import random
import re
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.errors import DomainError
from apps.orchestrator.errors import (
    Cancelled,
    Defer,
    JobTimeout,
    LeaseLost,
    OutcomeUnknown,
    Retryable,
)
from apps.orchestrator.registry import Action
from apps.orchestrator.types import DOUBTFUL, Effect, Retry

RECOVER_FIRST_SECONDS = 5.0
MAX_FRAMES = 14
MAX_TRACEBACK = 6000
_SECRET = re.compile(
    r"""(?ix)
    (?P<name>\b(?:authorization|api[_-]?key|access[_-]?token|refresh[_-]?token|token|secret|password
      |passwd|cookie|client[_-]?secret)\b["']?\s*(?:[:=]|\bis\b)\s*["']?(?:bearer\s+|basic\s+)?)
    [^\s"',;&)}\]]+
    | \bbearer\s+[A-Za-z0-9._~+/=-]{8,}
    | \b(?:sk|pk|rk|ghp|gho|xox[abp]|candy)[-_][A-Za-z0-9_-]{8,}
    | (?<=://)[^/\s:@]+:[^/\s:@]+(?=@)
    """
)


@dataclass(slots=True)
class Outcome:
    """``state`` is the job's next state; ``attempt`` what its attempt log says (None: no line).

    ``run_at`` set means the row in the index lives on: with kind ``recover`` where the outcome is a
    doubt. Without it the row goes, except in state ``unknown``, where it waits for a person.
    """

    state: str
    attempt: str | None
    output: dict[str, Any] | None = None
    run_at: datetime | None = None
    kind: str = "job"
    counts: bool = True
    code: str = ""
    message: str = ""
    traceback: str = ""
    fingerprint: str = ""

    @property
    def is_end(self) -> bool:
        return self.state in ("succeeded", "failed", "dead", "cancelled")


def succeeded(output: Any) -> Outcome:
    return Outcome(
        "succeeded",
        "succeeded",
        output=None if output is None else output.model_dump(mode="json"),
    )


def put_back(run_at: datetime | None = None, message: str = "") -> Outcome:
    """Not run, or run without counting: waits again."""
    at = run_at or timezone.now()
    state = "scheduled" if at > timezone.now() else "ready"
    return Outcome(state, None, run_at=at, counts=False, message=message)


def of_error(
    action: Action,
    error: BaseException,
    *,
    attempts: int,
    max_attempts: int,
    has_begun: bool = True,
) -> Outcome:
    """What an error that left ``action`` means after attempt number ``attempts``.

    ``has_begun``: the action's own code ran, so a doubtful effect may have happened.
    """
    if isinstance(error, Defer):
        return put_back(error.run_at, error.message)
    if isinstance(error, Cancelled):
        return _ended("cancelled", action, error)
    if isinstance(error, OutcomeUnknown):
        if action.effect in DOUBTFUL:
            return doubt(action, error, check_after=error.check_after)
        return _again(action, error, attempts, max_attempts)
    if isinstance(error, JobTimeout | LeaseLost) and action.effect in DOUBTFUL and has_begun:
        return doubt(action, error)
    if isinstance(error, DomainError):
        if error.retryable:
            return _again(action, error, attempts, max_attempts)
        return _ended("failed", action, error)
    if action.effect in DOUBTFUL and has_begun:
        # A bug or an error nobody thought of: what was sent before it broke is not known.
        return doubt(action, error)
    return _again(action, error, attempts, max_attempts)


def doubt(action: Action, error: BaseException, check_after: float | None = None) -> Outcome:
    """The effect may have happened: look outside where that can be done, else ask a person."""
    outcome = _described(Outcome("unknown", "unknown"), action, error)
    if action.effect is Effect.CHECKABLE:
        seconds = RECOVER_FIRST_SECONDS if check_after is None else check_after
        outcome.kind, outcome.run_at = "recover", timezone.now() + timedelta(seconds=seconds)
    return outcome


def _again(action: Action, error: BaseException, attempts: int, max_attempts: int) -> Outcome:
    if attempts >= max_attempts:
        return _ended("dead", action, error)
    outcome = _described(Outcome("scheduled", "retry"), action, error)
    outcome.run_at = retry_at(action.retry, error, attempts)
    return outcome


def retry_at(retry: Retry, error: BaseException, attempts: int) -> datetime:
    """When to try again: as the error says, else by the policy with jitter."""
    now = timezone.now()
    if isinstance(error, Retryable) and error.retry_at is not None:
        return max(error.retry_at, now)
    if isinstance(error, DomainError) and error.retry_after is not None:
        return now + timedelta(seconds=error.retry_after)
    return now + timedelta(seconds=retry.delay(attempts, random.random()))


def _ended(state: str, action: Action, error: BaseException) -> Outcome:
    return _described(Outcome(state, state), action, error)


def _described(outcome: Outcome, action: Action, error: BaseException) -> Outcome:
    if isinstance(error, DomainError):
        outcome.code, outcome.message = error.code, redact(error.message)
        unexpected = error.__cause__
    else:
        outcome.code = type(error).__name__
        outcome.message = redact(f"{type(error).__name__}: {error}")[:2000]
        unexpected = error
    if unexpected is not None:
        outcome.traceback = shortened(unexpected)
    outcome.fingerprint = fingerprint(action.key, outcome.code, error)
    return outcome


def fingerprint(action_key: str, code: str, error: BaseException) -> str:
    """The same for errors of one cause: action, code and, for unexpected ones, the place in our code."""
    place = ""
    if not isinstance(error, DomainError):
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "site-packages" not in frame.filename]
        if ours:
            place = f"{ours[-1].filename.rsplit('/apps/', 1)[-1]}:{ours[-1].name}"
    return digest(action_key, code, place)


def digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def shortened(error: BaseException) -> str:
    """The last frames of a traceback, without values that look like secrets."""
    lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-MAX_FRAMES)
    return redact("".join(lines))[-MAX_TRACEBACK:]


def redact(text: str) -> str:
    """``text`` without what looks like a secret."""
    return _SECRET.sub(lambda match: f"{match['name'] or ''}[redacted]", text)
