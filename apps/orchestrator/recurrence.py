"""When a rule says: pure functions from a rule, an anchor and a zone to instants.

Rules of a day or more, and cron, keep their wall time: each occurrence is computed on the wall clock
from the anchor and then turned into an instant. A wall time that does not exist (spring) becomes the
first instant after the gap; one that exists twice (autumn) becomes the first of the two. Rules below
a day count real time, so "every hour" has no hole in autumn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from dateutil.rrule import DAILY, HOURLY, WEEKLY, rrule, rrulestr

from apps.errors import ValidationFailed

_UNTIL_UTC = re.compile(r"UNTIL=(\d{8}T\d{6})Z", re.IGNORECASE)
_STEPS = {DAILY: timedelta(days=1), WEEKLY: timedelta(weeks=1)}
_SHORT_STEPS = {HOURLY: timedelta(hours=1), 5: timedelta(minutes=1), 6: timedelta(seconds=1)}
LONGEST_SEARCH = 4000  # occurrences looked at before a rule counts as having no more


@dataclass(frozen=True, slots=True)
class Rule:
    """Exactly one of ``rrule`` and ``cron``. ``anchor`` is a wall time in ``time_zone``."""

    anchor: datetime
    time_zone: str = "UTC"
    rrule: str = ""
    cron: str = ""

    def after(self, instant: datetime) -> Iterator[datetime]:
        """Occurrences later than ``instant``, in UTC, each once and in order."""
        zone = ZoneInfo(self.time_zone)
        last = instant
        for found in self._candidates(instant, zone):
            if found > last:
                last = found
                yield found

    def check(self) -> None:
        """Raise ValidationFailed, field named, where the rule cannot be used."""
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValidationFailed(
                f"“{self.time_zone}” is no time zone, such as Europe/Berlin.", field="time_zone"
            ) from error
        if bool(self.rrule) == bool(self.cron):
            raise ValidationFailed("Give either a rule or a cron expression.", field="rrule")
        field = "rrule" if self.rrule else "cron"
        try:
            next(self.after(datetime(1970, 1, 1, tzinfo=UTC)), None)
        except (ValueError, CronSimError, TypeError, KeyError) as error:
            raise ValidationFailed(f"This rule cannot be read: {error}", field=field) from error

    def _candidates(self, instant: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        # A day earlier on the wall clock, so that no shift of the zone hides an occurrence.
        wall = instant.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
        if self.cron:
            start = max(wall, self.anchor - timedelta(minutes=1))
            for found in CronSim(self.cron, start.replace(microsecond=0)):
                if found >= self.anchor:
                    yield to_instant(found, zone)
            return
        text = _UNTIL_UTC.sub(lambda match: f"UNTIL={_local(match[1], zone)}", self.rrule)
        parsed = rrulestr(text, dtstart=self.anchor)
        if not isinstance(parsed, rrule):
            raise ValueError("one RRULE line is expected")
        if parsed._freq in _SHORT_STEPS:
            yield from self._in_real_time(text, parsed, instant, zone)
            return
        jumped = _jump(parsed, self.anchor, wall, _STEPS)
        for found in parsed if jumped is None else rrulestr(text, dtstart=jumped):
            if found >= wall:
                yield to_instant(found, zone)

    def _in_real_time(
        self, text: str, parsed: Any, instant: datetime, zone: ZoneInfo
    ) -> Iterator[datetime]:
        anchor = to_instant(self.anchor, zone).replace(tzinfo=None)
        after = instant.astimezone(UTC).replace(tzinfo=None)
        start = _jump(parsed, anchor, after, _SHORT_STEPS) or anchor
        for found in rrulestr(text, dtstart=start):
            if found > after:
                yield found.replace(tzinfo=UTC)


def to_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall time: the first after a gap, the first of two in a fold."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # In a gap the two readings of the wall time lie on both sides of the change of offset.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late, offset = first, first.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def _jump(
    parsed: rrule, anchor: datetime, wall: datetime, steps: dict[int, timedelta]
) -> datetime | None:
    """A later start from which the rule gives the same occurrences; None where that is not certain."""
    step = steps.get(parsed._freq)
    if step is None or parsed._count is not None or wall <= anchor:
        return None
    step *= parsed._interval
    return anchor + step * max(0, (wall - anchor) // step - 1)


def _local(text: str, zone: ZoneInfo) -> str:
    instant = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return instant.astimezone(zone).strftime("%Y%m%dT%H%M%S")
