"""Wall times stay what they are when the clocks change."""

from __future__ import annotations

import itertools
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.knisoci import slots
from apps.knisoci.errors import BadDate, NoSlots

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_a_plain_wall_time() -> None:
    assert slots.instant(date(2026, 7, 1), time(9, 30), BERLIN) == utc(2026, 7, 1, 7, 30)


def test_a_time_that_the_clocks_skip_is_the_first_moment_after_the_gap() -> None:
    for minute in (0, 1, 30, 59):
        found = slots.instant(date(2026, 3, 29), time(2, minute), BERLIN)
        assert found == utc(2026, 3, 29, 1, 0)


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    assert slots.instant(date(2026, 10, 25), time(2, 30), BERLIN) == utc(2026, 10, 25, 0, 30)


def test_a_half_hour_gap_and_a_gap_at_midnight() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert slots.instant(date(2026, 10, 4), time(2, 15), lord_howe) == utc(2026, 10, 3, 15, 30)
    cairo = ZoneInfo("Africa/Cairo")
    assert slots.instant(date(2026, 4, 24), time(0, 30), cairo) == utc(2026, 4, 23, 22, 0)


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
)
def test_a_daily_slot_comes_exactly_once_on_each_day_of_the_year(name: str) -> None:
    where = ZoneInfo(name)
    daily = [(weekday, time(2, 30)) for weekday in range(7)]
    moments = []
    for moment in slots.upcoming(daily, where, utc(2026, 1, 1)):
        moments.append(moment)
        if len(moments) == 365:
            break
    days = [moment.astimezone(where).date() for moment in moments]
    assert len(set(days)) == 365
    assert all(b - a == timedelta(days=1) for a, b in itertools.pairwise(days))


def test_every_zone_that_changes_its_clocks_keeps_its_daily_slots() -> None:
    for name in sorted(zoneinfo.available_timezones()):
        where = ZoneInfo(name)
        offsets = {utc(2026, month, 1).astimezone(where).utcoffset() for month in range(1, 13)}
        if len(offsets) < 2:
            continue
        moments = [
            slots.instant(date(2026, 1, 1) + timedelta(days=n), time(2, 0), where)
            for n in range(365)
        ]
        assert len(set(moments)) == 365, name
        assert moments == sorted(moments), name


def test_the_next_free_slot_skips_what_is_taken() -> None:
    week = slots.parse([[0, "09:00"], [2, "09:00"]])
    monday = utc(2026, 6, 1, 7, 0)
    wednesday = utc(2026, 6, 3, 7, 0)
    after = utc(2026, 5, 31)
    assert slots.next_free(week, BERLIN, after=after, taken=()) == monday
    assert slots.next_free(week, BERLIN, after=after, taken=[monday]) == wednesday
    assert slots.next_free(week, BERLIN, after=monday, taken=()) == wednesday


def test_no_slots_is_said() -> None:
    with pytest.raises(NoSlots):
        slots.next_free([], BERLIN, after=utc(2026, 1, 1), taken=())
    with pytest.raises(NoSlots):
        week = slots.parse([[0, "09:00"]])
        all_year = set(slots.upcoming(week, BERLIN, utc(2026, 1, 1)))
        slots.next_free(week, BERLIN, after=utc(2026, 1, 1), taken=all_year)


@pytest.mark.parametrize("raw", [[[7, "09:00"]], [[1, "25:00"]], [["x", "09:00"]], ["nine"], [[1]]])
def test_what_is_no_slot_is_refused(raw: list[object]) -> None:
    with pytest.raises(BadDate) as refused:
        slots.parse(raw)
    assert refused.value.field == "slots"


@pytest.mark.parametrize("name", ["Nowhere/Town", "", "../etc/passwd", "Europe/Berlin\x00"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(BadDate):
        slots.zone(name)
