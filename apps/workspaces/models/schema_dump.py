"""The template schema as SQL, replayed to make a new workspace's schema."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class SchemaDump(models.Model):
    """``digest`` names the migration leaves that the dump was taken at."""

    digest = models.CharField(max_length=64, primary_key=True)
    sql = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.digest[:12]
