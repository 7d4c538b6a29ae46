"""Putting work in, and deciding about work that is there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.orchestrator import registry
from apps.orchestrator.engine import caps, index
from apps.orchestrator.errors import JobNotFound, WrongState
from apps.orchestrator.models import Job
from apps.orchestrator.permissions import MANAGE_JOBS
from apps.orchestrator.services.running import Input, validate_input
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

Keys = Iterable[str | tuple[str, int]]


def enqueue(
    *,
    actor: Actor,
    action: str,
    input: Input = None,
    run_at: datetime | None = None,
    priority: int = 100,
    idempotency_key: str | None = None,
    concurrency_keys: Keys = (),
    subject: tuple[str, str] | None = None,
    parent: uuid.UUID | None = None,
    occurrence: tuple[uuid.UUID, datetime] | None = None,
) -> Job:
    """A job that runs ``action`` at ``run_at`` (UTC; None: now), in the caller's transaction.

    The same ``idempotency_key`` gives the job that is there already. Lower ``priority`` runs first.
    ``concurrency_keys`` (a key, or a key with how many may run at once) add to the action's own.
    ``occurrence``: the schedule it belongs to, with the time its rule says.
    Raises UnknownAction, PermissionDenied, ValidationFailed, LimitExceeded.
    """
    if idempotency_key is not None:
        existing = Job.objects.filter(idempotency_key=idempotency_key).first()
        if existing is not None:
            return existing
    job = _build(
        actor, action, input, run_at, priority, idempotency_key, concurrency_keys, subject, parent
    )
    if occurrence is not None:
        job.schedule, job.occurrence_at = occurrence
    caps.check(job.queue, adding=1)
    try:
        with transaction.atomic():
            job.save(force_insert=True)
            index.add([due_row(job, run_at)])
    except IntegrityError:
        existing = Job.objects.filter(idempotency_key=idempotency_key).first()
        if idempotency_key is None or existing is None:
            raise
        return existing
    return job


def enqueue_many(
    *,
    actor: Actor,
    action: str,
    inputs: Sequence[Input],
    run_at: datetime | None = None,
    priority: int = 100,
    parent: uuid.UUID | None = None,
) -> list[Job]:
    """Many jobs of one action in two statements. Errors as for ``enqueue``; all or none."""
    jobs = [_build(actor, action, one, run_at, priority, None, (), None, parent) for one in inputs]
    if not jobs:
        return []
    caps.check(jobs[0].queue, adding=len(jobs))
    with transaction.atomic():
        Job.objects.bulk_create(jobs, batch_size=1000)
        index.add(due_row(job, run_at) for job in jobs)
    return jobs


def cancel(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """End a waiting job at once; ask a running one to stop. Raises WrongState when it has ended."""
    actor.require(MANAGE_JOBS)
    with transaction.atomic():
        job = _locked(job_id)
        if job.has_ended:
            raise WrongState("This job has ended already.", params={"state": job.state})
        job.cancel_requested_at = timezone.now()
        if index.remove_waiting(job.pk) or not index.want_cancel(job.pk):
            job.state = Job.State.CANCELLED
            job.finished_at = timezone.now()
        job.save(update_fields=["cancel_requested_at", "state", "finished_at"])
    return job


def retry(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """Run an ended job that did not succeed once more, with its attempts counted from nought."""
    actor.require(MANAGE_JOBS)
    with transaction.atomic():
        job = _locked(job_id)
        if job.state not in (Job.State.DEAD, Job.State.FAILED, Job.State.CANCELLED):
            raise WrongState(
                "Only a job that failed or was cancelled can be run again.",
                params={"state": job.state},
            )
        _revive([job])
    return job


def reschedule(*, actor: Actor, job_id: uuid.UUID, run_at: datetime) -> Job:
    """Give a waiting job another time. Raises WrongState when it has begun or ended."""
    actor.require(MANAGE_JOBS)
    with transaction.atomic():
        job = _locked(job_id)
        if job.state not in Job.WAITING or not index.move(job.pk, run_at):
            raise WrongState("This job has begun already.", params={"state": job.state})
        job.run_at = run_at
        job.state = Job.State.SCHEDULED if run_at > timezone.now() else Job.State.READY
        job.save(update_fields=["run_at", "state"])
    return job


def replay_dead(*, actor: Actor, fingerprint: str, limit: int = 1000) -> int:
    """Run dead jobs with this fingerprint again, oldest first; returns how many."""
    actor.require(MANAGE_JOBS)
    with transaction.atomic():
        jobs = list(
            Job.objects.select_for_update(skip_locked=True)
            .filter(state=Job.State.DEAD, error_fingerprint=fingerprint)
            .order_by("id")[:limit]
        )
        _revive(jobs)
    return len(jobs)


def resolve_unknown(
    *, actor: Actor, job_id: uuid.UUID, happened: bool, output: dict[str, Any] | None = None
) -> Job:
    """A person says whether the effect of an ``unknown`` job happened: done, or run it again."""
    actor.require(MANAGE_JOBS)
    with transaction.atomic():
        job = _locked(job_id)
        if job.state != Job.State.UNKNOWN:
            raise WrongState("This job's outcome is known.", params={"state": job.state})
        if not index.remove_waiting(job.pk):
            raise WrongState("The outcome is being looked up right now. Try again in a moment.")
        if happened:
            job.state, job.output, job.finished_at = Job.State.SUCCEEDED, output, timezone.now()
            job.error_code = job.error_message = job.error_fingerprint = ""
            job.save()
        else:
            _revive([job])
    return job


def due_row(job: Job, run_at: datetime | None) -> index.NewWork:
    """The job's row for the due-work index."""
    return index.NewWork(
        id=job.pk,
        workspace_id=require_workspace().pk,
        queue=job.queue,
        run_at=run_at,
        effect=registry.get(job.action).effect,
        priority=job.priority,
        fence=job.fence,
        keys=job.concurrency_keys,
        limits=job.concurrency_limits,
    )


