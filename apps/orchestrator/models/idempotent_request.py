"""What a client asked to have done once, and the answer it got."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class IdempotentRequest(models.Model):
    """A POST with an Idempotency-Key. ``status`` is null while the first request has no answer.

    ``token`` names the process at work; one that comes after ``lease_until`` may take over.
    """

    caller = models.CharField(max_length=40)
    route = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    token = models.UUIDField()
    lease_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["caller", "route", "key"], name="orchestrator_idempotent_request"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="orchestrator_idempotent_age"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
