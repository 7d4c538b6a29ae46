"""Workspaces, their people and their keys, for staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from apps.errors import DomainError
from apps.workspaces.models import (
    ApiKey,
    Domain,
    DueWork,
    Invitation,
    Membership,
    Role,
    SchemaDump,
    SlugHistory,
    Workspace,
)
from apps.workspaces.services import lifecycle
from apps.workspaces.staff.models import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

_STATE_LABELS = {
    "ready": "success",
    "provisioning": "info",
    "suspended": "warning",
    "deleting": "danger",
}


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = readonly_fields = ("user", "role", "created_at", "last_seen_at")


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """State changes go through the services, as actions; nothing here is edited by hand."""

    list_display = ("title", "slug", "state_label", "is_sandbox", "created_at", "inside")
    list_filter = ("state", "is_sandbox", "is_system")
    search_fields = ("name", "slug", "schema_name")
    ordering = ("-id",)
    inlines: ClassVar = [MembershipInline]
    actions: ClassVar = ["suspend", "resume", "delete_softly", "restore"]

    @admin.action(description="Suspend: close for members, lose nothing", permissions=["state"])
    def suspend(self, request: HttpRequest, chosen: Any) -> None:
        self._each(
            request,
            chosen,
            lambda actor: lifecycle.suspend(actor=actor, reason="Suspended by staff"),
        )

    @admin.action(description="Resume: open again", permissions=["state"])
    def resume(self, request: HttpRequest, chosen: Any) -> None:
        self._each(request, chosen, lambda actor: lifecycle.resume(actor=actor))

    @admin.action(description="Delete: for good after the days of grace", permissions=["state"])
    def delete_softly(self, request: HttpRequest, chosen: Any) -> None:
        slugs = {workspace.pk: workspace.slug or "" for workspace in chosen}
        self._each(
            request,
            chosen,
            lambda actor: lifecycle.delete(actor=actor, confirm=slugs[actor.workspace_id]),
        )

    @admin.action(description="Bring back a deleted workspace", permissions=["state"])
    def restore(self, request: HttpRequest, chosen: Any) -> None:
        self._each(request, chosen, lambda actor: lifecycle.restore(actor=actor))

    def has_state_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def _each(self, request: HttpRequest, chosen: Any, act: Callable[[Actor], Any]) -> None:
        """One service call for each workspace; a refusal is shown and the rest goes on."""
        for workspace in chosen:
            actor = Actor.system(workspace, label=f"Staff: {request.user}")
            try:
                with workspace_context(workspace):
                    act(actor)
            except DomainError as error:
                self.message_user(request, f"{workspace}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"{workspace}: done.", messages.SUCCESS)

    @display(description="Name", ordering="name")
    def title(self, workspace: Workspace) -> str:
        return str(workspace)

    @display(description="State", ordering="state", label=_STATE_LABELS)
    def state_label(self, workspace: Workspace) -> str:
        return workspace.state

    @display(description="Inside")
    def inside(self, workspace: Workspace) -> str:
        if workspace.slug is None:
            return "–"
        return format_html(
            '<a class="text-primary-600" href="/admin/w/{}/">Open</a>', workspace.slug
        )


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("user", "workspace", "role", "created_at", "last_seen_at")
    list_filter = ("role",)
    list_select_related = ("user", "workspace", "role")
    search_fields = ("user__email", "user__name", "workspace__slug", "workspace__name")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "workspace", "role", "created_at", "expires_at", "accepted_at")
    list_select_related = ("workspace", "role")
    search_fields = ("email", "workspace__slug")
    exclude = ("token_hash",)


@admin.register(Role)
class RoleAdmin(ReadOnlyAdmin):
    list_display = ("name", "key", "workspace")
    list_select_related = ("workspace",)
    search_fields = ("name", "key", "workspace__slug")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """The key was shown once to its person; not even its hash is shown here."""

    list_display = ("name", "prefix", "user", "workspace", "created_at", "last_used_at", "is_dead")
    list_select_related = ("user", "workspace")
    list_filter = ("created_at", "last_used_at")
    search_fields = ("name", "prefix", "user__email", "workspace__slug")
    exclude = ("key_hash",)

    @display(description="Revoked", boolean=True)
    def is_dead(self, key: ApiKey) -> bool:
        return key.revoked_at is not None


@admin.register(DueWork)
class DueWorkAdmin(ReadOnlyAdmin):
    list_display = ("job_id", "workspace", "queue", "state", "run_at", "lease_until", "fence")
    list_filter = ("state", "queue")
    list_select_related = ("workspace",)
    search_fields = ("job_id", "workspace__slug")
    ordering = ("run_at",)


@admin.register(SchemaDump)
class SchemaDumpAdmin(ReadOnlyAdmin):
    list_display = ("short_digest", "created_at")
    fields = ("digest", "created_at")

    @display(description="Migrations")
    def short_digest(self, dump: SchemaDump) -> str:
        return dump.digest[:12]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("sql")


@admin.register(Domain)
class DomainAdmin(StaffAdmin):
    list_display = ("domain", "tenant", "is_primary", "created_at")
    list_select_related = ("tenant",)
    search_fields = ("domain", "tenant__slug")
    autocomplete_fields = ("tenant",)


@admin.register(SlugHistory)
class SlugHistoryAdmin(ReadOnlyAdmin):
    list_display = ("slug", "workspace", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("slug", "workspace__slug")
