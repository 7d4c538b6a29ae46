"""Reading jobs and events of the current workspace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q
from django.utils import timezone

from apps.orchestrator.models import Event, EventCounter, Job
from apps.orchestrator.types import QUEUES, WHEN_IDLE
from apps.workspaces.models import DueWork


def events_after(sequence: int, *, limit: int = 200) -> list[Event]:
    """Events after ``sequence``, oldest first."""
    return list(Event.objects.filter(sequence__gt=sequence).order_by("sequence")[:limit])


def last_sequence() -> int:
    """The workspace's last sequence; 0 before its first event."""
    return EventCounter.objects.values_list("value", flat=True).first() or 0


def event_line(event: Event) -> dict[str, Any]:
    """``event`` as live screens and REST get it."""
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "subject": list(event.subject) if event.subject else None,
        "summary": event.summary,
        "data": event.data,
        "at": event.at.isoformat(),
    }


def run_times(jobs: Iterable[UUID]) -> list[tuple[UUID, datetime]]:
    """When each of `jobs` that still waits will run."""
    rows = Job.objects.filter(pk__in=list(jobs), state__in=Job.WAITING)
    return list(rows.values_list("pk", "run_at"))


# --- queues and jobs ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """How a queue stands. ``lateness_seconds``: how long the oldest due piece of work has
    waited that somebody waits for (priority below ``WHEN_IDLE``)."""

    name: str
    scheduled: int = 0
    ready: int = 0
    running: int = 0
    unknown: int = 0
    lateness_seconds: float = 0.0


def queues(*, workspace_id: int | None = None) -> list[Queue]:
    """Every queue, in one query; of one workspace or of all."""
    rows = DueWork.objects.all()
    if workspace_id is not None:
        rows = rows.filter(workspace_id=workspace_id)
    waiting = Q(state__in=["ready", "dispatched", "blocked"])
    counted = rows.values("queue").annotate(
        scheduled=Count("pk", filter=Q(state="scheduled")),
        ready=Count("pk", filter=waiting),
        running=Count("pk", filter=Q(state="running")),
        unknown=Count("pk", filter=Q(state="unknown")),
        oldest=Min("run_at", filter=Q(state__in=["ready", "dispatched"], priority__lt=WHEN_IDLE)),
    )
    now = timezone.now()
    by_name = {}
    for line in counted:
        row: dict[str, Any] = dict(line)
        oldest = row.pop("oldest")
        late = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
        name = row.pop("queue")
        by_name[name] = Queue(name, **row, lateness_seconds=late)
    return [by_name.get(name, Queue(name)) for name in QUEUES]


def last_job_of(subject: tuple[str, str], *, action: str) -> Job | None:
    """The newest job of ``action`` about ``subject``. One statement."""
    kind, pk = subject
    rows = Job.objects.filter(subject_kind=kind, subject_id=pk, action=action)
    return rows.order_by("-id").first()


def alive_jobs_of(kind: str, prefix: str, *, action: str) -> list[Job]:
    """Jobs of ``action`` that have not ended, about subjects of that kind whose id begins so, oldest
    first. One statement."""
    rows = Job.objects.filter(subject_kind=kind, subject_id__startswith=prefix, action=action)
    return list(rows.exclude(state__in=Job.ENDED).order_by("id"))
