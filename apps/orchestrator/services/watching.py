"""Noticing that something is wrong: queues that are late, errors of a kind not seen before."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Max
from django.utils import timezone

from apps.orchestrator import queries
from apps.orchestrator.models import Event, Job
from apps.orchestrator.permissions import RUN_SYSTEM
from apps.orchestrator.services.events import emit
from apps.orchestrator.services.upkeep import live_workspaces
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

log = logging.getLogger(__name__)

SAY_AGAIN_AFTER = timedelta(minutes=15)
KNOWN_AT_MOST = 2000
LOG_BYTES_AT_ONCE = 5_000_000


def alert_on_late_queues(*, actor: Actor) -> list[str]:
    """Write ``system.queue_late`` for each queue whose oldest due job waits too long; names them.

    Said again only after a quarter of an hour.
    """
    actor.require(RUN_SYSTEM)
    limit = settings.CANDY_QUEUE_AGE_ALERT_SECONDS
    late = [one for one in queries.queues() if one.lateness_seconds > limit]
    for queue in late:
        log.error(
            "queue.late",
            extra={
                "queue": queue.name,
                "seconds": round(queue.lateness_seconds),
                "ready": queue.ready,
            },
        )
        is_said = Event.objects.filter(
            kind="system.queue_late",
            subject_id=queue.name,
            at__gt=timezone.now() - SAY_AGAIN_AFTER,
        ).exists()
        if not is_said:
            emit(
                actor=actor,
                kind="system.queue_late",
                subject=("queue", queue.name),
                summary=f"Queue {queue.name} is {queue.lateness_seconds:.0f} s late; "
                f"{queue.ready} jobs are due.",
                data={"seconds": queue.lateness_seconds, "ready": queue.ready},
            )
    return [queue.name for queue in late]


def new_error_groups(*, since: datetime, known: set[str]) -> list[dict[str, Any]]:
    """Groups of failed and dead jobs since ``since`` whose fingerprint is not in ``known``.

    One small query for each workspace. A group: fingerprint, action, code, message, count,
    workspaces.
    """
    groups: dict[str, dict[str, Any]] = {}
    for workspace in live_workspaces():
        with workspace_context(workspace):
            rows = (
                Job.objects.filter(state__in=["dead", "failed"], finished_at__gt=since)
                .exclude(error_fingerprint="")
                .values("error_fingerprint", "action", "error_code")
                .annotate(count=Count("id"), message=Max("error_message"))
            )
            for row in rows:
                if row["error_fingerprint"] in known:
                    continue
                group = groups.setdefault(
                    row["error_fingerprint"],
                    {
                        "fingerprint": row["error_fingerprint"],
                        "action": row["action"],
                        "code": row["error_code"],
                        "message": row["message"][:300],
                        "count": 0,
                        "workspaces": 0,
                    },
                )
                group["count"] += row["count"]
                group["workspaces"] += 1
    return sorted(groups.values(), key=lambda group: -group["count"])


def log_groups(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Error lines of a JSON log after byte ``offset``, grouped by what they say; and the new offset.

    A file shorter than the offset was rotated: it is read from its start.
    """
    if not path.is_file():
        return [], 0
    size = path.stat().st_size
    start = offset if offset <= size else 0
    with path.open("rb") as file:
        file.seek(start)
        chunk = file.read(LOG_BYTES_AT_ONCE)
    whole = chunk[: chunk.rfind(b"\n") + 1]
    groups: dict[tuple[str, str], int] = {}
    for line in _error_lines(whole):
        name = (str(line.get("logger", "")), str(line.get("event", ""))[:200])
        groups[name] = groups.get(name, 0) + 1
    found = [
        {"logger": logger, "event": event, "count": count}
        for (logger, event), count in sorted(groups.items(), key=lambda item: -item[1])
    ]
    return found, start + len(whole)


def _error_lines(text: bytes) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and str(entry.get("level", "")).lower() in ("error", "critical"):
            yield entry
