"""What happened in a workspace, in order, and how far each listener has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class Event(models.Model):
    """Something that happened, written in the transaction that made it happen.

    ``sequence`` counts from 1 without gaps within the workspace, in order of commit.
    ``permission`` is needed to see it.
    """

    sequence = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    summary = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict, blank=True)
    actor = models.JSONField(default=dict, blank=True)
    permission = models.CharField(max_length=64, default="workspace.view")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["sequence"]
        indexes: ClassVar = [
            models.Index(
                fields=["subject_kind", "subject_id", "sequence"],
                condition=~models.Q(subject_id=""),
                name="orchestrator_event_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"

    @property
    def subject(self) -> tuple[str, str] | None:
        return (self.subject_kind, self.subject_id) if self.subject_id else None


class EventCounter(models.Model):
    """One row: the last sequence given out. Its lock is what makes sequences free of gaps."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    value = models.BigIntegerField(default=0)


class SubscriberCursor(models.Model):
    """How far a subscriber has come. A failing event holds it up, then is set aside."""

    name = models.CharField(max_length=60, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.sequence}"


class FailedDelivery(models.Model):
    """An event that a subscriber could not take, kept so that it can be delivered again."""

    subscriber = models.CharField(max_length=60)
    sequence = models.BigIntegerField()
    error = models.TextField(blank=True)
    failed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subscriber", "sequence"], name="orchestrator_failed_delivery"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} {self.sequence}"
