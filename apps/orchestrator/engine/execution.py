"""One run of one job: from its row to an Outcome. Writes nothing itself."""

from __future__ import annotations

import logging
from typing import Any

from django.db import connection
from structlog.contextvars import bound_contextvars

from apps.errors import DomainError, Unavailable
from apps.orchestrator import registry
from apps.orchestrator.engine import actors, outcomes
from apps.orchestrator.engine.heartbeat import Held, Stopping, is_stopping, stopped
from apps.orchestrator.engine.outcomes import Outcome
from apps.orchestrator.errors import OutcomeUnknown
from apps.orchestrator.models import Job
from apps.orchestrator.services.running import arguments, validate_input
from apps.orchestrator.types import DOUBTFUL, ActionContext
from apps.workspaces.models import Workspace

log = logging.getLogger(__name__)


def execute(job: Job, held: Held, workspace: Workspace, cancel_wanted: bool) -> Outcome:
    """Run ``job``, claimed and marked running, inside its workspace. Never raises."""
    action = registry.find(job.action)
    if action is None:
        return _unknown_action(job)
    if cancel_wanted or job.cancel_requested_at is not None:
        return Outcome("cancelled", "cancelled", code="cancelled", message="Cancelled.")
    if job.attempts > job.max_attempts:
        return _worker_lost_too_often(job)
    if is_stopping():
        return outcomes.put_back()
    # Every line that the action logs, and every error report, says which job it belongs to.
    with bound_contextvars(job_id=str(job.pk), action=job.action):
        return _run(action, job, held, workspace)


def _run(action: registry.Action, job: Job, held: Held, workspace: Workspace) -> Outcome:
    has_begun = False
    try:
        ctx = context(job, held, workspace)
        ctx.actor.require(action.permission)
        model = validate_input(action, job.input)
        held.begin(action.timeout)
        has_begun = True
        try:
            output = action.function(*arguments(action, ctx, model))
        finally:
            held.end()
        return outcomes.succeeded(output)
    except BaseException as error:
        return _failed(action, job, held, error, has_begun)


def context(job: Job, held: Held, workspace: Workspace) -> ActionContext:
    """Raises ActorGone when who asked for the job may no longer act."""
    return ActionContext(
        actor=actors.revive(job.actor, workspace),
        workspace=workspace,
        job_id=job.pk,
        attempt=job.attempts,
        fence=held.fence,
        idempotency_key=job.idempotency_key or str(job.pk),
        control=held,
    )


def _failed(
    action: registry.Action, job: Job, held: Held, error: BaseException, has_begun: bool
) -> Outcome:
    if connection.in_atomic_block or held.is_interrupted:
        # Thrown out in the middle of something: what the connection is in is anybody's guess.
        connection.close()
    if isinstance(error, Stopping | SystemExit | KeyboardInterrupt):
        if action.effect in DOUBTFUL:
            return outcomes.doubt(action, OutcomeUnknown("The worker was stopped meanwhile."))
        error = stopped()
    if not isinstance(error, DomainError) and not isinstance(error, Exception):
        error = Unavailable(f"Interrupted: {type(error).__name__}")
    outcome = outcomes.of_error(
        action, error, attempts=job.attempts, max_attempts=job.max_attempts, has_begun=has_begun
    )
    if outcome.attempt is not None:
        log.warning(
            "job.not_succeeded",
            extra={
                "action": job.action,
                "job_id": str(job.pk),
                "job_state": outcome.state,
                "error_code": outcome.code,
                "error_message": outcome.message[:300],
                "fingerprint": outcome.fingerprint,
            },
        )
    return outcome


def _unknown_action(job: Job) -> Outcome:
    """Probably a version that was rolled back: kept among the dead, where it can be replayed."""
    return Outcome(
        "dead",
        "dead",
        code="unknown_action",
        message=f"This version of Candy has no action “{job.action}”.",
        fingerprint=outcomes.digest(job.action, "unknown_action"),
    )


def _worker_lost_too_often(job: Job) -> Outcome:
    job.attempts -= 1  # this one did not run
    return Outcome(
        "dead",
        "dead",
        code="worker_lost",
        message=f"The worker was lost on each of {job.attempts} attempts.",
        fingerprint=outcomes.digest(job.action, "worker_lost"),
    )


def reconcile(job: Job, held: Held, workspace: Workspace) -> Any:
    """What the action's ``reconcile`` says, or the exception it ended in."""
    action = registry.get(job.action)
    assert action.reconcile is not None
    try:
        ctx = context(job, held, workspace)
        model = validate_input(action, job.input)
        held.begin(action.timeout)
        try:
            return action.reconcile(ctx, model)
        finally:
            held.end()
    except BaseException as error:
        if connection.in_atomic_block or held.is_interrupted:
            connection.close()
        return error
