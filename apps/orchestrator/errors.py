"""How an action says what should happen next, and what can be wrong with a request for work."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from apps.errors import Conflict, DomainError, NotFound, PermissionDenied


class Retryable(DomainError):
    """This attempt failed, a later one may do. ``retry_at`` wins over ``retry_after`` (seconds)."""

    code = "try_again"
    status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        retry_at: datetime | None = None,
        retry_after: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code, retry_after=retry_after)
        self.retry_at = retry_at


class Defer(Exception):
    """Come back at ``run_at``; this was a look, not an attempt, and does not count as one."""

    def __init__(self, run_at: datetime, message: str = "") -> None:
        super().__init__(message or f"Looks again at {run_at:%H:%M:%S}")
        self.run_at = run_at
        self.message = message


class OutcomeUnknown(DomainError):
    """The effect may or may not have happened. What follows depends on the action's effect class.

    ``check_after``: seconds until the outside can be trusted to show it.
    """

    code = "outcome_unknown"
    status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True

    def __init__(
        self, message: str, *, code: str | None = None, check_after: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.check_after = check_after


class Cancelled(DomainError):
    """Raised inside an action by ``ctx.raise_if_cancelled()``."""

    code = "cancelled"
    status: ClassVar[int] = 409


class JobTimeout(DomainError):
    """The action ran longer than it declared."""

    code = "timeout"
    status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True

    def __init__(self, message: str = "This took longer than its time limit.") -> None:
        super().__init__(message)


class LeaseLost(DomainError):
    """Another worker took over; whatever this one writes will match no row."""

    code = "lease_lost"
    status: ClassVar[int] = 409

    def __init__(self, message: str = "Another worker took over.") -> None:
        super().__init__(message)


class ActorGone(PermissionDenied):
    """Who asked for this job may no longer act here."""

    code = "actor_gone"


class UnknownAction(NotFound):
    code = "unknown_action"


class JobNotFound(NotFound):
    code = "job_not_found"


class WrongState(Conflict):
    """The job is in a state in which this cannot be done."""

    code = "wrong_job_state"
