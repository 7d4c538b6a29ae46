"""What was asked for and what was written."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class Draft(models.Model):
    """One brief and its candidates. `brief` is an `agents.writing.Brief` as JSON."""

    class State(models.TextChoices):
        WRITING = "writing", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    brand = models.ForeignKey("knowledge.Brand", on_delete=models.CASCADE, related_name="+")
    voice = models.ForeignKey(
        "agents.VoiceVersion", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    brief = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.WRITING)
    error = models.CharField(max_length=500, blank=True)
    job_id = models.UUIDField(null=True, blank=True)
    created_by = UserRef(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]


class Candidate(models.Model):
    """One text for one network. `writer` is `built-in` or the name of the model.

    `reasons` are the score's, `findings` the guards', `sources` the passages it rests on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="candidates")
    network = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    writer = models.CharField(max_length=120)
    score = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=5)  # pass, warn, block
    reasons = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    sources = models.JSONField(default=list)
    repairs = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["network", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["draft", "network", "position"], name="agents_candidate_once"
            ),
        ]
