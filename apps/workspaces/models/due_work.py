"""The due-work index: one row in ``public`` for each piece of work that is alive.

What a job says and did lives in its workspace's schema. Here is only what the clock needs to find
and claim due work of all workspaces with one query.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from apps.workspaces.models.workspace import Workspace


class DueWork(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for its time"
        DISPATCHED = "dispatched", "A worker was told"
        RUNNING = "running", "Running"
        UNKNOWN = "unknown", "Outcome unknown"

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    job_id = models.UUIDField(primary_key=True)
    queue = models.CharField(max_length=16)
    priority = models.SmallIntegerField(default=100)
    run_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    concurrency_keys = ArrayField(models.CharField(max_length=120), default=list)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["queue", "workspace", "run_at"],
                condition=models.Q(state="waiting"),
                name="workspaces_due_waiting",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state__in=["dispatched", "running"]),
                name="workspaces_due_leases",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.state}"
