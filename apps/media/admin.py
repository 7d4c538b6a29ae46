"""Files of a workspace, for staff."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from apps.media.models import Asset, Caption, Rendition, Upload
from apps.workspaces.staff.models import ReadOnlyAdmin, ReadOnlyInline
from apps.workspaces.staff.sites import workspace_site


class RenditionInline(ReadOnlyInline):
    model = Rendition
    fields = readonly_fields = ("mime", "size", "width", "height", "created_at")


class CaptionInline(ReadOnlyInline):
    model = Caption
    fields = readonly_fields = ("language", "name", "cues", "created_at")


@admin.register(Asset, site=workspace_site)
class AssetAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "kind",
        "mime",
        "size",
        "width",
        "height",
        "folder",
        "created_at",
        "deleted_at",
    )
    list_filter = ("kind", "mime", "deleted_at")
    search_fields = ("name", "alt_text", "sha256")
    inlines: ClassVar = [RenditionInline, CaptionInline]


@admin.register(Upload, site=workspace_site)
class UploadAdmin(ReadOnlyAdmin):
    """Why a file was refused, without asking for it."""

    list_display = ("name", "state", "size", "error_code", "created_at", "finished_at")
    list_filter = ("state", "error_code")
    search_fields = ("name", "error_code")
