"""Saying that something happened."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.orchestrator.engine import index, live
from apps.orchestrator.models import Event
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor


def emit(
    *,
    actor: Actor,
    kind: str,
    subject: tuple[str, str] | None = None,
    data: dict[str, Any] | None = None,
    summary: str = "",
    permission: str = "workspace.view",
) -> Event:
    """Write an event in the caller's transaction; subscribers and live screens hear of it after.

    Locks the workspace's event counter until the transaction ends, which is what keeps sequences in
    order of commit and free of gaps: emit last, and never before a slow step. ``permission`` is what
    a person needs to see it. ``data`` must be JSON and hold no secrets.
    """
    workspace = require_workspace()
    event = Event(
        kind=kind,
        subject_kind=subject[0] if subject else "",
        subject_id=str(subject[1]) if subject else "",
        summary=summary[:300],
        data=data or {},
        actor=actor.to_json(),
        permission=permission,
        at=timezone.now(),
    )
    with transaction.atomic():
        event.sequence = _next_sequence()
        event.save(force_insert=True)
        index.signal_events(workspace.pk)
        transaction.on_commit(lambda: live.announce(workspace.pk, event.sequence))
    return event


def _next_sequence() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orchestrator_eventcounter AS counter (id, value) VALUES (1, 1) "
            "ON CONFLICT (id) DO UPDATE SET value = counter.value + 1 RETURNING value"
        )
        return int(cursor.fetchone()[0])
