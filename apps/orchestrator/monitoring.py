"""What the monitoring pages show: of one workspace, or of all of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from apps.orchestrator import queries, registry
from apps.orchestrator.models import Job, JobAttempt
from apps.workspaces.models import DueWork, Workspace
from apps.workspaces.tenancy import require_workspace

PAGE = 40
VIEWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("All", ()),
    "waiting": ("Waiting", ("scheduled", "ready")),
    "running": ("Running", ("running",)),
    "unknown": ("In doubt", ("unknown",)),
    "dead": ("Dead", ("dead",)),
    "failed": ("Failed", ("failed",)),
    "done": ("Done", ("succeeded", "cancelled")),
}


@dataclass(frozen=True, slots=True)
class Overview:
    queues: list[queries.Queue]
    finished: int  # attempts that ended in the last quarter of an hour
    succeeded: int
    dead: int
    unknown: int

    @property
    def per_minute(self) -> float:
        return round(self.finished / 15, 1)

    @property
    def late(self) -> queries.Queue:
        return max(self.queues, key=lambda queue: queue.lateness_seconds)

    @property
    def waiting(self) -> int:
        return sum(queue.ready + queue.scheduled for queue in self.queues)

    @property
    def running(self) -> int:
        return sum(queue.running for queue in self.queues)


def overview() -> Overview:
    """The current workspace, in three queries."""
    since = _first_id(timezone.now() - timedelta(minutes=15))
    attempts = JobAttempt.objects.filter(pk__gte=since).aggregate(
        finished=Count("pk"), succeeded=Count("pk", filter=Q(outcome="succeeded"))
    )
    ended = Job.objects.filter(state__in=["dead", "unknown"]).aggregate(
        dead=Count("pk", filter=Q(state="dead")), unknown=Count("pk", filter=Q(state="unknown"))
    )
    return Overview(queries.queues(workspace_id=require_workspace().pk), **attempts, **ended)


def jobs(view: str, *, before: str = "") -> tuple[list[Job], str]:
    """Newest first, and the cursor of the next page (empty at the end)."""
    found: QuerySet[Job] = Job.objects.defer("input", "output", "actor").order_by("-pk")
    states = VIEWS.get(view, VIEWS[""])[1]
    if states:
        found = found.filter(state__in=states)
    try:
        if before:
            found = found.filter(pk__lt=uuid.UUID(before))
    except ValueError:
        pass
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else ""


def dead_groups() -> list[dict[str, Any]]:
    """Dead jobs by cause, most of them first."""
    groups = (
        Job.objects.filter(state="dead")
        .values("error_fingerprint", "action", "error_code")
        .annotate(count=Count("pk"), last=Max("finished_at"), message=Max("error_message"))
        .order_by("-count")[:20]
    )
    return [{**group, "title": title_of(group["action"])} for group in groups]


def title_of(key: str) -> str:
    action = registry.find(key)
    return action.title if action is not None else key


# --- all workspaces, for staff --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """What one workspace has in the index."""

    workspace: Workspace
    ready: int
    running: int
    scheduled: int
    unknown: int


def loads(*, limit: int = 50) -> list[Load]:
    """Workspaces by how much of theirs is due. Reads the index: one query, and one for the names."""
    rows = list(
        DueWork.objects.values("workspace_id")
        .annotate(
            ready=Count("pk", filter=Q(state__in=["ready", "dispatched", "blocked"])),
            running=Count("pk", filter=Q(state="running")),
            scheduled=Count("pk", filter=Q(state="scheduled")),
            unknown=Count("pk", filter=Q(state="unknown")),
        )
        .order_by("-ready", "-running", "-scheduled")[:limit]
    )
    named = Workspace.objects.in_bulk([row["workspace_id"] for row in rows])
    return [
        Load(
            named[row["workspace_id"]],
            row["ready"],
            row["running"],
            row["scheduled"],
            row["unknown"],
        )
        for row in rows
    ]


def _first_id(at: datetime) -> uuid.UUID:
    """The smallest id that a row made at ``at`` can have: ids begin with their time."""
    return uuid.UUID(int=int(at.astimezone(UTC).timestamp() * 1000) << 80)
