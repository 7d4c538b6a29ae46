"""Candy's app at one server of a network that people name servers of."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7


class RegisteredApp(models.Model):
    """`sealed` is id and secret as JSON. Rows lie in the system workspace's schema: all workspaces sign
    in with the same app. Read and written by services.registering only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    server = models.CharField(max_length=300)
    redirect_uri = models.CharField(max_length=500)
    scopes = models.CharField(max_length=500)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["provider", "server"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "server", "redirect_uri", "scopes"],
                name="integrations_registered_app_once",
            ),
        ]
