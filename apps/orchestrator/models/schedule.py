"""An action to be run again and again, at a wall time that is kept."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7


class Schedule(models.Model):
    """A rule in a time zone. Occurrence k is computed from the anchor, never from the last run.

    ``anchor`` is a wall time (``2026-03-01T09:00:00``, no zone): what a person typed.
    ``revision`` grows with each edit; a worker that holds an older one does nothing.
    """

    class CatchUp(models.TextChoices):
        SKIP = "skip", "Skip what was missed"
        LAST = "last", "Run the last one missed"
        ALL = "all", "Run all that were missed, up to the cap"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001  unique
    title = models.CharField(max_length=120)
    action = models.CharField(max_length=80)
    input = models.JSONField(default=dict)
    actor = models.JSONField(default=dict)
    rrule = models.CharField(max_length=300, blank=True)
    cron = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    anchor = models.CharField(max_length=19)
    ends_at = models.DateTimeField(null=True, blank=True)
    catch_up = models.CharField(max_length=4, choices=CatchUp, default=CatchUp.LAST)
    catch_up_cap = models.PositiveSmallIntegerField(default=10)
    grace_seconds = models.PositiveIntegerField(default=60)
    state = models.CharField(max_length=6, choices=State, default=State.ACTIVE)
    revision = models.PositiveIntegerField(default=1)
    next_at = models.DateTimeField(null=True, blank=True)
    last_occurrence_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="orchestrator_schedule_key"),
            models.CheckConstraint(
                condition=models.Q(rrule="", cron__gt="") | models.Q(rrule__gt="", cron=""),
                name="orchestrator_schedule_one_rule",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ScheduleException(models.Model):
    """One occurrence that is left out, or runs at another time or with another input."""

    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="exceptions", db_index=False
    )
    occurrence_at = models.DateTimeField()
    is_skipped = models.BooleanField(default=False)
    run_at = models.DateTimeField(null=True, blank=True)
    input = models.JSONField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schedule", "occurrence_at"], name="orchestrator_exception_occurrence"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.occurrence_at}"
