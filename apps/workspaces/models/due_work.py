"""The due-work index: one row in ``public`` for each piece of work that is alive.

What a job says and did lives in its workspace's schema. Here is only what the clock and the workers
need to find, claim and give back work of all workspaces with one query each.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from apps.workspaces.models.workspace import Workspace


class DueWork(models.Model):
    """``fence`` grows with each claim: a write that carries an older one matches no row.

    Written by ``apps.orchestrator.engine`` alone, in SQL.
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "Waiting for its time"
        READY = "ready", "Due, waiting for a worker"
        BLOCKED = "blocked", "Due, waiting for a concurrency key"
        DISPATCHED = "dispatched", "A worker was told"
        RUNNING = "running", "Running"
        UNKNOWN = "unknown", "Outcome unknown, a person decides"

    class Kind(models.TextChoices):
        JOB = "job", "Run the job"
        RECOVER = "recover", "Find out what became of the job"
        EVENTS = "events", "Deliver the workspace's events"
        SCHEDULE = "schedule", "Make the schedule's next job"

    job_id = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.JOB, db_default=Kind.JOB)
    effect = models.CharField(max_length=10, default="none", db_default="none")
    queue = models.CharField(max_length=16)
    priority = models.SmallIntegerField(default=100, db_default=100)
    run_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.SCHEDULED)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0, db_default=0)
    # Grows with each reason to run; a worker removes the row only if it saw the last one.
    signals = models.BigIntegerField(default=0, db_default=0)
    cancel_wanted = models.BooleanField(default=False, db_default=False)
    concurrency_keys = ArrayField(models.CharField(max_length=160), default=list, db_default=[])
    concurrency_limits = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [
            # Future work, by time: what has become due is moved to ready, at a cost that grows with
            # what became due and not with what waits.
            models.Index(
                fields=["run_at"],
                condition=models.Q(state="scheduled"),
                name="workspaces_due_scheduled",
            ),
            # Due work: hop from workspace to workspace, take the first few of each.
            models.Index(
                fields=["queue", "workspace", "priority", "run_at"],
                condition=models.Q(state="ready"),
                name="workspaces_due_ready",
            ),
            # Work in hand, by lease: reaping, counting and concurrency keys look only here.
            models.Index(
                fields=["state", "lease_until"],
                condition=models.Q(state__in=["blocked", "dispatched", "running"]),
                name="workspaces_due_in_hand",
            ),
            # Who waits for a key, for the worker that gives it back.
            GinIndex(
                fields=["concurrency_keys"],
                condition=models.Q(state="blocked"),
                name="workspaces_due_blocked",
            ),
            models.Index(fields=["workspace"], name="workspaces_due_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.job_id} {self.state}"
