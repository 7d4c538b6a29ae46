"""Channels, posts and the publishing ledger of a workspace, for staff. Nobody edits a ledger."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from unfold.decorators import display

from apps.knisoci.models import (
    Attempt,
    Campaign,
    Channel,
    MetricSnapshot,
    Post,
    PublishingStop,
    ReceiptLine,
    Target,
)
from apps.workspaces.staff.models import ReadOnlyAdmin, ReadOnlyInline
from apps.workspaces.staff.sites import workspace_site

_STATE_LABELS = {
    "scheduled": "info",
    "publishing": "info",
    "published": "success",
    "unknown": "warning",
    "unconfirmed": "warning",
    "held": "warning",
    "missed": "warning",
    "failed": "danger",
}


@admin.register(Channel, site=workspace_site)
class ChannelAdmin(ReadOnlyAdmin):
    list_display = ("name", "network", "time_zone", "is_paused", "is_archived", "created_at")
    list_filter = ("is_paused", "is_archived", "connection__provider")
    list_select_related = ("connection",)
    search_fields = ("name", "connection__handle")

    @display(description="Network")
    def network(self, channel: Channel) -> str:
        return channel.provider


class TargetInline(ReadOnlyInline):
    model = Target
    fields = readonly_fields = ("channel", "state", "due_at", "published_at", "permalink", "error")


@admin.register(Post, site=workspace_site)
class PostAdmin(ReadOnlyAdmin):
    list_display = ("title_shown", "campaign", "created_at", "updated_at", "id")
    list_filter = ("created_at",)
    list_select_related = ("campaign",)
    search_fields = ("id", "title", "variants__text")
    inlines: ClassVar = [TargetInline]
    ordering = ("-id",)

    @display(description="Post")
    def title_shown(self, post: Post) -> str:
        return str(post)


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = readonly_fields = (
        "number",
        "state",
        "stage",
        "remote_id",
        "created_at",
        "finished_at",
        "error_code",
    )


class ReceiptInline(ReadOnlyInline):
    model = ReceiptLine
    fields = readonly_fields = ("at", "stage", "method", "endpoint", "status", "ms", "meaning")


@admin.register(Target, site=workspace_site)
class TargetAdmin(ReadOnlyAdmin):
    list_display = ("id", "post", "channel", "state_label", "due_at", "published_at", "error_code")
    list_filter = ("state", "channel")
    list_select_related = ("post", "channel")
    search_fields = ("id", "post__title", "remote_id", "permalink", "error")
    ordering = ("-id",)
    inlines: ClassVar = [AttemptInline, ReceiptInline]

    @display(description="State", ordering="state", label=_STATE_LABELS)
    def state_label(self, target: Target) -> str:
        return str(target.state)


@admin.register(Attempt, site=workspace_site)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("target_id", "number", "state", "stage", "remote_id", "created_at", "fence")
    list_filter = ("state", "stage")
    search_fields = ("target__id", "key", "remote_id", "error_code")
    ordering = ("-id",)


@admin.register(ReceiptLine, site=workspace_site)
class ReceiptLineAdmin(ReadOnlyAdmin):
    list_display = ("at", "target_id", "stage", "method", "endpoint", "status", "ms", "meaning")
    list_filter = ("stage", "status")
    search_fields = ("target__id", "endpoint", "meaning")
    ordering = ("-id",)


@admin.register(Campaign, site=workspace_site)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ("name", "starts_on", "ends_on", "is_archived", "created_at")
    search_fields = ("name",)


@admin.register(PublishingStop, site=workspace_site)
class PublishingStopAdmin(ReadOnlyAdmin):
    list_display = ("stopped_at", "reason", "resumed_at")


@admin.register(MetricSnapshot, site=workspace_site)
class MetricSnapshotAdmin(ReadOnlyAdmin):
    list_display = ("target_id", "at", "values")
    search_fields = ("target__id",)
    ordering = ("-id",)
