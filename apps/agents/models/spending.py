"""Keys to models, what their calls cost, and the budget that stops them. Money is micro-dollars."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class ModelKey(models.Model):
    """A way to a model provider. `sealed` is the key under the workspace's own data key."""

    class Provider(models.TextChoices):
        OPENAI = "openai", "OpenAI-compatible"
        ANTHROPIC = "anthropic", "Anthropic"
        GOOGLE = "google", "Google Gemini"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=12, choices=Provider)
    name = models.CharField(max_length=80)
    base_url = models.CharField(max_length=500, blank=True)
    model = models.CharField(max_length=120)
    sealed = models.BinaryField(default=bytes, blank=True)
    hint = models.CharField(max_length=12, blank=True)  # last characters, to tell keys apart
    position = models.PositiveSmallIntegerField(default=0)  # order of trying
    purposes = models.JSONField(default=list, blank=True)  # empty: any
    is_enabled = models.BooleanField(default=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_by = UserRef(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["position", "created_at"]

    def __str__(self) -> str:
        return self.name


class Budget(models.Model):
    """What the workspace may spend on models in a calendar month (UTC). One row, id 1."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    monthly_micros = models.BigIntegerField(
        null=True, blank=True, validators=[MinValueValidator(0)]
    )  # None: no limit
    updated_by = UserRef(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="agents_one_budget"),
        ]


class SpendingMonth(models.Model):
    """Running totals of one month. `reserved` is held by calls under way."""

    month_date = models.DateField(primary_key=True)  # the first of the month
    spent_micros = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)


class ModelUsage(models.Model):
    """One call to a model, also a failed one. Rows are only ever added, then settled once."""

    class Outcome(models.TextChoices):
        STARTED = "started", "Under way"
        OK = "ok", "Answered"
        FAILED = "failed", "Failed"
        REFUSED = "refused", "Stopped by the budget"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=40)
    provider = models.CharField(max_length=12)
    model = models.CharField(max_length=120)
    key = models.ForeignKey(ModelKey, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.STARTED)
    error_code = models.CharField(max_length=80, blank=True)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)
    is_priced = models.BooleanField(default=True)  # False: the price table does not know the model
    milliseconds = models.PositiveIntegerField(default=0)
    job_id = models.UUIDField(null=True, blank=True)
    user = UserRef(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="agents_usage_recent")]
