"""When something goes out: instants out of wall times, free slots, late policies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.utils import timezone

from apps.knisoci import slots
from apps.knisoci.errors import BadDate, PastDate
from apps.knisoci.models import Channel, LatePolicy, Target
from apps.knisoci.transitions import TargetState

When = datetime | Literal["now", "slot"]
_GRACE = timedelta(seconds=60)  # a form filled in for "now" is a minute old when it is sent
_LATEST = timedelta(days=2 * 366)


def plan(target: Target, when: When, time_zone: str | None) -> dict[str, Any]:
    """The fields that make `when` the time of `target`. Raises PastDate, BadDate, NoSlots."""
    zone_name = time_zone or target.channel.time_zone
    if when == "now":
        return wall(timezone.now(), zone_name)
    if when == "slot":
        found = free_slot(target.channel, after=timezone.now(), other_than=target)
        return {**wall(found, target.channel.time_zone), "in_slot": True}
    return wall(moment(when, zone_name), zone_name)


def free_slot(channel: Channel, *, after: datetime, other_than: Target | None = None) -> datetime:
    """The channel's next free posting slot later than `after`. Raises NoSlots."""
    planned = Target.objects.filter(
        channel=channel, due_at__gt=after, state__in=(TargetState.SCHEDULED, TargetState.HELD)
    )
    if other_than is not None:
        planned = planned.exclude(pk=other_than.pk)
    return slots.next_free(
        slots.parse(channel.slots),
        slots.zone(channel.time_zone),
        after=after,
        taken={at for at in planned.values_list("due_at", flat=True) if at is not None},
    )


def moment(when: datetime, zone_name: str) -> datetime:
    """`when` as UTC. Raises PastDate and BadDate, both with field `when`."""
    where = slots.zone(zone_name)
    if when.tzinfo is None:
        found = slots.instant(when.date(), when.time(), where)
    else:
        found = when.astimezone(UTC)
    now = timezone.now()
    if found < now - _GRACE:
        shown = found.astimezone(where)
        raise PastDate(
            f"{shown:%d %B %Y, %H:%M} ({zone_name}) is in the past. Choose a later time.",
            field="when",
        )
    if found > now + _LATEST:
        raise BadDate("That is more than two years ahead. Choose an earlier time.", field="when")
    return found


def wall(at: datetime, zone_name: str) -> dict[str, Any]:
    """The fields of a target that goes out `at`."""
    local = at.astimezone(slots.zone(zone_name))
    return {
        "due_at": at,
        "wall_date": local.date(),
        "wall_time": local.time().replace(microsecond=0, tzinfo=None),
        "time_zone": zone_name,
        "in_slot": False,
    }


def late_policy_of(late_policy: str | None, late_minutes: int | None) -> dict[str, Any]:
    """The given ones as a target's fields. Raises BadDate."""
    given: dict[str, Any] = {}
    if late_policy is not None:
        if late_policy not in LatePolicy.values:
            raise BadDate(f"“{late_policy}” is not a policy for late posts.", field="late_policy")
        given["late_policy"] = late_policy
    if late_minutes is not None:
        if not 0 <= late_minutes <= 7 * 24 * 60:
            raise BadDate("A post may be at most seven days late.", field="late_minutes")
        given["late_minutes"] = late_minutes
    return given
