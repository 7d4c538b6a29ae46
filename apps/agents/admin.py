"""Voices, drafts and what models cost, for staff. Model keys are on no page."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from unfold.decorators import display

from apps.agents.models import Budget, Candidate, Draft, ModelUsage, SpendingMonth, VoiceVersion
from apps.workspaces.staff.models import ReadOnlyAdmin, ReadOnlyInline, as_json
from apps.workspaces.staff.sites import workspace_site


@admin.register(VoiceVersion, site=workspace_site)
class VoiceVersionAdmin(ReadOnlyAdmin):
    list_display = ("number", "profile", "origin", "note", "created_at")
    list_filter = ("origin",)
    list_select_related = ("profile",)
    search_fields = ("note",)
    exclude = ("data",)
    readonly_fields = ("data_shown",)

    @display(description="Voice")
    def data_shown(self, version: VoiceVersion) -> str:
        return as_json(version.data)


@admin.register(ModelUsage, site=workspace_site)
class ModelUsageAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "purpose",
        "provider",
        "model",
        "outcome",
        "tokens_in",
        "tokens_out",
        "cost_micros",
        "milliseconds",
    )
    list_filter = ("provider", "purpose", "outcome")
    search_fields = ("model", "error_code", "job_id")
    ordering = ("-id",)


@admin.register(SpendingMonth, site=workspace_site)
class SpendingMonthAdmin(ReadOnlyAdmin):
    list_display = ("month_date", "spent_micros", "reserved_micros")


@admin.register(Budget, site=workspace_site)
class BudgetAdmin(ReadOnlyAdmin):
    list_display = ("monthly_micros", "updated_at")


class CandidateInline(ReadOnlyInline):
    model = Candidate
    fields = readonly_fields = ("network", "position", "writer", "score", "verdict", "text")


@admin.register(Draft, site=workspace_site)
class DraftAdmin(ReadOnlyAdmin):
    list_display = ("id", "state", "created_at")
    list_filter = ("state",)
    search_fields = ("id", "error")
    inlines: ClassVar = [CandidateInline]
