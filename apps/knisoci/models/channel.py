"""Where posts go out: an account of a network with a rhythm of its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class LatePolicy(models.TextChoices):
    """What happens to a post whose time has passed while Candy could not send it."""

    PUBLISH = "publish", "Publish up to some minutes late"
    HOLD = "hold", "Hold and ask"


class QuotaPolicy(models.TextChoices):
    """What happens to a post that the network would not take any more that day."""

    NEXT_SLOT = "next_slot", "Move it to the next free slot"
    HOLD = "hold", "Hold it and ask"


class Channel(models.Model):
    """One connected account as the team plans it.

    `slots` is a list of `[weekday, "HH:MM"]` (Monday is 0) in `time_zone`'s wall time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(
        "integrations.Connection", on_delete=models.PROTECT, related_name="channels"
    )
    name = models.CharField(max_length=120)
    color = models.CharField(max_length=7, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    slots = models.JSONField(default=list, blank=True)
    late_policy = models.CharField(max_length=8, choices=LatePolicy, default=LatePolicy.PUBLISH)
    late_minutes = models.PositiveIntegerField(default=60)
    quota_policy = models.CharField(
        max_length=9, choices=QuotaPolicy, default=QuotaPolicy.NEXT_SLOT
    )
    is_paused = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(is_archived=False),
                name="knisoci_channel_one_per_connection",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def provider(self) -> str:
        """Key of the network. Needs `connection` loaded."""
        key: str = self.connection.provider
        return key

    @property
    def is_connected(self) -> bool:
        """Whether the account still lets us in. Needs `connection` loaded."""
        return bool(self.connection.is_usable)


class PublishingStop(models.Model):
    """The workspace's emergency stop: while an open row exists, nothing goes out."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reason = models.CharField(max_length=200, blank=True)
    stopped_by = UserRef(null=True)
    stopped_at = models.DateTimeField(default=timezone.now, editable=False)
    resumed_by = UserRef(null=True)
    resumed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["resumed_at"],
                condition=models.Q(resumed_at__isnull=True),
                nulls_distinct=False,
                name="knisoci_one_open_stop",
            ),
        ]

    def __str__(self) -> str:
        return f"Stopped {self.stopped_at:%Y-%m-%d %H:%M}"
