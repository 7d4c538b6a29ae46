"""One publication: this variant, on this channel, at this time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.knisoci.models.channel import Channel, LatePolicy
from apps.knisoci.models.post import Post, Variant
from apps.knisoci.transitions import TargetState


class Target(models.Model):
    """`due_at` is the instant; `wall_date`, `wall_time` and `time_zone` are what the person chose.

    `revision` grows with every edit or move; the claimer reads it again, so a change that comes
    before the claim always wins. `state` changes through transitions.move alone.

    A thread or a first comment makes several parts, which go out in order, each once: `parts_done`
    are out. A published target with fewer parts than `parts_total` is incomplete; `error` says why.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    variant = models.OneToOneField(Variant, on_delete=models.CASCADE, related_name="target")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="targets")
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="targets", db_index=False
    )
    state = models.CharField(max_length=12, choices=TargetState, default=TargetState.DRAFT)
    due_at = models.DateTimeField(null=True, blank=True)
    wall_date = models.DateField(null=True, blank=True)
    wall_time = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    in_slot = models.BooleanField(default=False)
    late_policy = models.CharField(max_length=8, choices=LatePolicy, default=LatePolicy.PUBLISH)
    late_minutes = models.PositiveIntegerField(default=60)
    revision = models.PositiveIntegerField(default=1)
    occurrence = models.PositiveIntegerField(default=0)
    parts_total = models.PositiveSmallIntegerField(default=1)
    parts_done = models.PositiveSmallIntegerField(default=0)
    job_id = models.UUIDField(null=True, blank=True)

    remote_id = models.CharField(max_length=200, blank=True)
    permalink = models.URLField(max_length=500, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)
    hold_reason = models.CharField(max_length=20, blank=True)  # a key of holding.MESSAGES
    # The last flight check: level, reasons, at, and the kind of post that it would be.
    flight = models.JSONField(default=dict, blank=True)
    # Of the content that somebody with the right to publish has let go out; see models.Approval.
    approved_hash = models.CharField(max_length=64, blank=True)
    # What the network charges Candy's app: an estimate until it is out.
    price_usd = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)

    metrics = models.JSONField(default=dict, blank=True)  # the latest snapshot's values
    metrics_at = models.DateTimeField(null=True, blank=True)
    next_metrics_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="knisoci_target_due"),
            models.Index(fields=["channel", "due_at"], name="knisoci_target_channel_due"),
            models.Index(
                fields=["state", "due_at"],
                condition=~models.Q(state__in=["draft", "published", "cancelled"]),
                name="knisoci_target_alive",
            ),
            models.Index(
                fields=["published_at"],
                condition=models.Q(state="published"),
                name="knisoci_target_published",
            ),
            models.Index(
                fields=["channel", "next_metrics_at"],
                condition=models.Q(next_metrics_at__isnull=False),
                name="knisoci_target_metrics_due",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(state="scheduled") | models.Q(due_at__isnull=False),
                name="knisoci_target_scheduled_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="published") | ~models.Q(remote_id=""),
                name="knisoci_target_published_has_remote",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def is_started(self) -> bool:
        """Whether some of it is out, so that its content may not change any more."""
        return self.parts_done > 0

    @property
    def is_incomplete(self) -> bool:
        """Published, but not to the end."""
        return self.state == TargetState.PUBLISHED and 0 < self.parts_done < self.parts_total
