"""Jobs and events. Actions have a module of their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from apps.orchestrator import services as orchestrator
from apps.orchestrator.api.serializers import (
    JOB_COLUMNS,
    EventPage,
    EventQuery,
    JobDetail,
    JobOut,
    JobQuery,
    RescheduleIn,
    ResolveIn,
    present_event,
    present_job,
    present_job_detail,
    present_job_model,
)
from apps.orchestrator.errors import JobNotFound
from apps.orchestrator.models import Event, Job
from apps.orchestrator.permissions import MANAGE_JOBS, VIEW_JOBS
from apps.workspaces import permissions
from apps.workspaces.api import Page, WorkspaceView, operation, paginate


class JobsView(WorkspaceView):
    @operation("List jobs", permission=VIEW_JOBS, query=JobQuery, returns=Page[JobOut])
    def get(self, request: Request, *, query: JobQuery) -> dict[str, Any]:
        asked = {
            "state__in": query.state,
            "action": query.action,
            "queue": query.queue,
            "subject_kind": query.subject_kind,
            "subject_id": query.subject_id,
        }
        rows = Job.objects.filter(**{name: value for name, value in asked.items() if value})
        return paginate(rows.values(*JOB_COLUMNS), query, present=present_job)


class JobView(WorkspaceView):
    @operation("Get a job", permission=VIEW_JOBS, returns=JobDetail)
    def get(self, request: Request, *, job_id: UUID) -> dict[str, Any]:
        job = Job.objects.filter(pk=job_id).first()
        if job is None:
            raise JobNotFound("There is no such job in this workspace.")
        return present_job_detail(job)


class JobCancelView(WorkspaceView):
    @operation("Cancel a job", permission=MANAGE_JOBS, returns=JobOut)
    def post(self, request: Request, *, job_id: UUID) -> dict[str, Any]:
        return present_job_model(orchestrator.cancel(actor=self.actor, job_id=job_id))


class JobRetryView(WorkspaceView):
    @operation("Run an ended job again", permission=MANAGE_JOBS, returns=JobOut)
    def post(self, request: Request, *, job_id: UUID) -> dict[str, Any]:
        return present_job_model(orchestrator.retry(actor=self.actor, job_id=job_id))


class JobRescheduleView(WorkspaceView):
    @operation(
        "Give a waiting job another time",
        permission=MANAGE_JOBS,
        body=RescheduleIn,
        returns=JobOut,
    )
    def post(self, request: Request, *, job_id: UUID, body: RescheduleIn) -> dict[str, Any]:
        job = orchestrator.reschedule(actor=self.actor, job_id=job_id, run_at=body.run_at)
        return present_job_model(job)


class JobResolveView(WorkspaceView):
    @operation(
        "Say whether a job of unknown outcome happened",
        permission=MANAGE_JOBS,
        body=ResolveIn,
        returns=JobOut,
    )
    def post(self, request: Request, *, job_id: UUID, body: ResolveIn) -> dict[str, Any]:
        job = orchestrator.resolve_unknown(actor=self.actor, job_id=job_id, happened=body.happened)
        return present_job_model(job)


class EventsView(WorkspaceView):
    @operation(
        "Read what happened",
        permission=permissions.VIEW,
        query=EventQuery,
        returns=EventPage,
        description=(
            "In order. Sequences that are left out are of events that the caller may not see. "
            "The same events arrive live on the websocket `/ws/w/{workspace}/events`."
        ),
    )
    def get(self, request: Request, *, query: EventQuery) -> dict[str, Any]:
        held = [p.key for p in permissions.all_permissions() if self.actor.can(p.key)]
        asked = {
            "kind__in": query.kind,
            "subject_kind": query.subject_kind,
            "subject_id": query.subject_id,
        }
        rows = Event.objects.filter(sequence__gt=query.after, permission__in=held).filter(
            **{name: value for name, value in asked.items() if value}
        )
        found = [present_event(event) for event in rows.order_by("sequence")[: query.limit]]
        last = found[-1]["sequence"] if found else query.after
        return {"data": found, "last_sequence": last}
