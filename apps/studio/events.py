"""Listening: events become notifications for the members whom they concern."""

from __future__ import annotations

from apps.orchestrator import subscriber
from apps.orchestrator.models import Event
from apps.studio.notifications import rule_for
from apps.studio.services import notifications


@subscriber("notifications")
def notify_members(event: Event) -> None:
    rule = rule_for(event.kind)
    if rule is not None:
        notifications.from_event(event=event, rule=rule)
