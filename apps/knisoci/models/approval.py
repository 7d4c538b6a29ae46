"""What somebody let go out, kept as it was: later edits do not change it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.knisoci.models.target import Target
from apps.workspaces.tenancy import UserRef


class Approval(models.Model):
    """One revision of a target as it stood when it was scheduled or approved.

    `snapshot` has all that would go out, see services.approving.snapshot. `html` and `picture` (a
    PNG's name in storage) show it as the composer did; they are made by a job soon afterwards.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    target = models.ForeignKey(
        Target, on_delete=models.CASCADE, related_name="approvals", db_index=False
    )
    revision = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    snapshot = models.JSONField(default=dict)
    html = models.TextField(blank=True)
    picture = models.CharField(max_length=300, blank=True)
    approved_by = UserRef(null=True)
    approved_by_label = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["approved_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "content_hash"], name="knisoci_approval_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} r{self.revision}"
