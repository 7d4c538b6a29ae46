"""Work that is put in is there once, with what it needs, or it is refused with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.errors import LimitExceeded, PermissionDenied, ValidationFailed
from apps.orchestrator import services as orchestrator
from apps.orchestrator.engine import caps
from apps.orchestrator.errors import UnknownAction, WrongState
from apps.orchestrator.models import Job
from apps.workspaces.models import DueWork
from apps.workspaces.types import Actor


def test_run_inline_validates_authorises_and_returns_the_output(
    in_workspace: Any, system: Actor, viewer: Any, actor_for: Any
) -> None:
    said = orchestrator.run(action="probe.say", actor=system, input={"text": "hi"})
    assert said.text == "HI"
    with pytest.raises(ValidationFailed) as wrong:
        orchestrator.run(action="probe.say", actor=system, input={"text": "x" * 21})
    assert wrong.value.field == "text"
    with pytest.raises(PermissionDenied):
        orchestrator.run(action="probe.manage", actor=actor_for(viewer, in_workspace))
    with pytest.raises(UnknownAction):
        orchestrator.run(action="probe.nonsense", actor=system)


def test_a_job_and_its_due_row_are_written_together(system: Actor) -> None:
    later = timezone.now() + timedelta(hours=1)
    job = orchestrator.enqueue(actor=system, action="probe.say", input={"text": "a"}, run_at=later)
    due = DueWork.objects.get(pk=job.pk)
    assert (job.state, due.state, due.run_at) == ("scheduled", "scheduled", later)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        orchestrator.enqueue(actor=system, action="probe.say")
        raise ZeroDivisionError
    assert Job.objects.count() == DueWork.objects.filter(kind="job").count() == 1


def test_the_same_idempotency_key_gives_the_same_job(system: Actor) -> None:
    first = orchestrator.enqueue(actor=system, action="probe.say", idempotency_key="k")
    again = orchestrator.enqueue(actor=system, action="probe.say", idempotency_key="k")
    assert first.pk == again.pk
    assert DueWork.objects.filter(kind="job").count() == 1


def test_nothing_is_queued_for_who_may_not_run_it(
    in_workspace: Any, viewer: Any, actor_for: Any
) -> None:
    with pytest.raises(PermissionDenied):
        orchestrator.enqueue(actor=actor_for(viewer, in_workspace), action="probe.manage")
    assert not Job.objects.exists()


def test_the_cap_refuses_and_loses_nothing(system: Actor, settings: Any) -> None:
    settings.CANDY_JOBS_WAITING_CAP = 5
    caps._counts.clear()
    for _ in range(5):
        orchestrator.enqueue(actor=system, action="probe.say")
    with pytest.raises(LimitExceeded):
        orchestrator.enqueue(actor=system, action="probe.say")
    with pytest.raises(LimitExceeded):
        orchestrator.enqueue_many(actor=system, action="probe.say", inputs=[None] * 2)
    assert Job.objects.count() == 5
    caps._counts.clear()


def test_cancel_and_reschedule_what_waits(system: Actor) -> None:
    job = orchestrator.enqueue(
        actor=system, action="probe.say", run_at=timezone.now() + timedelta(hours=1)
    )
    sooner = timezone.now() + timedelta(minutes=1)
    assert orchestrator.reschedule(actor=system, job_id=job.pk, run_at=sooner).run_at == sooner
    assert DueWork.objects.get(pk=job.pk).run_at == sooner
    assert orchestrator.cancel(actor=system, job_id=job.pk).state == Job.State.CANCELLED
    assert not DueWork.objects.filter(pk=job.pk).exists()
    with pytest.raises(WrongState):
        orchestrator.cancel(actor=system, job_id=job.pk)


def test_events_count_without_gaps_and_ask_for_delivery(in_workspace: Any, system: Actor) -> None:
    for _ in range(3):
        orchestrator.emit(actor=system, kind="probe.happened", data={"a": 1})
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        orchestrator.emit(actor=system, kind="probe.never")
        raise ZeroDivisionError
    last = orchestrator.emit(actor=system, kind="probe.happened")
    assert last.sequence == 4
    assert DueWork.objects.get(kind="events", workspace=in_workspace).signals == 4
