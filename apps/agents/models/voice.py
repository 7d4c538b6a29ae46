"""A brand's voice and every version it had."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.agents.voice import VoiceData
from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class VoiceProfile(models.Model):
    """`current` is the version that writers and scores use; it is always one of `versions`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    brand = models.OneToOneField("knowledge.Brand", on_delete=models.CASCADE, related_name="voice")
    current = models.ForeignKey(
        "agents.VoiceVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)


class VoiceVersion(models.Model):
    """One state of a voice; never changed once written. `data` is a `VoiceData` as JSON."""

    class Origin(models.TextChoices):
        LEARNED = "learned", "Learned"
        EDITED = "edited", "Edited"
        RESTORED = "restored", "Restored"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    profile = models.ForeignKey(VoiceProfile, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=10, choices=Origin)
    note = models.CharField(max_length=200, blank=True)
    data = models.JSONField()
    created_by = UserRef(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["profile", "number"], name="agents_version_number_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    @property
    def voice(self) -> VoiceData:
        return VoiceData.model_validate(self.data)
