"""A schedule keeps its wall time through every change of the clocks, and never runs one twice."""

# ruff: noqa: DTZ001  wall times are without a zone on purpose

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.utils import timezone

from apps.errors import NotFound, PermissionDenied, ValidationFailed
from apps.orchestrator import services
from apps.orchestrator.engine import firing
from apps.orchestrator.models import Event, Job, Schedule
from apps.orchestrator.recurrence import Rule, to_instant
from apps.workspaces.models import DueWork, Membership

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def changes_of(zone: ZoneInfo) -> list[datetime]:
    """Instants of 2026 at which the zone's offset changes, to the minute."""
    found, at = [], START
    while at < END:
        following = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            low, high = at, following
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high.replace(second=0, microsecond=0))
        at = following
    return found


ZONES = sorted(name for name in available_timezones() if "/" in name and changes_of(ZoneInfo(name)))


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Minute by minute around the wall time: independent of how the product computes it."""
    at = wall.replace(tzinfo=UTC) - timedelta(hours=15)
    offsets = {(at + timedelta(hours=h)).astimezone(zone).utcoffset() for h in range(31)}
    candidates = [wall.replace(tzinfo=UTC) - offset for offset in offsets if offset is not None]
    exact = [c for c in candidates if c.astimezone(zone).replace(tzinfo=None) == wall]
    if exact:
        return min(exact)
    at = min(candidates).replace(second=0)
    while at.astimezone(zone).replace(tzinfo=None) < wall:
        at += timedelta(minutes=1)
    return at


@pytest.mark.parametrize(("rule", "step"), [("FREQ=DAILY", 1), ("FREQ=WEEKLY", 7)])
def test_wall_time_is_kept_through_every_change_of_2026(rule: str, step: int) -> None:
    assert len(ZONES) > 100
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes_of(zone):
            local = change.astimezone(zone).replace(tzinfo=None)
            for minutes in (-90, -30, 0, 30, 600):
                wall = local + timedelta(minutes=minutes)
                first = wall - timedelta(days=14)
                days = (first + timedelta(days=step * k) for k in range(22 if step == 1 else 6))
                expected = sorted({first_instant(day, zone) for day in days})
                begin = change - timedelta(days=4)
                found = Rule(first, name, rrule=rule).after(begin)
                for instant in (one for one in expected if one > begin):
                    assert next(found) == instant, (name, rule, wall)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-03-29T02:30", "2026-03-29T01:00"),  # the gap ends at 03:00 summer time
        ("2026-10-25T02:30", "2026-10-25T00:30"),  # twice: the first
        ("2026-07-01T09:00", "2026-07-01T07:00"),
    ],
)
def test_gap_and_fold_in_berlin(wall: str, instant: str) -> None:
    found = to_instant(datetime.fromisoformat(wall), ZoneInfo("Europe/Berlin"))
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_every_hour_has_no_hole_when_the_clocks_go_back() -> None:
    rule = Rule(datetime(2026, 1, 1), "Europe/Berlin", rrule="FREQ=HOURLY")
    found = rule.after(datetime(2026, 10, 24, 22, 30, tzinfo=UTC))
    first = [next(found) for _ in range(5)]
    assert {b - a for a, b in pairwise(first)} == {timedelta(hours=1)}


def test_cron_keeps_wall_time() -> None:
    rule = Rule(datetime(2026, 1, 1), "Europe/Berlin", cron="0 9 * * 1-5")
    found = rule.after(datetime(2026, 3, 27, 12, tzinfo=UTC))
    assert [next(found).hour for _ in range(2)] == [7, 7]


def test_an_old_anchor_costs_nothing_and_changes_nothing() -> None:
    old = Rule(datetime(1999, 1, 1, 9), "UTC", rrule="FREQ=DAILY;INTERVAL=3")
    plain = [datetime(1999, 1, 1, 9, tzinfo=UTC) + timedelta(days=3 * k) for k in range(3000, 4000)]
    after = datetime(2026, 1, 1, tzinfo=UTC)
    assert next(old.after(after)) == next(one for one in plain if one > after)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rrule": "FREQ=SOMETIMES"}, "rrule"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"rrule": "FREQ=DAILY", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({}, "rrule"),
        ({"rrule": "FREQ=DAILY", "cron": "* * * * *"}, "rrule"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(
    system: Any, wrong: dict[str, str], field: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        services.create_schedule(actor=system, title="x", action="probe.noop", **wrong)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert not Schedule.objects.exists()


def make(system: Any, **changes: Any) -> Schedule:
    wanted = {"title": "Every day", "action": "probe.say", "rrule": "FREQ=DAILY", **changes}
    return services.create_schedule(actor=system, **wanted)


def pretend_due(schedule: Schedule, at: datetime) -> None:
    """As if the next occurrence had been at ``at`` and nobody was there to run it."""
    Schedule.objects.filter(pk=schedule.pk).update(next_at=at)
    DueWork.objects.filter(pk=schedule.pk).update(run_at=at)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("policy", "made"), [("skip", 0), ("last", 1), ("all", 3)])
def test_what_was_missed_is_caught_up_as_the_policy_says(
    system: Any, drive: Any, policy: str, made: int
) -> None:
    hour_ago = (timezone.now() - timedelta(hours=1)).replace(tzinfo=None, microsecond=0)
    schedule = make(
        system,
        anchor=hour_ago - timedelta(days=30),
        time_zone="UTC",
        catch_up=policy,
        catch_up_cap=3,
    )
    pretend_due(schedule, hour_ago.replace(tzinfo=UTC) - timedelta(days=5))
    drive()
    assert Job.objects.filter(schedule=schedule.pk, state="succeeded").count() == made
    schedule.refresh_from_db()
    assert schedule.next_at == hour_ago.replace(tzinfo=UTC) + timedelta(days=1)
    assert DueWork.objects.get(pk=schedule.pk).run_at == schedule.next_at


@pytest.mark.django_db(transaction=True)
def test_an_occurrence_on_time_runs_once_however_often_it_is_fired(
    system: Any, workspace: Any, drive: Any
) -> None:
    now = timezone.now().replace(microsecond=0)
    schedule = make(system, anchor=now.replace(tzinfo=None), time_zone="UTC", catch_up="skip")
    drive(until=lambda: Job.objects.filter(state="succeeded").exists())
    pretend_due(schedule, now)  # a clock that did not hear of it
    drive()
    assert Job.objects.get().occurrence_at == now


@pytest.mark.django_db(transaction=True)
def test_a_changed_schedule_forgets_its_old_time(system: Any, drive: Any) -> None:
    schedule = make(system, anchor=datetime(2026, 1, 1, 9), time_zone="UTC")
    fence = DueWork.objects.get(pk=schedule.pk).fence
    changed = services.change_schedule(
        actor=system, schedule_id=schedule.pk, anchor=datetime(2026, 1, 1, 18)
    )
    assert changed.revision == 2
    assert changed.next_at is not None
    assert changed.next_at.hour == 18
    assert DueWork.objects.get(pk=schedule.pk).fence > fence


@pytest.mark.django_db(transaction=True)
def test_one_occurrence_is_left_out_and_one_is_moved(system: Any, drive: Any) -> None:
    schedule = make(system, anchor=datetime(2026, 1, 1, 9), time_zone="UTC")
    first, second, third = services.schedules.upcoming(schedule, count=3)
    services.skip_occurrence(actor=system, schedule_id=schedule.pk, occurrence_at=first)
    job = services.move_occurrence(
        actor=system,
        schedule_id=schedule.pk,
        occurrence_at=second,
        run_at=second + timedelta(hours=2),
        input={"text": "moved"},
    )
    schedule.refresh_from_db()
    assert schedule.next_at == third
    assert (job.run_at, job.input) == (second + timedelta(hours=2), {"text": "moved"})
    with pytest.raises(NotFound):
        services.skip_occurrence(
            actor=system, schedule_id=schedule.pk, occurrence_at=third + timedelta(minutes=1)
        )
    services.end_schedule(actor=system, schedule_id=schedule.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert not DueWork.objects.filter(kind__in=["job", "schedule"]).exists()


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_ends_ends_the_schedule(system: Any, drive: Any) -> None:
    now = timezone.now().replace(microsecond=0)
    schedule = make(
        system, anchor=now.replace(tzinfo=None), time_zone="UTC", rrule="FREQ=DAILY;COUNT=1"
    )
    drive(until=lambda: Job.objects.filter(state="succeeded").exists())
    schedule.refresh_from_db()
    assert schedule.state == "ended"


@pytest.mark.django_db(transaction=True)
def test_a_schedule_of_someone_who_left_is_paused_and_says_so(
    system: Any, workspace: Any, contributor: Any, actor_for: Any, drive: Any
) -> None:
    schedule = make(actor_for(contributor, workspace), anchor=datetime(2026, 1, 1, 9))
    Membership.objects.filter(user=contributor).delete()
    pretend_due(schedule, timezone.now() - timedelta(seconds=5))
    drive()
    schedule.refresh_from_db()
    assert schedule.state == "paused"
    assert Event.objects.filter(kind="schedule.paused").count() == 1
    assert not Job.objects.exists()


def test_who_may_not_make_schedules(
    workspace: Any, in_workspace: Any, viewer: Any, actor_for: Any
) -> None:
    with pytest.raises(PermissionDenied):
        make(actor_for(viewer, workspace))
    assert not Schedule.objects.exists()


def test_catching_up_is_capped() -> None:
    now = timezone.now()
    due = [now - timedelta(hours=n) for n in range(50, 0, -1)]
    schedule = Schedule(catch_up="all", catch_up_cap=5)
    assert firing.chosen(schedule, due, now) == due[-5:]
