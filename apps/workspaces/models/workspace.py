"""A workspace is a tenant and owns one PostgreSQL schema."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.workspaces.tenancy.mixins import DomainMixin, TenantMixin


class Workspace(TenantMixin):
    """One tenant. ``schema_name`` is opaque and never changes; the slug may.

    A row in state ``pool`` is a migrated, empty schema that waits for an owner and has no slug.
    """

    class State(models.TextChoices):
        POOL = "pool", "Waiting in the pool"
        PROVISIONING = "provisioning", "Being set up"
        READY = "ready", "Ready"
        SUSPENDED = "suspended", "Suspended"
        DELETING = "deleting", "Being deleted"

    auto_create_schema = False  # schemas come from services.provisioning alone
    auto_drop_schema = False

    slug = models.SlugField(max_length=48, unique=True, null=True, blank=True)
    name = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.PROVISIONING)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_system = models.BooleanField(default=False)
    is_sandbox = models.BooleanField(default=False)
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    state_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    delete_at = models.DateTimeField(null=True, blank=True)
    suspended_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_system"],
                condition=models.Q(is_system=True),
                name="workspaces_one_system_workspace",
            ),
            models.CheckConstraint(
                condition=models.Q(slug__isnull=False) | models.Q(state="pool"),
                name="workspaces_slug_unless_pool",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "id"], name="workspaces_state")]

    def __str__(self) -> str:
        return self.name or self.schema_name

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY


class Domain(DomainMixin):
    """A customer's own host name that leads to one workspace."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)


class SlugHistory(models.Model):
    """A slug that a workspace had before: old addresses lead to the new one for good."""

    slug = models.SlugField(max_length=48, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="old_slugs")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.slug
