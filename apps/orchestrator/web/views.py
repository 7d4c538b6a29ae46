"""Queues, jobs and what went wrong with them."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.orchestrator import monitoring, queries, registry, services
from apps.orchestrator.errors import JobNotFound
from apps.orchestrator.models import Job
from apps.orchestrator.permissions import MANAGE_JOBS, VIEW_JOBS
from apps.workspaces.tenancy import reverse


@require_safe
def listing(request: Any) -> HttpResponse:
    request.actor.require(VIEW_JOBS)
    view = request.GET.get("view", "")
    view = view if view in monitoring.VIEWS else ""
    rows, older = monitoring.jobs(view, before=request.GET.get("before", ""))
    for job in rows:
        job.title = monitoring.title_of(job.action)  # type: ignore[attr-defined]
    here = reverse("orchestrator:jobs")
    context = {
        "overview": monitoring.overview(),
        "groups": monitoring.dead_groups(),
        "jobs": rows,
        "older": f"{here}?view={view}&before={older}" if older else "",
        "view": view,
        "tabs": [
            (label, f"{here}?view={key}" if key else here, key == view, None)
            for key, (label, _) in monitoring.VIEWS.items()
        ],
        "may_manage": request.actor.can(MANAGE_JOBS),
    }
    return render(request, "orchestrator/job_list.html", context)


@require_safe
def detail(request: Any, job_id: uuid.UUID) -> HttpResponse:
    request.actor.require(VIEW_JOBS)
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise JobNotFound("There is no such job in this workspace.")
    action = registry.find(job.action)
    context = {
        "job": job,
        "action": action,
        "title": monitoring.title_of(job.action),
        "attempts": list(job.attempt_log.order_by("-fence")[:50]),
        "input": json.dumps(job.input, indent=2, ensure_ascii=False),
        "output": None
        if job.output is None
        else json.dumps(job.output, indent=2, ensure_ascii=False),
        "may_manage": request.actor.can(MANAGE_JOBS),
        "can_retry": job.state in ("dead", "failed", "cancelled"),
        "can_cancel": not job.has_ended,
    }
    in_drawer = request.headers.get("HX-Target") == "drawer-content"
    template = "orchestrator/job_drawer.html" if in_drawer else "orchestrator/job_detail.html"
    return render(request, template, context)


@require_POST
def cancel(request: Any, job_id: uuid.UUID) -> HttpResponse:
    job = services.cancel(actor=request.actor, job_id=job_id)
    messages.success(
        request,
        "Cancelled." if job.state == Job.State.CANCELLED else "It stops at its next safe point.",
    )
    return _back(job_id)


@require_POST
def retry(request: Any, job_id: uuid.UUID) -> HttpResponse:
    services.retry(actor=request.actor, job_id=job_id)
    messages.success(request, "It runs again now.")
    return _back(job_id)


@require_POST
def resolve(request: Any, job_id: uuid.UUID) -> HttpResponse:
    happened = request.POST.get("happened") == "yes"
    services.resolve_unknown(actor=request.actor, job_id=job_id, happened=happened)
    messages.success(request, "Kept as done." if happened else "It runs again now.")
    return _back(job_id)


@require_POST
def replay(request: Any) -> HttpResponse:
    count = services.replay_dead(
        actor=request.actor, fingerprint=request.POST.get("fingerprint", "")
    )
    messages.success(request, f"{count} {'job runs' if count == 1 else 'jobs run'} again now.")
    return redirect(reverse("orchestrator:jobs"))


@staff_member_required
@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """All workspaces: what the index knows, and nothing of what is inside."""
    context = {"queues": queries.queues(), "loads": monitoring.loads()}
    return render(request, "orchestrator/staff_jobs.html", context)


def _back(job_id: uuid.UUID) -> HttpResponse:
    return redirect(reverse("orchestrator:job", kwargs={"job_id": job_id}))
