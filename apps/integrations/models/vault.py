"""Where secrets lie: never readable without the installation's master key."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7


class DataKey(models.Model):
    """A random key of this workspace, wrapped by the master key. The highest version seals.

    It lives in the workspace's schema: when the schema goes, what it sealed is gone for good.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.PositiveIntegerField(unique=True)
    master_id = models.CharField(max_length=16)  # which master key wrapped it
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["version"]


class Secret(models.Model):
    """One sealed value of a connection. Read and written by services.connections only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(
        "integrations.Connection", on_delete=models.CASCADE, related_name="secrets"
    )
    field = models.CharField(max_length=40)
    sealed = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "field"], name="integrations_secret_once"
            ),
        ]
