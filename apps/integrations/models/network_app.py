"""The app that a workspace brings for a network, instead of the installation's."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class NetworkApp(models.Model):
    """`sealed` holds the provider's `app_fields` as JSON; `client_id` is also kept readable.

    One app a network is current. One that was replaced stays while accounts that signed in with it
    need it to refresh. Read and written by services.apps only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    client_id = models.CharField(max_length=300)
    is_current = models.BooleanField(default=True)
    sealed = models.BinaryField()
    created_by = UserRef(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["provider"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "client_id"], name="integrations_network_app_once"
            ),
            models.UniqueConstraint(
                fields=["provider"],
                condition=models.Q(is_current=True),
                name="integrations_network_app_current",
            ),
        ]
