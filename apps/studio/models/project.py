"""A frame around work that belongs together: a launch, a client, a season."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class Project(models.Model):
    """Named once among those that are active; an archived one keeps its name and everything in it."""

    class Tone(models.TextChoices):
        ACCENT = "accent", "Raspberry"
        GRAPE = "grape", "Grape"
        MINT = "mint", "Mint"
        INFO = "info", "Sky"
        WARNING = "warning", "Honey"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=300, blank=True)
    tone = models.CharField(max_length=8, choices=Tone, default=Tone.ACCENT)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    created_by = UserRef(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.functions.Lower("name"),
                condition=models.Q(archived_at__isnull=True),
                name="studio_project_name_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(starts_on__isnull=True)
                | models.Q(ends_on__isnull=True)
                | models.Q(ends_on__gte=models.F("starts_on")),
                name="studio_project_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None