def _build(
    actor: Actor,
    key: str,
    given: Input,
    run_at: datetime | None,
    priority: int,
    idempotency_key: str | None,
    extra: Keys,
    subject: tuple[str, str] | None,
    parent: uuid.UUID | None,
) -> Job:
    action = registry.get(key)
    actor.require(action.permission)
    model = validate_input(action, given)
    keys = [(one, 1) if isinstance(one, str) else one for one in extra]
    if action.concurrency is not None:
        keys += action.concurrency(model)
    now = timezone.now()
    return Job(
        action=action.key,
        input=model.model_dump(mode="json"),
        actor=actor.to_json(),
        state=Job.State.READY if run_at is None or run_at <= now else Job.State.SCHEDULED,
        queue=action.queue,
        priority=priority,
        run_at=run_at or now,
        max_attempts=action.retry.max_attempts,
        idempotency_key=idempotency_key,
        concurrency_keys=[_scoped(name) for name, _ in keys],
        concurrency_limits=[limit for _, limit in keys],
        subject_kind=subject[0] if subject else "",
        subject_id=str(subject[1]) if subject else "",
        parent=parent,
    )


def _scoped(key: str) -> str:
    """Keys are the workspace's own unless they begin with ``global:``."""
    return key if key.startswith("global:") else f"{require_workspace().pk}:{key}"


def _locked(job_id: uuid.UUID) -> Job:
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise JobNotFound("There is no such job in this workspace.")
    return job


def _revive(jobs: list[Job]) -> None:
    """Make ended jobs ready. Their fence goes on, so no earlier worker can write to them."""
    now = timezone.now()
    for job in jobs:
        job.state, job.run_at, job.attempts = Job.State.READY, now, 0
        job.finished_at = job.cancel_requested_at = None
        job.error_code = job.error_message = job.error_fingerprint = ""
    Job.objects.bulk_update(
        jobs,
        [
            "state",
            "run_at",
            "attempts",
            "finished_at",
            "cancel_requested_at",
            "error_code",
            "error_message",
            "error_fingerprint",
        ],
    )
    index.add(due_row(job, None) for job in jobs)
