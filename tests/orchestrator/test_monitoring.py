"""The monitoring page shows a workspace its own jobs, and lets those decide who may."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.orchestrator import services
from apps.orchestrator.models import Job, JobAttempt
from apps.workspaces.models import DueWork
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor


def dead_job(workspace: Any, text: str = "went wrong") -> Job:
    with workspace_context(workspace):
        job = services.enqueue(
            actor=Actor.system(workspace), action="probe.say", input={"text": "hi"}
        )
        DueWork.objects.filter(pk=job.pk).delete()
        Job.objects.filter(pk=job.pk).update(
            state="dead",
            error_message=text,
            error_code="broken",
            error_fingerprint="f" * 16,
            finished_at=timezone.now(),
        )
        now = timezone.now()
        JobAttempt.objects.create(
            job=job, number=1, fence=1, outcome="dead", started_at=now, traceback="<b>x</b>"
        )
    return job


def state_of(workspace: Any, job: Job) -> str:
    with workspace_context(workspace):
        return Job.objects.get(pk=job.pk).state


def test_the_page_shows_queues_jobs_and_the_dead_by_cause(
    workspace: Any, viewer: Any, client_for: Any
) -> None:
    dead_job(workspace)
    dead_job(workspace)
    html = client_for(viewer).get("/w/acme/jobs/").content.decode()
    assert "went wrong" in html
    assert "Dead, by cause" in html
    assert "Run all again" not in html  # a viewer may look
    assert " style=" not in html
    for view in ("waiting", "running", "unknown", "dead", "failed", "done"):
        assert client_for(viewer).get(f"/w/acme/jobs/?view={view}").status_code == 200


def test_a_job_shows_its_attempts_and_escapes_what_it_shows(
    workspace: Any, contributor: Any, client_for: Any
) -> None:
    job = dead_job(workspace)
    page = client_for(contributor).get(f"/w/acme/jobs/{job.pk}/")
    html = page.content.decode()
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "Run again" in html
    drawer = client_for(contributor).get(
        f"/w/acme/jobs/{job.pk}/", headers={"HX-Request": "true", "HX-Target": "drawer-content"}
    )
    assert b"<html" not in drawer.content


def test_replay_retry_cancel_and_resolve(workspace: Any, contributor: Any, client_for: Any) -> None:
    client = client_for(contributor)
    first, second = dead_job(workspace), dead_job(workspace)
    client.post("/w/acme/jobs/replay", {"fingerprint": "f" * 16})
    assert [state_of(workspace, job) for job in (first, second)] == ["ready", "ready"]
    assert DueWork.objects.filter(kind="job").count() == 2
    client.post(f"/w/acme/jobs/{first.pk}/cancel")
    assert state_of(workspace, first) == "cancelled"
    client.post(f"/w/acme/jobs/{first.pk}/retry")
    assert state_of(workspace, first) == "ready"
    with workspace_context(workspace):
        Job.objects.filter(pk=second.pk).update(state="unknown")
    DueWork.objects.filter(pk=second.pk).update(state="unknown")
    client.post(f"/w/acme/jobs/{second.pk}/resolve", {"happened": "yes"})
    assert state_of(workspace, second) == "succeeded"


@pytest.mark.parametrize("verb", ["cancel", "retry", "resolve"])
def test_who_may_not_decide_changes_nothing(
    workspace: Any,
    system: Any,
    viewer: Any,
    outsider: Any,
    other_owner: Any,
    client_for: Any,
    verb: str,
) -> None:
    job = dead_job(workspace)
    for person, status in ((viewer, 403), (outsider, 404), (other_owner, 404)):
        assert client_for(person).post(f"/w/acme/jobs/{job.pk}/{verb}").status_code == status
    client_for(viewer).post("/w/acme/jobs/replay", {"fingerprint": "f" * 16})
    assert state_of(workspace, job) == "dead"


def test_another_workspaces_job_is_not_found(
    workspace: Any, other_workspace: Any, other_owner: Any, client_for: Any
) -> None:
    job = dead_job(workspace)
    assert client_for(other_owner).get(f"/w/globex/jobs/{job.pk}/").status_code == 404
    assert b"went wrong" not in client_for(other_owner).get("/w/globex/jobs/").content


def test_staff_see_the_queues_of_all_workspaces_and_nobody_else(
    workspace: Any, other_workspace: Any, owner: Any, client_for: Any
) -> None:
    for where in (workspace, other_workspace):
        with workspace_context(where):
            services.enqueue(actor=Actor.system(where), action="probe.say")
    assert client_for(owner).get("/staff/jobs/").status_code == 302
    type(owner).objects.filter(pk=owner.pk).update(is_staff=True)
    html = client_for(owner).get("/staff/jobs/").content.decode()
    assert "Acme" in html
    assert "Globex" in html
    assert re.search(r"default</td>\s*<td[^>]*>2<", html)


def test_the_page_costs_no_more_with_more_jobs(
    workspace: Any, viewer: Any, client_for: Any
) -> None:
    client = client_for(viewer)
    client.get("/w/acme/jobs/")  # the first visit also notes when the person was last seen
    counts = []
    for _ in range(2):
        for _ in range(10):
            dead_job(workspace)
        with CaptureQueriesContext(connection) as captured:
            client.get("/w/acme/jobs/")
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 20
