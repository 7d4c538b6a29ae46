"""The installation looks after itself by jobs like any other."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.errors import PermissionDenied
from apps.orchestrator import WHEN_IDLE, queries, services, sync
from apps.orchestrator.models import Event, Job, Schedule
from apps.orchestrator.services import upkeep, watching
from apps.workspaces.models import DueWork, Workspace
from apps.workspaces.tenancy import public_context, workspace_context
from apps.workspaces.types import Actor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(db: None) -> Iterator[Actor]:
    """Candy at work in the system workspace."""
    workspace = Workspace.objects.get(is_system=True)
    with workspace_context(workspace):
        yield Actor.system(workspace)


def old(job: Job, days: int) -> None:
    Job.objects.filter(pk=job.pk).update(
        created_at=timezone.now() - timedelta(days=days),
        finished_at=timezone.now() - timedelta(days=days),
    )


def test_the_duties_are_scheduled_once_however_often_it_is_prepared(house: Actor) -> None:
    call_command("ensure_system_schedules")
    before = {s.key: (s.pk, s.revision) for s in Schedule.objects.all()}
    call_command("ensure_system_schedules")
    assert {s.key: (s.pk, s.revision) for s in Schedule.objects.all()} == before
    assert {"system.watch", "system.monitor_logs", "system.sync_data"} <= before.keys()
    assert DueWork.objects.filter(kind="schedule").count() == len(before)


def test_a_duty_fires_and_runs(house: Actor, drive: Any) -> None:
    services.ensure_system_schedules()
    Schedule.objects.filter(key="system.watch").update(next_at=timezone.now())
    watch = Schedule.objects.get(key="system.watch")
    DueWork.objects.filter(pk=watch.pk).update(run_at=timezone.now())
    drive(until=lambda: Job.objects.filter(action="system.watch", state="succeeded").exists())


def test_duties_are_not_for_workspaces(system: Actor) -> None:
    for key in (
        "system.watch",
        "system.run_maintenance",
        "system.sync_data",
        "system.monitor_logs",
    ):
        with pytest.raises(PermissionDenied):
            services.run(action=key, actor=system)


def test_a_late_queue_is_said_once(house: Actor, settings: Any) -> None:
    settings.CANDY_QUEUE_AGE_ALERT_SECONDS = 5
    job = services.enqueue(actor=house, action="probe.checkable")
    DueWork.objects.filter(pk=job.pk).update(run_at=timezone.now() - timedelta(seconds=30))
    for _ in range(2):
        found = services.run(action="system.watch", actor=house)
        assert found.late_queues == ["publish"]
    event = Event.objects.get(kind="system.queue_late")
    assert event.subject_id == "publish"
    assert event.data["ready"] == 1


def test_work_that_nobody_waits_for_makes_no_queue_late(house: Actor) -> None:
    job = services.enqueue(actor=house, action="probe.checkable", priority=WHEN_IDLE)
    DueWork.objects.filter(pk=job.pk).update(run_at=timezone.now() - timedelta(hours=1))
    assert services.run(action="system.watch", actor=house).late_queues == []
    (publish,) = [one for one in queries.queues() if one.name == "publish"]
    assert (publish.ready, publish.lateness_seconds) == (1, 0.0)


def test_new_kinds_of_errors_are_reported_once(
    house: Actor, workspace: Any, other_workspace: Any, drive: Any, effects: Any
) -> None:
    for where in (workspace, other_workspace):
        with workspace_context(where):
            services.enqueue(
                actor=Actor.system(where), action="probe.script", input={"steps": ["final"]}
            )
    drive()
    services.enqueue(actor=house, action="system.monitor_logs")
    drive()
    event = Event.objects.get(kind="system.new_errors")
    (group,) = event.data["groups"]
    assert (group["code"], group["count"], group["workspaces"]) == ("invalid", 2, 2)
    services.enqueue(actor=house, action="system.monitor_logs")
    drive()
    assert Event.objects.filter(kind="system.new_errors").count() == 1


def test_errors_in_the_log_are_grouped_from_where_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "candy.log"
    lines = [{"level": "error", "logger": "a", "event": "broke"}] * 3 + [
        {"level": "info", "event": "x"}
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + '\nnot json\n{"level": "err')
    groups, offset = watching.log_groups(path, 0)
    assert groups == [{"logger": "a", "event": "broke", "count": 3}]
    with path.open("a") as file:
        file.write('or", "logger": "b", "event": "later"}\n')
    groups, offset = watching.log_groups(path, offset)
    assert groups == [{"logger": "b", "event": "later", "count": 1}]
    path.write_text('{"level": "error", "logger": "c", "event": "rotated"}\n')
    assert watching.log_groups(path, offset)[0][0]["event"] == "rotated"


def test_maintenance_tidies_every_workspace_once_a_day(
    house: Actor, workspace: Any, drive: Any
) -> None:
    with workspace_context(workspace):
        system = Actor.system(workspace)
        recent = services.enqueue(actor=system, action="probe.noop")
        past = services.enqueue(actor=system, action="probe.noop")
        drive()
        old(past, 40)
    first = services.run(action="system.run_maintenance", actor=house)
    assert first.vacuumed
    assert first.workspaces == 3
    services.run(action="system.run_maintenance", actor=house)
    drive()
    with workspace_context(workspace):
        tidied = Job.objects.get(action="workspace.tidy")
        assert (tidied.state, tidied.output["jobs_removed"]) == ("succeeded", 1)
        assert Job.objects.filter(pk=recent.pk).exists()
        assert not Job.objects.filter(pk=past.pk).exists()


def test_what_lost_its_row_comes_back_and_what_lost_its_job_goes(
    system: Any, workspace: Any, drive: Any, effects: Any
) -> None:
    plain = services.enqueue(actor=system, action="probe.script")
    doubtful = services.enqueue(actor=system, action="probe.checkable")
    unrelated = services.enqueue(
        actor=system, action="probe.noop", run_at=timezone.now() + timedelta(hours=1)
    )
    DueWork.objects.filter(pk__in=[plain.pk, doubtful.pk]).delete()
    Job.objects.filter(pk=doubtful.pk).update(state="running", attempts=1)
    Job.objects.update(created_at=timezone.now() - timedelta(hours=1))
    stray = DueWork.objects.create(
        job_id=uuid.uuid4(),
        workspace=workspace,
        queue="default",
        run_at=timezone.now() + timedelta(hours=1),
        state="scheduled",
    )
    DueWork.objects.filter(pk=stray.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert upkeep.repair() == (2, 1)
    assert DueWork.objects.get(pk=doubtful.pk).kind == "recover"
    assert upkeep.repair() == (0, 0)
    drive()
    plain.refresh_from_db()
    doubtful.refresh_from_db()
    assert (plain.state, doubtful.state) == ("succeeded", "succeeded")
    assert doubtful.output == {"text": "found"}
    assert DueWork.objects.filter(pk=unrelated.pk).exists()


def test_syncs_are_queued_once_per_period_in_each_workspace(
    house: Actor, workspace: Any, other_workspace: Any
) -> None:
    sync.register("probe.noop", every=timedelta(hours=1))
    try:
        found = services.run(action="system.sync_data", actor=house)
        assert found.queued["probe.noop"] == 2
        again = services.run(action="system.sync_data", actor=house)
        assert again.queued["probe.noop"] == 0
    finally:
        sync.forget("probe.noop")
    for where in (workspace, other_workspace):
        with workspace_context(where):
            assert Job.objects.filter(action="probe.noop").count() == 1
    assert not Job.objects.filter(action="probe.noop").exists()


def test_events_that_somebody_still_waits_for_are_kept(system: Any, drive: Any) -> None:
    services.emit(actor=system, kind="probe.old")
    services.emit(actor=system, kind="probe.old")
    drive()
    services.emit(actor=system, kind="probe.old")
    Event.objects.update(at=timezone.now() - timedelta(days=400))
    assert upkeep.tidy().events_removed == 2
    assert Event.objects.get().sequence == 3


def test_a_workspace_whose_days_are_over_is_removed(house: Actor, other_workspace: Any) -> None:
    from apps.workspaces.services.provisioning import _create_by_replay

    with public_context():
        gone = _create_by_replay("Gone", "gone-for-good", "UTC", False)
    Workspace.objects.filter(pk=gone.pk).update(
        state="deleting", delete_at=timezone.now() - timedelta(minutes=1)
    )
    assert services.run(action="system.purge_workspaces", actor=house).removed == 1
    assert not Workspace.objects.filter(pk=gone.pk).exists()
    assert Workspace.objects.filter(pk=other_workspace.pk).exists()
