"""Bringing events to their subscribers: in order, each at least once, one slow one holds up no other."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.orchestrator.engine import index
from apps.orchestrator.engine.index import TABLE, Claimed
from apps.orchestrator.engine.outcomes import redact
from apps.orchestrator.models import Event, FailedDelivery, SubscriberCursor
from apps.orchestrator.subscribers import Subscriber, all_subscribers
from apps.workspaces.models import Workspace

log = logging.getLogger(__name__)

BATCH = 200
MAX_FAILURES = 8
RETRY_BASE_SECONDS = 1.0


def deliver(claimed: Claimed, workspace: Workspace) -> None:
    """Deliver what is there to all subscribers; then give the row back, or remove it.

    The row is removed only if no event was signalled since it was claimed.
    """
    now = timezone.now()
    waits: list[datetime] = []
    level: dict[int, list[Subscriber]] = {}
    cursors = _cursors()
    for subscriber in all_subscribers():
        cursor = cursors[subscriber.name]
        if cursor.retry_at is not None and cursor.retry_at > now:
            waits.append(cursor.retry_at)
        else:
            level.setdefault(cursor.sequence, []).append(subscriber)
    # Who is furthest goes first: they do not wait for one that has days to catch up with.
    for sequence in sorted(level, reverse=True):
        waits += _catch_up(level[sequence], sequence)
    _give_back(claimed, min(waits, default=None))


def _catch_up(subscribers: list[Subscriber], sequence: int) -> list[datetime]:
    """Bring subscribers that stand at the same event to the end, with one look at the events for
    all; returns when those that are held up go on."""
    waits = []
    while subscribers:
        events = list(Event.objects.filter(sequence__gt=sequence)[:BATCH])
        if not events:
            break
        sequence = events[-1].sequence
        going = []
        for subscriber in subscribers:
            held_up = _hand_over_all(subscriber, events)
            if held_up is None:
                going.append(subscriber)
            else:
                waits.append(held_up)
        subscribers = going
        SubscriberCursor.objects.filter(
            name__in=[one.name for one in going], sequence__lt=sequence
        ).update(sequence=sequence)
        if len(events) < BATCH:
            break  # what came meanwhile has signalled itself
    return waits


def _hand_over_all(subscriber: Subscriber, events: list[Event]) -> datetime | None:
    """Those that it wants; returns when to go on where it is held up."""
    for event in events:
        if not subscriber.wants(event.kind):
            continue
        try:
            _hand_over(subscriber, event)
        except Exception as error:
            held_up = _held_up(subscriber, event, error)
            if held_up is not None:
                return held_up
    return None


def _hand_over(subscriber: Subscriber, event: Event) -> None:
    """Handler and cursor in one transaction: its changes to this database happen exactly once."""
    with transaction.atomic():
        SubscriberCursor.objects.filter(name=subscriber.name).update(
            sequence=event.sequence, failures=0, retry_at=None, last_error=""
        )
        subscriber.handler(event)


def _held_up(subscriber: Subscriber, event: Event, error: Exception) -> datetime | None:
    """Count the failure; returns when to try again, None when the event was set aside."""
    cursor = SubscriberCursor.objects.get(name=subscriber.name)
    message = redact(f"{type(error).__name__}: {error}")[:2000]
    log.warning(
        "event.delivery_failed",
        extra={"subscriber": subscriber.name, "sequence": event.sequence, "error": message},
    )
    cursor.failures += 1
    cursor.last_error = message
    if cursor.failures < MAX_FAILURES:
        seconds = RETRY_BASE_SECONDS * 2 ** (cursor.failures - 1)
        cursor.retry_at = timezone.now() + timedelta(seconds=seconds)
        # What came before this event is done.
        cursor.sequence = max(cursor.sequence, event.sequence - 1)
        cursor.save()
        return cursor.retry_at
    with transaction.atomic():
        FailedDelivery.objects.get_or_create(
            subscriber=subscriber.name, sequence=event.sequence, defaults={"error": message}
        )
        cursor.sequence, cursor.failures, cursor.retry_at = event.sequence, 0, None
        cursor.save()
    return None


def _cursors() -> dict[str, SubscriberCursor]:
    """By name. A new subscriber begins with the first event that is still kept."""
    names = {subscriber.name for subscriber in all_subscribers()}
    found = {one.name: one for one in SubscriberCursor.objects.filter(name__in=names)}
    for name in names - found.keys():
        found[name], _ = SubscriberCursor.objects.get_or_create(name=name)
    return found


def _give_back(claimed: Claimed, retry_at: datetime | None) -> None:
    with connection.cursor() as cursor:
        if retry_at is None:
            cursor.execute(
                f"DELETE FROM {TABLE} WHERE job_id = %s AND fence = %s AND state = 'running' "  # noqa: S608
                "AND signals = %s",
                [claimed.id, claimed.fence, claimed.signals],
            )
            if cursor.rowcount:
                return
        cursor.execute(
            f"""
            UPDATE {TABLE} SET lease_until = NULL, run_at = coalesce(%s, now()),
                state = CASE WHEN coalesce(%s, now()) <= now() OR signals > %s
                             THEN 'ready' ELSE 'scheduled' END
            WHERE job_id = %s AND fence = %s AND state = 'running'
            """,  # noqa: S608
            [retry_at, retry_at, claimed.signals, claimed.id, claimed.fence],
        )
    index.ring("default")
