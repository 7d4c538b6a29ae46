"""Images of a workspace, for staff."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from apps.media.models import Asset, Rendition
from apps.workspaces.staff.models import ReadOnlyAdmin, ReadOnlyInline
from apps.workspaces.staff.sites import workspace_site


class RenditionInline(ReadOnlyInline):
    model = Rendition
    fields = readonly_fields = ("mime", "size", "width", "height", "created_at")


@admin.register(Asset, site=workspace_site)
class AssetAdmin(ReadOnlyAdmin):
    list_display = ("name", "mime", "size", "width", "height", "folder", "created_at", "deleted_at")
    list_filter = ("mime", "deleted_at")
    search_fields = ("name", "alt_text", "sha256")
    inlines: ClassVar = [RenditionInline]
