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
    PNG's name in storage, by its content) show it as the composer did; they are made by a job soon
    afterwards. Sizes in pixels of the PNG.
    """

    class Kind(models.TextChoices):
        SCREENSHOT = "screenshot", "Screenshot"
        DRAWN = "drawn", "Drawn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    target = models.ForeignKey(
        Target, on_delete=models.CASCADE, related_name="approvals", db_index=False
    )
    revision = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    snapshot = models.JSONField(default=dict)
    html = models.TextField(blank=True)
    picture = models.CharField(max_length=300, blank=True)
    picture_kind = models.CharField(max_length=10, choices=Kind.choices, blank=True)
    picture_width = models.PositiveIntegerField(null=True)
    picture_height = models.PositiveIntegerField(null=True)
    picture_at = models.DateTimeField(null=True)
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
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                condition=models.Q(picture_kind="drawn"),
                name="knisoci_approval_drawn",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} r{self.revision}"

    @property
    def is_screenshot(self) -> bool:
        return self.picture_kind == self.Kind.SCREENSHOT

    @property
    def words(self) -> str:
        """What the picture shows, for those who do not see it."""
        account = self.snapshot.get("account", {})
        who = account.get("name") or account.get("handle") or "the channel"
        said = " ".join(str(self.snapshot.get("text") or self.snapshot.get("title") or "").split())
        said = f"{said[:200]}…" if len(said) > 200 else said
        return f"The post as approved, for {who}" + (f": {said}" if said else "")
