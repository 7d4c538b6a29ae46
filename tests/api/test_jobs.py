"""Jobs and events by REST."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Job
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.api import probes


@pytest.fixture(autouse=True)
def _actions() -> Iterator[None]:
    with probes.declared():
        yield


def put(workspace: Any, label: str = "one", **fields: Any) -> Job:
    with workspace_context(workspace):
        return orchestrator.enqueue(
            actor=Actor.system(workspace), action="probe.count", input={"label": label}, **fields
        )


def state_of(workspace: Any, job: Job) -> str:
    with workspace_context(workspace):
        return Job.objects.get(pk=job.pk).state


def test_jobs_are_listed_newest_first_and_filtered(
    api_for: Any, viewer: Any, workspace: Any
) -> None:
    jobs = [put(workspace, f"n{n}", subject=("post", str(n))) for n in range(3)]
    later = put(workspace, "later", run_at=timezone.now() + timedelta(hours=1))
    api = api_for(viewer)
    rows = api.get("jobs").json()["data"]
    assert [row["id"] for row in rows] == [str(job.pk) for job in (later, *reversed(jobs))]
    assert rows[0]["state"] == "scheduled"
    assert [r["id"] for r in api.get("jobs?state=ready,running&limit=1").json()["data"]] == [
        str(jobs[2].pk)
    ]
    assert len(api.get("jobs?subject_kind=post&subject_id=1").json()["data"]) == 1
    wrong = api.get("jobs?state=ready,sleeping")
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "state.1")


def test_who_may_cancel(
    api_for: Any, owner: Any, viewer: Any, outsider: Any, other_owner: Any, workspace: Any
) -> None:
    job = put(workspace)
    path = f"jobs/{job.pk}/cancel"
    for user, status in ((viewer, 403), (outsider, 404), (other_owner, 404)):
        assert api_for(user).post(path).status_code == status
        assert state_of(workspace, job) == "ready"
    assert api_for(owner).post(path).json()["state"] == "cancelled"
    again = api_for(owner).post(path)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "wrong_job_state")
    assert api_for(owner).post(f"jobs/{job.pk}/retry").json()["state"] == "ready"


def test_a_job_of_another_workspace_is_not_there(
    api_for: Any, owner: Any, workspace: Any, other_workspace: Any
) -> None:
    theirs = put(other_workspace)
    for method, path in [
        ("GET", f"jobs/{theirs.pk}"),
        ("POST", f"jobs/{theirs.pk}/cancel"),
        ("POST", f"jobs/{theirs.pk}/retry"),
        ("GET", f"jobs/{uuid4()}"),
    ]:
        response = api_for(owner).call(method, path, {} if method == "POST" else None)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "job_not_found")
    assert state_of(other_workspace, theirs) == "ready"


def test_rescheduling_wants_an_instant_with_an_offset(
    api_for: Any, owner: Any, workspace: Any
) -> None:
    job = put(workspace, run_at=timezone.now() + timedelta(hours=1))
    api = api_for(owner)
    naive = api.post(f"jobs/{job.pk}/reschedule", {"run_at": "2030-01-01T09:00:00"})
    assert (naive.status_code, naive.json()["error"]["field"]) == (422, "run_at")
    done = api.post(f"jobs/{job.pk}/reschedule", {"run_at": "2030-01-01T09:00:00+01:00"})
    assert done.json()["run_at"] == "2030-01-01T08:00:00.000Z"


def test_events_are_read_on_from_where_one_stopped(
    api_for: Any, owner: Any, viewer: Any, workspace: Any
) -> None:
    actor = Actor.system(workspace)
    with workspace_context(workspace):
        start = orchestrator.emit(actor=actor, kind="a.one", summary="one").sequence
        orchestrator.emit(actor=actor, kind="a.two", summary="two", subject=("post", "7"))
        orchestrator.emit(actor=actor, kind="a.secret", permission="members.manage")
    page = api_for(owner).get(f"events?after={start - 1}&limit=2").json()
    assert [row["kind"] for row in page["data"]] == ["a.one", "a.two"]
    rest = api_for(owner).get(f"events?after={page['last_sequence']}").json()
    assert [row["kind"] for row in rest["data"]] == ["a.secret"]
    seen = api_for(viewer).get(f"events?after={start - 1}").json()
    assert [row["kind"] for row in seen["data"]] == ["a.one", "a.two"]
    none = api_for(viewer).get(f"events?after={start + 9}").json()
    assert none == {"data": [], "last_sequence": start + 9}
    found = api_for(owner).get("events?kind=a.two,a.three&subject_kind=post").json()
    assert [row["subject"] for row in found["data"]] == [{"kind": "post", "id": "7"}]
    for bad in ("-1", "x", str(2**63)):
        assert api_for(owner).get(f"events?after={bad}").status_code == 422
