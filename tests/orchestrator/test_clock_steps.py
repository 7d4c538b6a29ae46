"""Somebody sets the machine's time by an hour, either way, or no clock runs for ten minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.orchestrator import services
from apps.orchestrator.engine import claims, dispatch, worker
from apps.orchestrator.engine.clock import Clock
from apps.orchestrator.models import Job, Schedule
from apps.workspaces.models import DueWork
from tests.orchestrator.conftest import Direct
from tests.support.steps import WallClock, stepping_time

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def wall() -> Iterator[WallClock]:
    with stepping_time() as found:
        yield found


def hourly(system: Any, first: datetime, **changes: Any) -> Schedule:
    """An hour apart, the first at `first`, an instant."""
    return services.create_schedule(
        actor=system,
        title="Every hour",
        action="probe.say",
        rrule="FREQ=HOURLY",
        anchor=first.astimezone(UTC).replace(tzinfo=None),
        time_zone="UTC",
        **changes,
    )


def occurrences() -> list[datetime]:
    rows = Job.objects.filter(state="succeeded").order_by("occurrence_at")
    return [at for at in rows.values_list("occurrence_at", flat=True) if at is not None]


def soon(minutes: int) -> datetime:
    return timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=minutes)


@pytest.mark.parametrize("policy", ["skip", "last", "all"])
@pytest.mark.parametrize("steps", [(1, -1, 1), (-1, 1, 1), (1, 1, -1, -1), (-1, -1, 1, 1, 1)])
def test_each_occurrence_once_however_the_time_is_set(
    system: Any, wall: WallClock, drive: Any, policy: str, steps: tuple[int, ...]
) -> None:
    first = soon(10)
    schedule = hourly(system, first, catch_up=policy)
    Schedule.objects.update(grace_seconds=HOUR.seconds)
    drive()
    furthest = timezone.now()
    for step in steps:
        wall.set(hours=step)
        drive()
        furthest = max(furthest, timezone.now())
    passed = [first + n * HOUR for n in range(3) if first + n * HOUR <= furthest]
    assert occurrences() == passed
    schedule.refresh_from_db()
    assert schedule.next_at == first + len(passed) * HOUR


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_job_goes_once_and_not_before_its_time_of_day(
    system: Any, wall: WallClock, drive: Any, hours: int
) -> None:
    times = [soon(minutes) for minutes in (20, 50, 80)]
    for at in times:
        services.enqueue(actor=system, action="probe.say", run_at=at)
    for step in (hours, -hours, 1, 1):
        wall.set(hours=step)
        drive()
        for job in Job.objects.filter(state="succeeded"):
            assert job.started_at is not None
            assert job.started_at >= job.run_at
    assert Job.objects.filter(state="succeeded", attempts=1).count() == 3


def claimed(system: Any) -> Job:
    """A job that a worker has begun; nobody else knows of it but its lease."""
    job = services.enqueue(actor=system, action="probe.say")
    dispatch.promote()
    dispatch.hand_out(job.queue, window=10, after=0)
    assert claims.claim_jobs([job.pk])
    return job


def lease_left(job: Job) -> float:
    until = DueWork.objects.get(pk=job.pk).lease_until
    assert until is not None
    return (until - timezone.now()).total_seconds()


def tick(clock: Clock) -> None:
    clock._next_take_back = 0
    clock.tick()


@pytest.mark.parametrize("hours", [-1, 1])
def test_who_is_at_work_keeps_its_lease_and_who_is_dead_is_found_one_lease_later(
    system: Any, wall: WallClock, settings: Any, hours: int
) -> None:
    job, clock = claimed(system), Clock(Direct())
    tick(clock)
    wall.set(hours=hours)
    tick(clock)
    row = DueWork.objects.get(pk=job.pk)
    assert row.state == "running", "a worker that is alive was robbed of its work"
    assert 0 < lease_left(job) <= settings.CANDY_JOB_LEASE_SECONDS + 1
    wall.set(seconds=2)  # less than a step
    tick(clock)
    assert DueWork.objects.get(pk=job.pk).state == "running"
    DueWork.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    tick(clock)
    assert DueWork.objects.get(pk=job.pk).state in ("ready", "dispatched")


def test_a_clock_that_starts_after_the_time_was_set_back_finds_the_dead(
    system: Any, wall: WallClock, settings: Any
) -> None:
    job = claimed(system)
    wall.set(hours=-1)
    assert lease_left(job) > 3000
    tick(Clock(Direct()))
    assert 0 < lease_left(job) <= settings.CANDY_JOB_LEASE_SECONDS + 1


def test_a_lease_that_is_simply_over_is_taken_back_at_once(system: Any, wall: WallClock) -> None:
    job, clock = claimed(system), Clock(Direct())
    tick(clock)
    DueWork.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    tick(clock)
    assert DueWork.objects.get(pk=job.pk).state != "running"


def rounds(bells: list[Direct], clocks: list[Clock], turns: int = 12) -> Counter[Any]:
    """All clocks in turn, then a worker for what each rang; how often each id was handed out."""
    handed: Counter[Any] = Counter()
    for _ in range(turns):
        for clock in clocks:
            tick(clock)
        for bell in bells:
            while bell.rung:
                ids = bell.rung.pop(0)
                handed.update(ids)
                worker.run_batch(ids)
    return handed


@pytest.mark.parametrize(("policy", "made"), [("skip", 0), ("last", 1), ("all", 10)])
def test_three_clocks_after_ten_minutes_without_any_catch_up_by_policy_once(
    system: Any, wall: WallClock, policy: str, made: int
) -> None:
    first = soon(1)
    schedule = services.create_schedule(
        actor=system,
        title="Every minute",
        action="probe.say",
        rrule="FREQ=MINUTELY",
        anchor=first.astimezone(UTC).replace(tzinfo=None),
        time_zone="UTC",
        catch_up=policy,
        catch_up_cap=50,
    )
    Schedule.objects.update(grace_seconds=0)
    planned = [
        services.enqueue(actor=system, action="probe.say", run_at=first + timedelta(minutes=n)).pk
        for n in range(10)
    ]
    wall.set(seconds=(first - timezone.now()).total_seconds() + 9 * 60 + 20)
    bells = [Direct(), Direct(), Direct()]
    handed = rounds(bells, [Clock(bell) for bell in bells])
    assert Job.objects.filter(pk__in=planned, state="succeeded", attempts=1).count() == 10
    assert all(handed[pk] == 1 for pk in planned)
    done = Job.objects.filter(schedule=schedule.pk)
    assert done.count() == done.filter(state="succeeded", attempts=1).count() == made
    assert len(set(done.values_list("occurrence_at"))) == made
    schedule.refresh_from_db()
    assert schedule.next_at == first + timedelta(minutes=10)


def test_after_ten_minutes_without_a_clock_work_goes_out_in_windows_and_not_in_a_burst(
    system: Any, wall: WallClock
) -> None:
    services.enqueue_many(
        actor=system, action="probe.say", inputs=[None] * 400, run_at=timezone.now() + HOUR / 60
    )
    wall.set(minutes=10)
    bell = Direct()
    clock = Clock(bell)
    tick(clock)
    out = sum(map(len, bell.rung))
    assert 0 < out <= clock.flows["default"].window
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM workspaces_duework WHERE state = 'dispatched'")
        assert cursor.fetchone()[0] == out
