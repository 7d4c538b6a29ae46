"""A schedule whose time has come: its job, or jobs, are made, and the next occurrence is put in."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.orchestrator.engine import actors, index
from apps.orchestrator.engine.index import TABLE, Claimed
from apps.orchestrator.models import Schedule
from apps.orchestrator.services import schedules
from apps.orchestrator.services.events import emit
from apps.orchestrator.services.jobs import enqueue
from apps.workspaces.models import Workspace
from apps.workspaces.types import Actor

log = logging.getLogger(__name__)


def fire(claimed: Claimed, workspace: Workspace) -> None:
    """Make the jobs that are due, each occurrence once whatever happens; one transaction.

    An occurrence's job carries schedule and nominal time under a unique constraint, so a second
    worker (or a second clock, or this one again after a crash) finds it there.
    """
    with transaction.atomic():
        if not _still_mine(claimed):
            return
        schedule = Schedule.objects.select_for_update().filter(pk=claimed.id).first()
        if schedule is None or schedule.state != Schedule.State.ACTIVE:
            index.remove(claimed.id)
            return
        now = timezone.now()
        due = due_occurrences(schedule, now)
        try:
            actor = actors.revive(schedule.actor, workspace)
            for occurrence in chosen(schedule, due, now):
                enqueue(
                    actor=actor,
                    action=schedule.action,
                    input=schedule.input,
                    idempotency_key=f"schedule:{schedule.pk}:{occurrence.isoformat()}",
                    occurrence=(schedule.pk, occurrence),
                )
        except DomainError as error:
            if error.retryable:
                raise
            _pause(schedule, workspace, error)
            return
        if due:
            schedule.last_occurrence_at = due[-1]
        _go_on(schedule, claimed, due[-1] if due else now)


def due_occurrences(schedule: Schedule, now: datetime) -> list[datetime]:
    """Those up to ``now`` that were not looked at yet; of a long gap the last ones (at most 1,000)."""
    first = schedule.next_at or now
    after = max(first, now - timedelta(days=366)) - timedelta(seconds=1)
    kept: deque[datetime] = deque(maxlen=1000)
    for occurrence in schedules._open_occurrences(schedule, after):
        if occurrence > now:
            break
        kept.append(occurrence)
    return list(kept)


def chosen(schedule: Schedule, due: list[datetime], now: datetime) -> list[datetime]:
    """Which of ``due`` run, by the catch-up policy. Within the grace nothing counts as missed."""
    if schedule.catch_up == Schedule.CatchUp.ALL:
        return due[-schedule.catch_up_cap :]
    if schedule.catch_up == Schedule.CatchUp.LAST:
        return due[-1:]
    return [one for one in due[-1:] if now - one <= timedelta(seconds=schedule.grace_seconds)]


def _still_mine(claimed: Claimed) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {TABLE} WHERE job_id = %s AND fence = %s AND state = 'running' FOR UPDATE",  # noqa: S608
            [claimed.id, claimed.fence],
        )
        return cursor.fetchone() is not None


def _go_on(schedule: Schedule, claimed: Claimed, after: datetime) -> None:
    following = schedules.next_occurrence(schedule, after)
    schedule.next_at = following
    if following is None:
        schedule.state = Schedule.State.ENDED
        index.remove(claimed.id)
    else:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                UPDATE {TABLE} SET lease_until = NULL, run_at = %s,
                    state = CASE WHEN %s <= now() THEN 'ready' ELSE 'scheduled' END
                WHERE job_id = %s AND fence = %s
                """,  # noqa: S608
                [following, following, claimed.id, claimed.fence],
            )
    schedule.save(update_fields=["next_at", "state", "last_occurrence_at"])


def _pause(schedule: Schedule, workspace: Workspace, error: DomainError) -> None:
    """What cannot be queued today will not be tomorrow: stop, and say so."""
    schedule.state = Schedule.State.PAUSED
    schedule.next_at = None
    schedule.save(update_fields=["state", "next_at"])
    index.remove(schedule.pk)
    log.warning("schedule.paused", extra={"schedule": str(schedule.pk), "error": error.message})
    emit(
        actor=Actor.system(workspace),
        kind="schedule.paused",
        subject=("schedule", str(schedule.pk)),
        summary=f"“{schedule.title}” was paused: {error.message}",
        data={"code": error.code, "action": schedule.action},
    )
