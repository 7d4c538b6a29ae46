"""Posts keep their wall time through every change of the clocks of 2026, each slot exactly once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from apps.knisoci import slots
from apps.knisoci.services import posts, timing
from tests.orchestrator.test_schedules import ZONES, changes_of, first_instant

AROUND = (-90, -30, 0, 30, 600)  # minutes from a change, on the wall clock before it


def expected(wall: datetime, zone: ZoneInfo, days: range) -> list[datetime]:
    """Instants of that time of day, found minute by minute and not as the product does."""
    return sorted({first_instant(wall + timedelta(days=n), zone) for n in days})


@pytest.mark.parametrize("rule", ["daily", "weekly"])
def test_each_slot_of_a_queue_comes_exactly_once_in_every_zone(rule: str) -> None:
    assert len(ZONES) > 100
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes_of(zone):
            local = change.astimezone(zone).replace(tzinfo=None)
            for minutes in AROUND:
                wall = (local + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
                step = 1 if rule == "daily" else 7
                weekdays = range(7) if rule == "daily" else [wall.weekday()]
                queue = [(day, wall.time()) for day in weekdays]
                after = change - timedelta(days=9)
                wanted = [
                    one
                    for one in expected(wall, zone, range(-14, 22, step))
                    if after < one <= change + timedelta(days=9)
                ]
                # As posts are put into the queue: each takes the first slot that is free.
                taken: list[datetime] = []
                for _ in wanted:
                    taken.append(slots.next_free(queue, zone, after=after, taken=taken))
                assert taken == wanted, (name, wall)
                # And as the queue is drawn: from the last one on.
                walked, at = [], after
                for _ in wanted:
                    at = slots.next_free(queue, zone, after=at, taken=())
                    walked.append(at)
                assert walked == wanted, (name, wall)


def test_a_post_at_a_wall_time_goes_out_at_it_in_every_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: begin - timedelta(days=30))
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes_of(zone):
            local = change.astimezone(zone).replace(tzinfo=None)
            for minutes in AROUND:
                for days in (-7, -1, 0, 1, 7):
                    wall = local + timedelta(minutes=minutes, days=days)
                    at = timing.moment(wall, name)
                    assert at == first_instant(wall, zone), (name, wall)
                    kept = timing.wall(at, name)
                    shown = datetime.combine(kept["wall_date"], kept["wall_time"])
                    # What people are shown is the time they chose, or the end of the gap.
                    assert shown == wall or shown == first_instant(wall, zone).astimezone(
                        zone
                    ).replace(tzinfo=None), (name, wall)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("zone", "wall", "at"),
    [
        ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:00"),  # a gap
        ("Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30"),  # twice: the first
        ("America/New_York", "2027-03-14T02:15", "2027-03-14T07:00"),
        ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-03T14:45"),  # half an hour, twice
        ("Africa/Cairo", "2027-04-30T00:30", "2027-04-29T22:00"),  # the gap is at midnight
    ],
)
def test_a_target_and_its_job_stand_at_the_same_instant(
    make_channel: Any, actor: Any, zone: str, wall: str, at: str, monkeypatch: Any
) -> None:
    from apps.orchestrator.models import Job

    channel = make_channel(time_zone=zone)
    post = posts.create(actor=actor, title="W", variants=[{"channel": channel, "text": "Oil."}])
    (target,) = posts.schedule(actor=actor, post=post, when=datetime.fromisoformat(wall))
    due = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert target.due_at == due
    job = Job.objects.get(pk=target.job_id)
    assert job.run_at == due
    assert Job.objects.filter(action="knisoci.publish_target").count() == 1
