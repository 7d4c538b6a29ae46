"""Reads that people and other apps need of workspaces."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from apps.workspaces.models import (
    ApiKey,
    AuditEntry,
    Invitation,
    Membership,
    Role,
    Workspace,
)

_SHOWN = (Workspace.State.READY, Workspace.State.SUSPENDED)


def workspaces_of(*, user_id: int) -> list[Workspace]:
    """The switcher's list: the person's workspaces, most recently visited first. One query."""
    memberships = (
        Membership.objects.filter(user_id=user_id, workspace__state__in=_SHOWN)
        .select_related("workspace")
        .order_by(F("last_seen_at").desc(nulls_last=True), "workspace__name")
    )
    return [membership.workspace for membership in memberships]


def last_workspace(*, user_id: int) -> Workspace | None:
    """Where the person was last, among the workspaces that can be entered."""
    membership = (
        Membership.objects.filter(user_id=user_id, workspace__state=Workspace.State.READY)
        .select_related("workspace")
        .order_by(F("last_seen_at").desc(nulls_last=True), "-id")
        .first()
    )
    return membership.workspace if membership else None


def deleted_workspaces_of(*, owner_id: int) -> list[Workspace]:
    """Workspaces that the person owns and may still bring back, next to go first."""
    return list(
        Workspace.objects.filter(
            state=Workspace.State.DELETING,
            memberships__user_id=owner_id,
            memberships__role__key="owner",
            memberships__role__workspace=None,
        ).order_by("delete_at")
    )


def members(*, workspace_id: int) -> QuerySet[Membership]:
    """Members with person and role loaded, owners first, then by name."""
    return (
        Membership.objects.filter(workspace_id=workspace_id)
        .select_related("user", "role")
        .order_by("role__workspace_id", "role_id", "user__name", "user__email")
    )


def open_invitations(*, workspace_id: int) -> QuerySet[Invitation]:
    """Invitations that were neither taken nor withdrawn, expired ones included, newest first."""
    return (
        Invitation.objects.filter(
            workspace_id=workspace_id, accepted_at__isnull=True, revoked_at__isnull=True
        )
        .select_related("role", "invited_by")
        .order_by("-created_at")
    )


def roles(*, workspace_id: int) -> list[Role]:
    """The built-in roles and the workspace's own, in that order."""
    rows = Role.objects.filter(workspace__isnull=True) | Role.objects.filter(
        workspace_id=workspace_id
    )
    return sorted(rows, key=lambda role: (role.workspace_id is not None, role.pk))


def api_keys(*, workspace_id: int, user_id: int | None = None) -> QuerySet[ApiKey]:
    """Keys that work or lately stopped to (30 days), newest first; of one person where given."""
    keys = ApiKey.objects.filter(workspace_id=workspace_id).select_related("user")
    if user_id is not None:
        keys = keys.filter(user_id=user_id)
    since = timezone.now() - timedelta(days=30)
    return keys.exclude(revoked_at__lt=since).exclude(expires_at__lt=since).order_by("-created_at")


def audit_entries(
    *, workspace_id: int, before: int | None = None, limit: int = 50
) -> list[AuditEntry]:
    """The trail's newest entries, those below sequence ``before`` where given."""
    entries = AuditEntry.objects.filter(workspace_id=workspace_id)
    if before is not None:
        entries = entries.filter(sequence__lt=before)
    return list(entries.select_related("actor_user").order_by("-sequence")[:limit])


def live_domains(*, workspace_id: int) -> list[str]:
    """Host names that lead to the workspace."""
    return list(
        Workspace.objects.filter(pk=workspace_id, domains__isnull=False).values_list(
            "domains__domain", flat=True
        )
    )
