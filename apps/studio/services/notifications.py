"""Making notifications out of events, and marking them read."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Event
from apps.studio.models import Notification
from apps.studio.notifications import Rule
from apps.workspaces.models import Membership
from apps.workspaces.services.access import permissions_of
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor


def from_event(*, event: Event, rule: Rule) -> int:
    """Notifications of ``event`` for whom ``rule`` names; returns for how many people.

    Safe to repeat: a person hears of an event once. Emits ``notification.created`` for live bells.
    """
    people = _audience(event, rule)
    told = [
        Notification(
            person_id=person,
            sequence=event.sequence,
            kind=event.kind,
            subject_kind=event.subject_kind,
            subject_id=event.subject_id,
            tone=rule.tone,
            title=rule.title(event)[:300],
            body=rule.body(event)[:500],
            url=rule.url(event)[:300],
            created_at=event.at,
        )
        for person in people
    ]
    if not told:
        return 0
    known = set(
        Notification.objects.filter(sequence=event.sequence).values_list("person_id", flat=True)
    )
    Notification.objects.bulk_create(told, ignore_conflicts=True)
    if not set(people) <= known:
        orchestrator.emit(
            actor=Actor.system(require_workspace()),
            kind="notification.created",
            data={"people": sorted(set(people) - known)},
        )
    return len(told)


def mark_read(*, actor: Actor, notification_id: UUID) -> None:
    """The person's own notification; another's, or one that is gone, changes nothing."""
    Notification.objects.filter(
        pk=notification_id, person_id=actor.user_id, read_at__isnull=True
    ).update(read_at=timezone.now())


def mark_all_read(*, actor: Actor) -> int:
    """Every unread notification of the person; returns how many there were."""
    return Notification.objects.filter(person_id=actor.user_id, read_at__isnull=True).update(
        read_at=timezone.now()
    )


def _audience(event: Event, rule: Rule) -> list[int]:
    """User ids of active members who hold the rule's and the event's permission."""
    wanted = rule.people(event) if rule.people else None
    only = None if wanted is None else set(wanted)
    doer = None if rule.tell_actor else event.actor.get("user_id")
    members = Membership.objects.select_related("role").filter(
        workspace=require_workspace(), user__is_active=True
    )
    needed = {rule.permission, event.permission}
    return [
        member.user_id
        for member in members
        if member.user_id != doer
        and (only is None or member.user_id in only)
        and needed <= permissions_of(member)
    ]
