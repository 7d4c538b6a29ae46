"""The attempt ledger: what was meant, what was sent, what came back. See docs/decisions.

A row is committed before the first call and after every stage, so that whoever comes next, after
any crash, knows exactly how far the last one got.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.knisoci.models.target import Target

IN_FLIGHT_ATTEMPTS = ("open", "unknown")


class Attempt(models.Model):
    """One try of one intent; the intent is (target, part, occurrence).

    `key` stays the same over the attempts of an intent with the same content. `fence` is the number
    of the worker that holds it: a stale worker's write matches no row. `stage` is the stage begun
    last, `stages_done` what is complete, `handles` the remote handles known so far.
    """

    class State(models.TextChoices):
        OPEN = "open", "On its way"
        UNKNOWN = "unknown", "Outcome unknown"
        SUCCEEDED = "succeeded", "Published"
        REFUSED = "refused", "Refused"
        NOT_SENT = "not_sent", "Not accepted by the network"
        UNCONFIRMED = "unconfirmed", "Nobody can tell"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    target = models.ForeignKey(
        Target, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    part = models.PositiveSmallIntegerField(default=0)
    occurrence = models.PositiveIntegerField(default=0)
    number = models.PositiveSmallIntegerField()
    connection = models.ForeignKey(
        "integrations.Connection", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    content_hash = models.CharField(max_length=64)
    key = models.UUIDField(default=uuid.uuid4)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    fence = models.BigIntegerField(default=1)
    stage = models.CharField(max_length=20, blank=True)
    stages_done = models.JSONField(default=list, blank=True)
    handles = models.JSONField(default=dict, blank=True)
    remote_id = models.CharField(max_length=200, blank=True)
    permalink = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)  # first mutating call of the intent
    called_at = models.DateTimeField(null=True, blank=True)  # the newest of this attempt
    stage_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    settle_until = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveSmallIntegerField(default=0)  # reads in a row that did not find it
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)
    was_adopted = models.BooleanField(default=False)  # found by reconcile, not by its own answer

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "part", "occurrence", "number"], name="knisoci_attempt_unique"
            ),
            models.UniqueConstraint(
                fields=["target", "part", "occurrence"],
                condition=models.Q(state__in=IN_FLIGHT_ATTEMPTS),
                name="knisoci_attempt_one_per_intent",
            ),
            # Two equal texts both go out, one after the other: reconcile never mixes them up.
            models.UniqueConstraint(
                fields=["connection", "content_hash"],
                condition=models.Q(state__in=IN_FLIGHT_ATTEMPTS),
                name="knisoci_attempt_one_per_content",
            ),
            models.UniqueConstraint(
                fields=["connection", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="knisoci_attempt_remote_claimed_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} #{self.number} {self.state}"


class ReceiptLine(models.Model):
    """One call to a network and its answer, redacted, with its meaning in plain words."""

    id = models.BigAutoField(primary_key=True)
    target = models.ForeignKey(
        Target, on_delete=models.CASCADE, related_name="receipt", db_index=False
    )
    attempt = models.ForeignKey(
        Attempt, null=True, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)
    stage = models.CharField(max_length=20)
    method = models.CharField(max_length=8)
    endpoint = models.CharField(max_length=500)
    status = models.PositiveSmallIntegerField(null=True)
    ms = models.PositiveIntegerField(default=0)
    meaning = models.CharField(max_length=200)
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)
    response_bytes = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["target", "id"], name="knisoci_receipt_target")]

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint} {self.status or 'no answer'}"
