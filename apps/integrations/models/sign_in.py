"""A sign-in at a network that is on its way: the browser is there, we wait for it to come back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class SignIn(models.Model):
    """Single use, ten minutes, for one person.

    `sealed` holds what the provider needs afterwards and, once the consent gave several accounts,
    those accounts with their credentials until the person has picked.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    user = UserRef()
    sealed = models.BinaryField()
    return_to = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)  # since then there is a choice to make
    picked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
