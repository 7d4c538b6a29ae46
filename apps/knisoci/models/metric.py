"""What a publication earned, as the network told it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.knisoci.models.target import Target


class MetricSnapshot(models.Model):
    """Counters of one target at one moment, by Candy's metric names."""

    id = models.BigAutoField(primary_key=True)
    target = models.ForeignKey(
        Target, on_delete=models.CASCADE, related_name="snapshots", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)
    values = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["target", "at"], name="knisoci_snapshot_target"),
            models.Index(fields=["at"], name="knisoci_snapshot_at"),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.at:%Y-%m-%d %H:%M}"
