"""What a workspace has read, for staff."""

from __future__ import annotations

from django.contrib import admin

from apps.knowledge.models import Brand, Page, Source
from apps.workspaces.staff.models import ReadOnlyAdmin
from apps.workspaces.staff.sites import workspace_site


@admin.register(Brand, site=workspace_site)
class BrandAdmin(ReadOnlyAdmin):
    list_display = ("name", "website", "language", "updated_at")
    search_fields = ("name", "website")


@admin.register(Source, site=workspace_site)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ("address", "kind", "state", "pages_read", "pages_known", "words", "error_code")
    list_filter = ("kind", "state")
    search_fields = ("address", "title", "error")


@admin.register(Page, site=workspace_site)
class PageAdmin(ReadOnlyAdmin):
    list_display = ("url", "status", "http_status", "words", "language", "read_at")
    list_filter = ("status", "language")
    search_fields = ("url", "title")
