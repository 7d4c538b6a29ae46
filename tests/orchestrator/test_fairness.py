"""A flood in one workspace does not hold up another, and costs the clock nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.orchestrator import services
from apps.orchestrator.engine import dispatch, worker
from apps.orchestrator.engine.clock import SMALLEST_WINDOW, Clock, Flow
from apps.orchestrator.engine.doorbell import messages
from apps.orchestrator.models import Job, JobAttempt
from apps.workspaces.models import DueWork
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.orchestrator.conftest import Direct
from tests.support.fleet import fleet, own_valkey, wait_until


def fill(workspace: Any, count: int, *, state: str = "ready") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workspaces_duework (job_id, workspace_id, queue, run_at, state) "
            "SELECT gen_random_uuid(), %s, 'publish', now() - interval '1 second', %s "
            "FROM generate_series(1, %s)",
            [workspace.pk, state, count],
        )


def owners(ids: list[uuid.UUID]) -> dict[int, int]:
    found: dict[int, int] = {}
    for (pk,) in DueWork.objects.filter(pk__in=ids).values_list("workspace_id"):
        found[pk] = found.get(pk, 0) + 1
    return found


@pytest.mark.django_db(transaction=True)
def test_ten_beside_ten_thousand_go_out_with_the_first(
    workspace: Any, other_workspace: Any
) -> None:
    fill(workspace, 10_000)
    fill(other_workspace, 10)
    handed = dispatch.hand_out("publish", window=20, after=0)
    assert owners(handed.ids) == {workspace.pk: 10, other_workspace.pk: 10}


@pytest.mark.django_db(transaction=True)
def test_those_who_come_last_have_their_turn_when_all_is_full_meanwhile(
    workspace: Any, other_workspace: Any
) -> None:
    first, second = sorted((workspace, other_workspace), key=lambda one: one.pk)
    fill(first, 10)
    fill(second, 10)
    after, served = 0, []
    for _ in range(5):  # the third finds nobody behind the last one
        handed = dispatch.hand_out("publish", window=1, after=after)
        after = handed.last_workspace
        if handed.ids:
            served += owners(handed.ids)
            after = dispatch.hand_out("publish", window=1, after=after).last_workspace  # full
            DueWork.objects.filter(pk__in=handed.ids).delete()
    assert served == [first.pk, second.pk, first.pk, second.pk]


@pytest.mark.django_db(transaction=True)
def test_a_doubt_goes_before_what_is_merely_late(
    workspace: Any, system: Any, drive: Any, effects: Any
) -> None:
    job = services.enqueue(
        actor=system, action="probe.checkable", input={"steps": ["unknown"], "reconcile": "never"}
    )
    row = DueWork.objects.filter(pk=job.pk)
    drive(until=lambda: row.get().kind == "recover" and row.get().state != "running")
    fill(workspace, 50)  # all due before the doubt may be looked into
    DueWork.objects.exclude(pk=job.pk).update(queue=job.queue)
    row.update(state="ready", run_at=timezone.now())
    assert dispatch.hand_out(job.queue, window=1, after=0).ids == [job.pk]
    row.update(state="ready")
    DueWork.objects.exclude(pk=job.pk).delete()
    drive()
    assert row.get().priority == job.priority, "as any other again, once a person has to look"


@pytest.mark.django_db(transaction=True)
def test_a_lost_worker_leaves_a_doubt_that_goes_first(
    workspace: Any, system: Any, drive: Any
) -> None:
    job = services.enqueue(actor=system, action="probe.checkable", input={"steps": ["ok"]})
    fill(workspace, 50)
    DueWork.objects.exclude(pk=job.pk).update(queue=job.queue)
    row = DueWork.objects.filter(pk=job.pk)
    row.update(state="running", lease_until=timezone.now() - timedelta(seconds=1))
    dispatch.take_back()
    assert dispatch.hand_out(job.queue, window=1, after=0).ids == [job.pk]
    assert row.get().kind == "recover"


@pytest.mark.django_db(transaction=True)
def test_a_small_window_serves_workspaces_in_turns(workspace: Any, other_workspace: Any) -> None:
    fill(workspace, 50)
    fill(other_workspace, 50)
    bell = Direct()
    clock = Clock(bell)
    clock.flows["publish"].window = 1
    served = []
    while len(served) < 6:
        assert clock._serve("publish"), "there is more, so the clock must not go to sleep"
        for ids in bell.rung:
            served += owners(ids)
            DueWork.objects.filter(pk__in=ids).delete()
            clock.flows["publish"].window = 1
        bell.rung.clear()
    assert served == [workspace.pk, other_workspace.pk] * 3


@pytest.mark.django_db(transaction=True)
def test_no_more_than_the_window_is_ever_out(workspace: Any) -> None:
    fill(workspace, 100)
    assert len(dispatch.hand_out("publish", window=30, after=0).ids) == 30
    again = dispatch.hand_out("publish", window=30, after=0)
    assert (again.ids, again.room) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_what_is_not_due_is_not_handed_out(workspace: Any) -> None:
    fill(workspace, 5, state="scheduled")
    DueWork.objects.update(run_at=timezone.now() + timedelta(seconds=30))
    assert dispatch.promote() == 0
    assert dispatch.hand_out("publish", window=30, after=0).ids == []
    DueWork.objects.update(run_at=timezone.now())
    assert dispatch.promote() == 5
    assert len(dispatch.hand_out("publish", window=30, after=0).ids) == 5


def test_the_window_follows_what_workers_take() -> None:
    flow = Flow()
    for _ in range(4):
        flow.learn(oldest_seconds=0.01, was_filled=True)
    assert flow.window == 256
    for _ in range(20):
        flow.learn(oldest_seconds=1.0, was_filled=True)
    assert flow.window == SMALLEST_WINDOW


@pytest.mark.parametrize(("count", "size"), [(1, 1), (8, 1), (9, 2), (400, 50), (1000, 50)])
def test_few_ids_are_spread_over_messages(count: int, size: int) -> None:
    ids = [uuid.uuid4() for _ in range(count)]
    made = messages(ids)
    assert [one for part in made for one in part] == ids
    assert max(map(len, made)) == size


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_flood_of_slow_jobs_does_not_delay_another_workspace(
    workspace: Any, other_workspace: Any, effects: Any, tmp_path: Path
) -> None:
    slow = {"seconds": 0.2}
    with workspace_context(workspace):
        services.enqueue_many(
            actor=Actor.system(workspace), action="probe.script", inputs=[slow] * 10_000
        )
    with own_valkey(tmp_path) as (_, url), fleet(tmp_path, url) as crew:
        crew.clock()
        crew.worker(threads=4)
        with workspace_context(workspace):
            wait_until(lambda: Job.objects.filter(state="succeeded").count() > 8, 20, crew.logs)
        with workspace_context(other_workspace):
            asked_at = timezone.now()
            services.enqueue_many(
                actor=Actor.system(other_workspace), action="probe.script", inputs=[slow] * 10
            )
            done = Job.objects.filter(state="succeeded")
            wait_until(lambda: done.count() == 10, 20, crew.logs)
            last = max(JobAttempt.objects.values_list("started_at", flat=True))
        # Counted in work and not in seconds, so that a slow machine says the same: what four
        # threads do of these jobs in ten seconds is 200 of the flood's 10,000.
        with workspace_context(workspace):
            went_first = JobAttempt.objects.filter(started_at__range=(asked_at, last)).count()
        assert went_first <= 300


@pytest.mark.django_db(transaction=True)
def test_ten_beside_a_flood_of_one_busy_account_go_out_in_the_first_round(
    workspace: Any, other_workspace: Any, effects: Any
) -> None:
    """What waits for its account stands aside: it takes neither a worker nor room in the window."""
    key = "probe.one_at_a_time"
    with workspace_context(workspace):
        flood = services.enqueue_many(
            actor=Actor.system(workspace), action=key, inputs=[{"key": "flood"}] * 500
        )
        # One of the flood is out already, and takes its time.
        DueWork.objects.filter(pk=flood[0].pk).update(
            state="running", lease_until=timezone.now() + timedelta(hours=1)
        )
        Job.objects.filter(pk=flood[0].pk).update(state="running")
    with workspace_context(other_workspace):
        services.enqueue_many(
            actor=Actor.system(other_workspace), action=key, inputs=[{"key": "ten"}] * 10
        )
    handed = dispatch.hand_out(flood[0].queue, window=20, after=0)
    assert owners(handed.ids) == {workspace.pk: 10, other_workspace.pk: 10}
    worker.run_batch(handed.ids)
    with workspace_context(other_workspace):
        assert Job.objects.filter(state="succeeded").count() == 10
    with workspace_context(workspace):
        assert not Job.objects.filter(state="succeeded").exists()
    # The flood's ten wait for their account, and the next round has its whole window.
    assert DueWork.objects.filter(state="blocked", workspace=workspace).count() == 10
    again = dispatch.hand_out(flood[0].queue, window=20, after=0)
    assert again.room == 20
