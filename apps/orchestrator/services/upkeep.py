"""The orchestrator's own housekeeping. Run by actions, on schedules of the system workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.orchestrator import registry, sync
from apps.orchestrator.engine import index
from apps.orchestrator.models import (
    Event,
    EventCounter,
    IdempotentRequest,
    Job,
    Schedule,
    SubscriberCursor,
)
from apps.orchestrator.services import jobs, schedules
from apps.orchestrator.subscribers import all_subscribers
from apps.orchestrator.types import DOUBTFUL
from apps.workspaces.models import DueWork, Workspace
from apps.workspaces.services.provisioning import ensure_system_workspace
from apps.workspaces.tenancy import public_context, require_workspace, workspace_context
from apps.workspaces.types import Actor

AT_ONCE = 2000
SETTLED = timedelta(minutes=2)  # what is younger may belong to a transaction that is under way

_SYSTEM_SCHEDULES: dict[str, dict[str, Any]] = {
    "system.watch": {"title": "Look after leases and queues", "rrule": "FREQ=MINUTELY"},
    "system.monitor_logs": {
        "title": "Report new kinds of errors",
        "rrule": "FREQ=MINUTELY;INTERVAL=10",
    },
    "system.sync_data": {
        "title": "Synchronise data of all workspaces",
        "rrule": "FREQ=MINUTELY;INTERVAL=5",
    },
    "system.refill_pool": {
        "title": "Keep schemas ready for new workspaces",
        "rrule": "FREQ=MINUTELY;INTERVAL=5",
    },
    "system.run_maintenance": {"title": "Nightly maintenance", "rrule": "FREQ=DAILY"},
    "system.purge_workspaces": {"title": "Remove deleted workspaces", "rrule": "FREQ=DAILY"},
}


def ensure_system_schedules() -> int:
    """Make the schedules of the installation's duties, or bring them up to date; returns how many."""
    workspace = ensure_system_workspace()
    with workspace_context(workspace):
        for key, wanted in _SYSTEM_SCHEDULES.items():
            schedules.ensure_schedule(
                actor=Actor.system(workspace),
                key=key,
                action=key,
                time_zone="UTC",
                anchor=datetime(2026, 1, 1, 3, 0),  # noqa: DTZ001  a wall time
                catch_up=Schedule.CatchUp.LAST,
                **wanted,
            )
    return len(_SYSTEM_SCHEDULES)


def live_workspaces() -> Iterator[Workspace]:
    """Every workspace whose doors are open, the system's own too."""
    with public_context():
        found = list(Workspace.objects.filter(state=Workspace.State.READY).order_by("id"))
    yield from found


# --- one workspace --------------------------------------------------------------------------------


@dataclass(slots=True)
class Tidied:
    jobs_removed: int = 0
    events_removed: int = 0
    requests_removed: int = 0
    rows_added: int = 0
    rows_removed: int = 0


def tidy() -> Tidied:
    """Remove what is past its time in the current workspace, and mend what does not fit together."""
    found = Tidied()
    now = timezone.now()
    kept = now - timedelta(days=settings.CANDY_KEEP_JOBS_DAYS)
    found.jobs_removed = _remove_jobs(["succeeded", "cancelled"], kept)
    found.jobs_removed += _remove_jobs(["failed", "dead"], kept - timedelta(days=60))
    found.events_removed = _remove_events(now - timedelta(days=settings.CANDY_KEEP_EVENTS_DAYS))
    found.requests_removed, _ = IdempotentRequest.objects.filter(
        created_at__lt=now - timedelta(days=2)
    ).delete()
    found.rows_added, found.rows_removed = repair()
    return found


def repair() -> tuple[int, int]:
    """Bring index and jobs of the current workspace together; returns rows added and removed.

    Both are written in one transaction, so this finds work only after a restore of one without the
    other, or a hand in the database. A lost row of a doubtful job comes back to be looked into.
    """
    return _add_missing(), _remove_orphans()


