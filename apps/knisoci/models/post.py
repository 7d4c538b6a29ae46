"""What the team writes: a post, and its text for each channel."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from apps.ids import uuid7
from apps.workspaces.tenancy import UserRef


class Campaign(models.Model):
    """Posts that belong together. `brief` holds what writers are told: goal, audience, notes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    brief = models.JSONField(default=dict, blank=True)
    color = models.CharField(max_length=7, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    is_archived = models.BooleanField(default=False)
    is_paused = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    created_by = UserRef(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """One thing to say. Its state is derived from its targets, see transitions.derived."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="posts"
    )
    title = models.CharField(max_length=200, blank=True)
    brief = models.TextField(blank=True)
    # What a program called its wish to publish, so that asking twice gives the same post.
    intent_key = models.CharField(max_length=255, null=True, blank=True, unique=True)
    author = UserRef(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.title or f"Post {self.pk}"


class Variant(models.Model):
    """The post as one channel will show it.

    `media` are asset ids in order. `format` is a key of the network's capability file, empty where
    the media decide. `thread` is a list of `{"text", "media"}`, the posts that follow; `poll` is
    `{"options", "minutes", "multiple"}` or null. `content_hash` covers all that goes out: equal
    hashes on one account are the same post to a network.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="variants", db_index=False
    )
    channel = models.ForeignKey(
        "knisoci.Channel", on_delete=models.PROTECT, related_name="variants"
    )
    text = models.TextField(blank=True)
    language = models.CharField(max_length=12, blank=True)
    media = ArrayField(models.UUIDField(), default=list, blank=True)
    options = models.JSONField(default=dict, blank=True)
    format = models.CharField(max_length=20, blank=True)
    title = models.CharField(max_length=300, blank=True)
    link = models.CharField(max_length=2000, blank=True)
    thread = models.JSONField(default=list, blank=True)
    first_comment = models.TextField(blank=True)
    poll = models.JSONField(null=True, blank=True)
    content_hash = models.CharField(max_length=64)
    voice_score = models.PositiveSmallIntegerField(null=True, blank=True)
    written_by = models.CharField(max_length=40, blank=True)  # the writer's label; "" is a person
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["post", "channel"], name="knisoci_variant_one_per_channel"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
