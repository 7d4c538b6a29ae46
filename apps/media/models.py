"""Files of a workspace and the forms they are handed out in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class Asset(models.Model):
    """One image. `original_name` is kept for the record and never handed out: what leaves is
    `master` (decoded and written anew, turned upright, without metadata) or made from it.

    `sha256` is of the bytes as uploaded. Deleting hides an asset; posts that used it keep it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    original = models.CharField(max_length=200)  # storage names, below the workspace's prefix
    original_mime = models.CharField(max_length=40)
    original_size = models.PositiveIntegerField()
    master = models.CharField(max_length=200)
    mime = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField(default=1)
    alt_text = models.CharField(max_length=1500, blank=True)
    folder = models.CharField(max_length=120, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    uploaded_by = UserRef(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sha256"],
                condition=models.Q(deleted_at__isnull=True),
                name="media_asset_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["folder", "-id"], name="media_asset_folder"),
            GinIndex(fields=["tags"], name="media_asset_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_animated(self) -> bool:
        return self.frames > 1


class Rendition(models.Model):
    """An asset in the form a spec asks for; made once. `file` is named by its content."""

    id = models.BigAutoField(primary_key=True)
    asset = models.ForeignKey(
        Asset, on_delete=models.CASCADE, related_name="renditions", db_index=False
    )
    spec = models.CharField(max_length=32)
    file = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asset", "spec"], name="media_rendition_once"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.width}x{self.height}"
