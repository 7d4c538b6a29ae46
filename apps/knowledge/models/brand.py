"""Who the workspace speaks for."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7


class Brand(models.Model):
    """`colours` are `#rrggbb` strings, strongest first. A workspace has one brand, its oldest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120, blank=True)
    website = models.URLField(max_length=2000, blank=True)
    description = models.TextField(max_length=2000, blank=True)
    audience = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=8, blank=True)
    colours = models.JSONField(default=list, blank=True)
    logo_url = models.URLField(max_length=2000, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name or "Unnamed brand"
