"""Concurrency keys: never more than the limit, and nobody waits for a key that is free."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from apps.orchestrator import services
from apps.orchestrator.engine import claims, dispatch, worker
from apps.orchestrator.models import Job
from apps.workspaces.models import DueWork
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

pytestmark = pytest.mark.django_db(transaction=True)

Taken = list[tuple[Any, Job]]


class Line:
    """Jobs with keys, begun and ended by hand; what was woken runs when ``hand_out`` is called."""

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace
        self.actor = Actor.system(workspace)

    def add(self, *keys: str, most: int = 1, priority: int = 100) -> Job:
        return services.enqueue(
            actor=self.actor,
            action="probe.noop",
            concurrency_keys=[(key, most) for key in keys],
            priority=priority,
        )

    def begin(self, job: Job) -> Taken:
        """Claim as a worker would; empty where ``job`` has to wait."""
        with transaction.atomic():
            return claims.claim_with_keys(job.pk)

    def end(self, taken: Taken) -> None:
        assert taken, "the job was not running"
        worker._run_jobs(taken, self.workspace)

    def hand_out(self) -> None:
        """Clock and worker until nothing is ready: every lease is long, so none of them ends."""
        while ids := dispatch.hand_out("default", window=100, after=0).ids:
            worker.run_batch(ids)

    def states(self, *jobs: Job) -> list[str]:
        rows = dict(DueWork.objects.values_list("job_id", "state"))
        return [rows.get(job.pk, "done") for job in jobs]


@pytest.fixture
def line(workspace: Any) -> Any:
    with workspace_context(workspace):
        yield Line(workspace)


def test_a_key_is_held_by_as_many_as_its_limit_says(line: Line) -> None:
    jobs = [line.add("a", most=2) for _ in range(3)]
    first, second, third = (line.begin(job) for job in jobs)
    assert first
    assert second
    assert not third
    line.end(first)
    line.hand_out()
    assert line.states(*jobs) == ["done", "running", "done"]
    line.end(second)


@pytest.mark.parametrize("first", ["a", "b"])
def test_who_waits_for_two_keys_runs_as_soon_as_both_are_back(line: Line, first: str) -> None:
    holders = {key: line.begin(line.add(key)) for key in ("a", "b")}
    both = line.add("a", "b")
    assert not line.begin(both)
    line.end(holders.pop(first))
    line.hand_out()
    assert line.states(both) == ["blocked"]
    line.end(holders.popitem()[1])
    line.hand_out()
    assert line.states(both) == ["done"]


@pytest.mark.parametrize("given_back", ["a", "b"])
def test_a_key_that_the_first_in_line_cannot_use_goes_to_the_next(
    line: Line, given_back: str
) -> None:
    holders = {key: line.begin(line.add(key)) for key in ("a", "b")}
    both, same, behind = line.add("a", "b"), line.add("a", "b"), line.add(given_back)
    for job in (both, same, behind):
        assert not line.begin(job)
    line.end(holders.pop(given_back))
    line.hand_out()
    assert line.states(both, same, behind) == ["blocked", "blocked", "done"]
    line.end(holders.popitem()[1])
    line.hand_out()
    assert line.states(both, same) == ["done", "done"]


def test_two_who_wait_for_other_keys_do_not_wake_each_other_for_ever(line: Line) -> None:
    holders = [line.begin(line.add(key)) for key in ("a", "b", "c")]
    waiting = [line.add("a", "b"), line.add("a", "c"), line.add("a", "b")]
    for job in waiting:
        assert not line.begin(job)
    line.end(holders.pop(0))
    line.hand_out()  # ends
    assert line.states(*waiting) == ["blocked"] * 3
    for holder in holders:
        line.end(holder)
    line.hand_out()
    assert line.states(*waiting) == ["done"] * 3


def test_a_key_is_not_lost_with_a_job_that_is_cancelled_in_front_of_it(line: Line) -> None:
    holder = line.begin(line.add("a"))
    woken, behind = line.add("a"), line.add("a")
    assert not line.begin(woken)
    assert not line.begin(behind)
    line.end(holder)
    assert line.states(woken, behind) == ["ready", "blocked"]
    services.cancel(actor=line.actor, job_id=woken.pk)
    line.hand_out()
    assert line.states(woken, behind) == ["done", "done"]
    woken.refresh_from_db()
    assert woken.state == Job.State.CANCELLED
