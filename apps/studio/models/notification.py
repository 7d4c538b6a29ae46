"""What one person should know, made out of an event."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class Notification(models.Model):
    """One event as one person should hear of it. A pair of person and event exists once."""

    class Tone(models.TextChoices):
        INFO = "info", "To know"
        SUCCESS = "success", "Went well"
        WARNING = "warning", "Look at this"
        DANGER = "danger", "Went wrong"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = UserRef()
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    tone = models.CharField(max_length=8, choices=Tone, default=Tone.INFO)
    title = models.CharField(max_length=300)
    body = models.CharField(max_length=500, blank=True)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "sequence"], name="studio_notification_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["person"],
                condition=models.Q(read_at__isnull=True),
                name="studio_notification_unread",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_read(self) -> bool:
        return self.read_at is not None
