"""What was changed, by whom: append-only and hash-chained."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """One change. The database refuses UPDATE and DELETE (migration 0006 has the trigger).

    Entries of a workspace form one chain; those of people and of the installation, where
    ``workspace`` is null, another. ``hash`` covers the entry and ``previous_hash``, so a row that was
    altered or taken out past the trigger shows in ``services.audit.verify``.

    Without a constraint to the workspace: its entries go with a purge on purpose, never by a cascade.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    sequence = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=12)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    actor_key_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=254, blank=True)
    change = models.JSONField(default=dict, blank=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "sequence"],
                nulls_distinct=False,
                name="workspaces_audit_sequence",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"
