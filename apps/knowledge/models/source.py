"""Where a brand's text comes from, and what each page of it said."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.knowledge.models.brand import Brand
from apps.workspaces.tenancy import UserRef


class Source(models.Model):
    """One website, sitemap or uploaded document. Counts are of the last reading."""

    class Kind(models.TextChoices):
        WEBSITE = "website", "Website"
        SITEMAP = "sitemap", "Sitemap"
        DOCUMENT = "document", "Document"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READING = "reading", "Reading"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=10, choices=Kind)
    address = models.CharField(max_length=2000)  # a URL, or the file's name
    title = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error_code = models.CharField(max_length=80, blank=True)
    error = models.CharField(max_length=500, blank=True)
    pages_done = models.PositiveIntegerField(default=0)
    pages_known = models.PositiveIntegerField(default=0)
    pages_read = models.PositiveIntegerField(default=0)
    words = models.PositiveIntegerField(default=0)
    stopped_by = models.CharField(max_length=10, blank=True)  # the cap that ended the crawl
    job_id = models.UUIDField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    created_by = UserRef(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["brand", "kind", "address"], name="knowledge_source_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.address

    @property
    def is_busy(self) -> bool:
        return self.state in (self.State.WAITING, self.State.READING)

    @property
    def is_crawled(self) -> bool:
        return self.kind in (self.Kind.WEBSITE, self.Kind.SITEMAP)

    @property
    def progress(self) -> int:
        """Percent of the pages known so far."""
        if not self.pages_known:
            return 0
        return min(100, round(self.pages_done * 100 / self.pages_known))


class Page(models.Model):
    """One page or document as it was read; without text where `status` is not `read`."""

    class Status(models.TextChoices):
        READ = "read", "Read"
        DUPLICATE = "duplicate", "Same text as another page"
        REFUSED = "refused", "Not ours to read"
        MISSING = "missing", "Not found"
        FAILED = "failed", "No answer"
        UNREADABLE = "unreadable", "No text"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="pages")
    url = models.CharField(max_length=2000)
    title = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    code = models.CharField(max_length=80, blank=True)
    message = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=8, blank=True)
    words = models.PositiveIntegerField(default=0)
    bytes = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)  # sha256 of the text
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "url"], name="knowledge_page_once"),
        ]

    def __str__(self) -> str:
        return self.title or self.url
