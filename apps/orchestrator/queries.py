"""Reading jobs and events of the current workspace."""

from __future__ import annotations

from typing import Any

from apps.orchestrator.models import Event, EventCounter


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
