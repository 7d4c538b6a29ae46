"""An action to be run, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from apps.ids import uuid7


class Job(models.Model):
    """One action to be run. While it is alive, a row of the same id stands in the due-work index.

    ``scheduled`` becomes due without a write here: see ``is_due``.
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        READY = "ready", "Ready"
        RUNNING = "running", "Running"
        UNKNOWN = "unknown", "Outcome unknown"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        DEAD = "dead", "Dead"
        CANCELLED = "cancelled", "Cancelled"

    WAITING = (State.SCHEDULED, State.READY)
    ENDED = (State.SUCCEEDED, State.FAILED, State.DEAD, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    action = models.CharField(max_length=80)
    input = models.JSONField(default=dict)
    actor = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    queue = models.CharField(max_length=16, default="default")
    priority = models.SmallIntegerField(default=100)
    run_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=5)
    fence = models.BigIntegerField(default=0)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001  unique
    concurrency_keys = ArrayField(models.CharField(max_length=160), default=list, blank=True)
    concurrency_limits = ArrayField(models.SmallIntegerField(), default=list, blank=True)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    parent = models.UUIDField(null=True, blank=True)
    schedule = models.UUIDField(null=True, blank=True)
    occurrence_at = models.DateTimeField(null=True, blank=True)
    output = models.JSONField(null=True, blank=True)
    progress = models.FloatField(null=True, blank=True)
    progress_message = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    error_fingerprint = models.CharField(max_length=16, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["idempotency_key"], name="orchestrator_job_idempotency_key"
            ),
            models.UniqueConstraint(
                fields=["schedule", "occurrence_at"],
                condition=models.Q(schedule__isnull=False),
                name="orchestrator_job_occurrence",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-id"], name="orchestrator_job_state"),
            models.Index(
                fields=["error_fingerprint"],
                condition=models.Q(state__in=["dead", "failed"]),
                name="orchestrator_job_fingerprint",
            ),
            models.Index(
                fields=["subject_kind", "subject_id"],
                condition=~models.Q(subject_id=""),
                name="orchestrator_job_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"

    @property
    def is_due(self) -> bool:
        return self.state in self.WAITING and self.run_at <= timezone.now()

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def subject(self) -> tuple[str, str] | None:
        return (self.subject_kind, self.subject_id) if self.subject_id else None


class JobAttempt(models.Model):
    """One run of a job. Looks that ended in Defer leave no row."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        RETRY = "retry", "Failed, tried again"
        FAILED = "failed", "Failed for good"
        DEAD = "dead", "Failed too often"
        UNKNOWN = "unknown", "Outcome unknown"
        LOST = "lost", "The worker was lost"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="attempt_log", db_index=False
    )
    number = models.PositiveIntegerField()
    fence = models.BigIntegerField()
    worker = models.CharField(max_length=80, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    traceback = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["fence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "fence"], name="orchestrator_attempt_fence"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.number} {self.outcome}"