def _add_missing() -> int:
    workspace = require_workspace()
    alive = Job.objects.filter(state__in=["scheduled", "ready", "running", "unknown"]).filter(
        created_at__lt=timezone.now() - SETTLED
    )
    present = set(DueWork.objects.filter(workspace=workspace).values_list("pk", flat=True))
    added = 0
    for job in alive.exclude(pk__in=present)[:AT_ONCE]:
        action = registry.find(job.action)
        if action is None:
            continue
        is_doubtful = action.effect in DOUBTFUL and job.state in ("running", "unknown")
        with transaction.atomic():
            locked = Job.objects.select_for_update().get(pk=job.pk)
            if locked.has_ended or DueWork.objects.filter(pk=job.pk).exists():
                continue
            row = jobs.due_row(locked, locked.run_at)
            index.add([index.as_recovery(row) if is_doubtful else row])
        added += 1
    for schedule in Schedule.objects.filter(state="active").exclude(pk__in=present):
        schedules.rearm(schedule.pk)
        added += 1
    counter = EventCounter.objects.values_list("value", flat=True).first() or 0
    cursors = dict(SubscriberCursor.objects.values_list("name", "sequence"))
    is_behind = any(cursors.get(one.name, 0) < counter for one in all_subscribers())
    if is_behind and index.events_id(workspace.pk) not in present:
        index.signal_events(workspace.pk)
        added += 1
    return added


def _remove_orphans() -> int:
    workspace = require_workspace()
    settled = DueWork.objects.filter(
        workspace=workspace, created_at__lt=timezone.now() - SETTLED
    ).exclude(state=DueWork.State.RUNNING)
    job_rows = set(
        settled.filter(kind__in=["job", "recover"]).values_list("pk", flat=True)[: AT_ONCE * 10]
    )
    ended = set(
        Job.objects.filter(pk__in=job_rows, state__in=Job.ENDED).values_list("pk", flat=True)
    )
    known = set(Job.objects.filter(pk__in=job_rows).values_list("pk", flat=True))
    schedule_rows = set(settled.filter(kind="schedule").values_list("pk", flat=True))
    active = set(Schedule.objects.filter(state="active").values_list("pk", flat=True))
    orphans = (job_rows - known) | ended | (schedule_rows - active)
    removed, _ = DueWork.objects.filter(pk__in=orphans).exclude(state="running").delete()
    return removed


def _remove_jobs(states: list[str], before: datetime) -> int:
    removed = 0
    while True:
        ids = list(
            Job.objects.filter(state__in=states, finished_at__lt=before).values_list(
                "pk", flat=True
            )[:AT_ONCE]
        )
        if not ids:
            return removed
        Job.objects.filter(pk__in=ids).delete()
        removed += len(ids)


def _remove_events(before: datetime) -> int:
    """Old ones that every subscriber has had."""
    wanted = [subscriber.name for subscriber in all_subscribers()]
    cursors = dict(SubscriberCursor.objects.filter(name__in=wanted).values_list("name", "sequence"))
    seen = min((cursors.get(name, 0) for name in wanted), default=None)
    old = Event.objects.filter(at__lt=before)
    if seen is not None:
        old = old.filter(sequence__lte=seen)
    removed, _ = old.delete()
    return removed


# --- all of them ----------------------------------------------------------------------------------


def vacuum_index() -> bool:
    """Keep the due-work index small: it is written all day. False inside a transaction."""
    if connection.in_atomic_block:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {index.TABLE}")
    return True


def fan_out_tidying(now: datetime) -> int:
    """Queue ``workspace.tidy`` in every workspace, once a day however often it is called."""
    queued = 0
    for workspace in live_workspaces():
        with workspace_context(workspace):
            jobs.enqueue(
                actor=Actor.system(workspace),
                action="workspace.tidy",
                priority=200,
                idempotency_key=f"tidy:{now.astimezone(UTC):%Y-%m-%d}",
            )
        queued += 1
    return queued


def fan_out_syncs(now: datetime) -> dict[str, int]:
    """Queue each registered sync in every workspace, once per period; returns how many of each."""
    queued = {one.action: 0 for one in sync.all_syncs()}
    if not queued:
        return queued
    for workspace in live_workspaces():
        if workspace.is_system:
            continue
        with workspace_context(workspace):
            for one in sync.all_syncs():
                key = f"sync:{one.action}:{one.slot(now)}"
                if Job.objects.filter(idempotency_key=key).exists():
                    continue
                jobs.enqueue(
                    actor=Actor.system(workspace),
                    action=one.action,
                    run_at=now + one.delay(workspace.pk),
                    priority=150,
                    idempotency_key=key,
                )
                queued[one.action] += 1
    return queued
