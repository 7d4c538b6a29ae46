"""Who belongs to a workspace, and what they may do there."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from apps.workspaces.models.workspace import Workspace


class Role(models.Model):
    """A named set of permissions.

    Built-in roles (``workspace`` is null) take their permissions from code by ``key``, so a new
    permission needs no data migration; a workspace's own roles carry theirs in the row.
    """

    workspace = models.ForeignKey(
        Workspace, null=True, blank=True, on_delete=models.CASCADE, related_name="roles"
    )
    key = models.SlugField(max_length=32, db_index=False)
    name = models.CharField(max_length=60)
    permissions = ArrayField(models.CharField(max_length=64), default=list, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "key"], nulls_distinct=False, name="workspaces_role_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_owner(self) -> bool:
        """Whether this is the built-in role that holds everything."""
        return self.workspace_id is None and self.key == "owner"


class Membership(models.Model):
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="memberships")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "user"], name="workspaces_membership_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}"


class Invitation(models.Model):
    """An offer to join, sent by mail. Only the hash of its token is kept."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="workspaces_invitation_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.workspace_id}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()
