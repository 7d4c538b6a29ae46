"""An account on a network that this workspace may use."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.integrations import providers
from apps.integrations.providers.base import Account
from apps.workspaces.tenancy import UserRef


class Connection(models.Model):
    """One account; its credentials are in Secret. Connecting again brings the same row back."""

    class State(models.TextChoices):
        ACTIVE = "active", "Connected"
        EXPIRED = "expired", "Sign-in expired"
        REVOKED = "revoked", "Access withdrawn"
        ERROR = "error", "Not reachable"
        DISCONNECTED = "disconnected", "Disconnected"

    # A person has to act before anything goes out again.
    DEAD = (State.EXPIRED, State.REVOKED, State.DISCONNECTED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    host = models.CharField(max_length=300)  # base address of the API
    app_id = models.CharField(max_length=300, blank=True)  # client id of the app that signed in
    remote_id = models.CharField(max_length=300)
    handle = models.CharField(max_length=300)
    name = models.CharField(max_length=300, blank=True)
    avatar_url = models.CharField(max_length=2000, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    scopes = models.JSONField(default=list, blank=True)
    limits = models.JSONField(default=dict, blank=True)  # see providers.base.Account.limits
    expires_at = models.DateTimeField(null=True, blank=True)
    renewed_at = models.DateTimeField(null=True, blank=True)  # when the access began
    warned_for = models.DateTimeField(null=True, blank=True)  # the end that people were told of
    last_checked_at = models.DateTimeField(null=True, blank=True)
    last_error_code = models.CharField(max_length=80, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_by = UserRef(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "host", "remote_id"], name="integrations_account_once"
            ),
        ]

    def __str__(self) -> str:
        return self.handle

    @property
    def account(self) -> Account:
        return Account(
            remote_id=self.remote_id,
            handle=self.handle,
            name=self.name,
            avatar_url=self.avatar_url,
            host=self.host,
            limits=self.limits,
        )

    @property
    def is_usable(self) -> bool:
        """Whether publishing may be tried; an unreachable network may come back by itself."""
        return self.state not in self.DEAD and providers.is_here(self.provider)

    @property
    def is_sandbox(self) -> bool:
        return self.host.startswith(settings.CANDY_SANDBOX_URL)
