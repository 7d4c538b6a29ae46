"""How much of a network's allowance an account has used: our own count, and what the network says."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class QuotaUse(models.Model):
    """One publication that counts against `rule`, a QuotaRule's name. `key` makes it count once."""

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        "integrations.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    rule = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    units = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "rule", "key"], name="integrations_quota_use_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "rule", "at"], name="integrations_quota_use_at"),
        ]


class QuotaReading(models.Model):
    """What the network itself said last; it knows of posts that were not made with Candy."""

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        "integrations.Connection", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    rule = models.CharField(max_length=60)
    used = models.PositiveBigIntegerField()
    limit = models.PositiveBigIntegerField()
    resets_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "rule"], name="integrations_quota_reading_once"
            ),
        ]
