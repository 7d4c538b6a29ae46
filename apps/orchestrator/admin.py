"""Jobs, attempts, events and schedules of a workspace, for staff."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from unfold.decorators import display

from apps.orchestrator.models import (
    Event,
    FailedDelivery,
    IdempotentRequest,
    Job,
    JobAttempt,
    Schedule,
    SubscriberCursor,
)
from apps.workspaces.staff.models import ReadOnlyAdmin, ReadOnlyInline, as_json
from apps.workspaces.staff.sites import workspace_site

_STATE_LABELS = {
    "ready": "info",
    "running": "info",
    "succeeded": "success",
    "unknown": "warning",
    "failed": "danger",
    "dead": "danger",
}


class AttemptInline(ReadOnlyInline):
    model = JobAttempt
    fields = readonly_fields = (
        "number",
        "outcome",
        "worker",
        "started_at",
        "finished_at",
        "error_code",
        "error_message",
    )


@admin.register(Job, site=workspace_site)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("action", "state_label", "queue", "run_at", "attempts", "error_code", "id")
    list_filter = ("state", "queue", "action")
    search_fields = ("id", "action", "subject_id", "error_code", "error_message")
    ordering = ("-id",)
    exclude = ("input", "output", "actor")
    readonly_fields = ("input_shown", "output_shown", "actor_shown")
    inlines: ClassVar = [AttemptInline]

    @display(description="State", ordering="state", label=_STATE_LABELS)
    def state_label(self, job: Job) -> str:
        return job.state

    @display(description="Input")
    def input_shown(self, job: Job) -> str:
        return as_json(job.input)

    @display(description="Output")
    def output_shown(self, job: Job) -> str:
        return as_json(job.output)

    @display(description="Asked by")
    def actor_shown(self, job: Job) -> str:
        return as_json(job.actor)


@admin.register(JobAttempt, site=workspace_site)
class JobAttemptAdmin(ReadOnlyAdmin):
    list_display = ("job", "number", "outcome", "worker", "started_at", "finished_at", "error_code")
    list_filter = ("outcome",)
    list_select_related = ("job",)
    search_fields = ("job__id", "job__action", "worker", "error_code", "error_message")
    ordering = ("-id",)


@admin.register(Event, site=workspace_site)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("sequence", "kind", "summary", "subject_kind", "subject_id", "at")
    list_filter = ("kind", "subject_kind")
    search_fields = ("kind", "summary", "subject_id")
    ordering = ("-sequence",)
    exclude = ("data", "actor")
    readonly_fields = ("data_shown", "actor_shown")

    @display(description="Data")
    def data_shown(self, event: Event) -> str:
        return as_json(event.data)

    @display(description="Done by")
    def actor_shown(self, event: Event) -> str:
        return as_json(event.actor)


@admin.register(Schedule, site=workspace_site)
class ScheduleAdmin(ReadOnlyAdmin):
    list_display = ("title", "action", "state", "next_at", "time_zone", "last_occurrence_at")
    list_filter = ("state", "action")
    search_fields = ("title", "key", "action")


@admin.register(SubscriberCursor, site=workspace_site)
class SubscriberCursorAdmin(ReadOnlyAdmin):
    list_display = ("name", "sequence", "failures", "retry_at")
    search_fields = ("name", "last_error")


@admin.register(FailedDelivery, site=workspace_site)
class FailedDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("subscriber", "sequence", "failed_at")
    list_filter = ("subscriber",)
    search_fields = ("subscriber", "error")


@admin.register(IdempotentRequest, site=workspace_site)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    """Answers are the customer's data and not shown."""

    list_display = ("route", "caller", "key", "status", "created_at", "lease_until")
    list_filter = ("status",)
    search_fields = ("route", "caller", "key")
    exclude = ("body", "headers", "token", "digest")
