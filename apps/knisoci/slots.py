"""Wall times and posting slots, kept through daylight saving. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.knisoci.errors import BadDate, NoSlots

Slot = tuple[int, time]  # weekday (Monday is 0) and wall time
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HORIZON = timedelta(days=366)


def zone(name: str) -> ZoneInfo:
    """The IANA zone `name`. Raises BadDate with field `time_zone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise BadDate(f"“{name}” is not a known time zone.", field="time_zone") from None


def instant(day: date, at: time, where: ZoneInfo) -> datetime:
    """The UTC instant of a wall time.

    A time that the clocks skip means the first moment after the gap; a time that comes twice means
    the first of the two.
    """
    wall = datetime.combine(day, at.replace(tzinfo=None))
    later = wall.replace(tzinfo=where, fold=0).astimezone(UTC)
    if later.astimezone(where).replace(tzinfo=None) == wall:
        return later
    earlier = wall.replace(tzinfo=where, fold=1).astimezone(UTC)
    return _first_moment_after_gap(earlier, later, where)


def _first_moment_after_gap(low: datetime, high: datetime, where: ZoneInfo) -> datetime:
    before = low.astimezone(where).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(where).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def parse(raw: Iterable[object]) -> list[Slot]:
    """`[[weekday, "HH:MM"], …]` as sorted slots without repeats. Raises BadDate, field `slots`."""
    found: set[Slot] = set()
    for entry in raw:
        try:
            pair: Any = entry
            weekday, text = pair
            hour, minute = str(text).split(":")[:2]
            slot = (int(weekday), time(int(hour), int(minute)))
        except (TypeError, ValueError):
            raise BadDate(
                f"{entry!r} is not a posting slot: use a weekday (0 to 6) and HH:MM.", field="slots"
            ) from None
        if not 0 <= slot[0] <= 6:
            raise BadDate("A weekday is 0 (Monday) to 6 (Sunday).", field="slots")
        found.add(slot)
    return sorted(found)


def as_json(slots: Iterable[Slot]) -> list[list[object]]:
    return [[weekday, f"{at:%H:%M}"] for weekday, at in slots]


def upcoming(slots: Iterable[Slot], where: ZoneInfo, after: datetime) -> Iterable[datetime]:
    """Instants of the slots later than `after`, in order, for a year ahead."""
    by_day: dict[int, list[time]] = {}
    for weekday, at in slots:
        by_day.setdefault(weekday, []).append(at)
    day = after.astimezone(where).date()
    last = day + _HORIZON
    while by_day and day <= last:
        # Two wall times inside one gap fall on the same instant: it is one slot that day.
        for moment in sorted({instant(day, at, where) for at in by_day.get(day.weekday(), ())}):
            if moment > after:
                yield moment
        day += timedelta(days=1)


def next_free(
    slots: Collection[Slot], where: ZoneInfo, *, after: datetime, taken: Collection[datetime]
) -> datetime:
    """The first slot later than `after` that is not in `taken` (UTC). Raises NoSlots."""
    if not slots:
        raise NoSlots("This channel has no posting slots yet. Add some, or choose a time.")
    busy = set(taken)
    for moment in upcoming(slots, where, after):
        if moment not in busy:
            return moment
    raise NoSlots("Every posting slot of the coming year is taken.")
