"""Bases for the staff's lists: all staff look, superusers change, nobody edits a ledger."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline


class StaffAdmin(ModelAdmin):
    """Staff see it; superusers change it. Lists are short pages without an exact count."""

    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True
    list_fullwidth = True
    warn_unsaved_form = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _looks(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _looks(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _changes(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _changes(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _changes(request)


class ReadOnlyAdmin(StaffAdmin):
    """For rows that only Candy's services write: ledgers, secrets' envelopes, work in progress."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(UnfoldTabularInline):
    """Rows below their parent, to look at."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _looks(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def as_json(value: Any) -> str:
    """``value`` as indented JSON for a detail page, escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="whitespace-pre-wrap text-xs">{}</pre>', text)


def _looks(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.is_active and user.is_staff)


def _changes(request: HttpRequest) -> bool:
    user: Any = request.user
    return _looks(request) and bool(user.is_superuser)
