"""Renaming, moving, suspending and deleting workspaces. Making them: ``provisioning``.

Announces ``workspace.renamed``, ``workspace.moved``, ``workspace.changed``, ``workspace.suspended``,
``workspace.resumed``, ``workspace.deleted`` and ``workspace.restored``. Every verb locks the
workspace's row.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.services.people import checked_time_zone
from apps.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from apps.workspaces import permissions
from apps.workspaces.errors import SlugTaken
from apps.workspaces.models import SlugHistory, Workspace
from apps.workspaces.services import audit, provisioning
from apps.workspaces.services.announce import announce
from apps.workspaces.types import Actor

_TOLD = frozenset({"name", "slug", "time_zone", "is_sandbox"})


def update(*, actor: Actor, name: str, time_zone: str) -> Workspace:
    """Change name and time zone. Raises ValidationFailed with the field named, PermissionDenied."""
    actor.require(permissions.MANAGE_SETTINGS)
    tidy = checked_name(name)
    checked_time_zone(time_zone)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        change: dict[str, Any] = {}
        if workspace.name != tidy:
            change["name"] = [workspace.name, tidy]
        if workspace.time_zone != time_zone:
            change["time_zone"] = [workspace.time_zone, time_zone]
        if not change:
            return workspace
        workspace.name, workspace.time_zone = tidy, time_zone
        workspace.save(update_fields=["name", "time_zone"])
        renamed = "name" in change
        _tell(
            actor,
            workspace,
            "workspace.renamed" if renamed else "workspace.changed",
            f"The workspace is called “{tidy}” now" if renamed else "The time zone was changed",
            change,
        )
    return workspace


def set_sandbox(*, actor: Actor, is_sandbox: bool) -> Workspace:
    """Let the workspace publish to the simulated networks only, or end that. PermissionDenied."""
    actor.require(permissions.MANAGE_SETTINGS)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        if workspace.is_sandbox == is_sandbox:
            return workspace
        workspace.is_sandbox = is_sandbox
        workspace.save(update_fields=["is_sandbox"])
        words = "The workspace is in sandbox mode now" if is_sandbox else "Sandbox mode has ended"
        change = {"is_sandbox": [not is_sandbox, is_sandbox]}
        _tell(actor, workspace, "workspace.changed", words, change)
    return workspace


def change_slug(*, actor: Actor, slug: str) -> Workspace:
    """Move the workspace to another address; the old one leads here for good.

    The workspace may take back a slug it had itself. Raises SlugInvalid, SlugTaken, PermissionDenied.
    """
    actor.require(permissions.MANAGE_SETTINGS)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        if slug.strip().lower() == workspace.slug:
            return workspace
        SlugHistory.objects.filter(workspace=workspace, slug=slug.strip().lower()).delete()
        new = provisioning.check_slug(slug)
        old = workspace.slug or ""
        try:
            with transaction.atomic():
                SlugHistory.objects.create(workspace=workspace, slug=old)
                workspace.slug = new
                workspace.save(update_fields=["slug"])
        except IntegrityError as error:  # somebody was quicker
            raise SlugTaken(f"The address “{new}” is taken.", field="slug") from error
        _tell(
            actor,
            workspace,
            "workspace.moved",
            f"The workspace's address is {new} now",
            {"slug": [old, new]},
        )
    return workspace


def suspend(*, actor: Actor, reason: str) -> Workspace:
    """Close the workspace for its members; nothing of it is lost, and its jobs wait.

    For the installation (staff, billing) only. Raises PermissionDenied, Conflict for another state.
    """
    _require_system(actor)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        _expect(workspace, Workspace.State.READY)
        workspace.suspended_reason = reason[:200]
        _move(workspace, Workspace.State.SUSPENDED, "suspended_reason")
        _tell(actor, workspace, "workspace.suspended", "The workspace was suspended", {})
    return workspace


def resume(*, actor: Actor) -> Workspace:
    """Open a suspended workspace again. For the installation only."""
    _require_system(actor)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        _expect(workspace, Workspace.State.SUSPENDED)
        workspace.suspended_reason = ""
        _move(workspace, Workspace.State.READY, "suspended_reason")
        _tell(actor, workspace, "workspace.resumed", "The workspace is open again", {})
    return workspace


def delete(*, actor: Actor, confirm: str) -> Workspace:
    """Close the workspace and set it to be deleted for good after CANDY_DELETE_AFTER_DAYS.

    ``confirm`` must be its slug. Raises ValidationFailed, PermissionDenied, Conflict for the system's.
    """
    actor.require(permissions.DELETE)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        if workspace.is_system:
            raise Conflict("The installation's own workspace stays.")
        if confirm.strip().lower() != workspace.slug:
            raise ValidationFailed(
                f"Type “{workspace.slug}” to say that you mean it.", field="confirm"
            )
        if workspace.state == Workspace.State.DELETING:
            return workspace
        workspace.delete_at = timezone.now() + timedelta(days=settings.CANDY_DELETE_AFTER_DAYS)
        # Told while the workspace can still be entered; the feed of a restored one shows both.
        _tell(
            actor,
            workspace,
            "workspace.deleted",
            "The workspace was deleted",
            {"delete_at": workspace.delete_at},
        )
        _move(workspace, Workspace.State.DELETING, "delete_at")
    return workspace


def restore(*, actor: Actor) -> Workspace:
    """Bring a deleted workspace back within its days of grace.

    The door is closed to everyone then, so the face makes the actor with ``owner_of_deleted``.
    Raises PermissionDenied, NotFound when it was purged already, Conflict for another state.
    """
    actor.require(permissions.DELETE)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        _expect(workspace, Workspace.State.DELETING)
        workspace.delete_at = None
        _move(workspace, Workspace.State.READY, "delete_at")
        _tell(actor, workspace, "workspace.restored", "The workspace was brought back", {})
    return workspace


def owner_of_deleted(*, user_id: int, slug: str) -> Actor:
    """The actor by which an owner restores. Raises NotFound for everyone else."""
    from apps.workspaces.models import Membership
    from apps.workspaces.services import roles

    membership = (
        Membership.objects.select_related("user", "role")
        .filter(
            user_id=user_id,
            user__is_active=True,
            workspace__slug=slug,
            workspace__state=Workspace.State.DELETING,
        )
        .first()
    )
    if membership is None or not membership.role.is_owner:
        raise NotFound("There is no such workspace to bring back.")
    return Actor.member(membership, roles.permissions_of(membership.role))


def checked_name(name: str) -> str:
    """``name`` tidied up. Raises ValidationFailed."""
    tidy = " ".join(name.split())
    if not 1 <= len(tidy) <= 120:
        raise ValidationFailed("Give it a name of up to 120 characters.", field="name")
    return tidy


def _locked(workspace_id: int) -> Workspace:
    workspace = Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    if workspace is None:
        raise NotFound("There is no such workspace.")
    return workspace


def _expect(workspace: Workspace, state: str) -> None:
    if workspace.state != state:
        raise Conflict(
            f"The workspace is “{workspace.get_state_display()}”.", code="workspace_state"
        )


def _move(workspace: Workspace, state: str, *also: str) -> None:
    workspace.state = state
    workspace.state_changed_at = timezone.now()
    workspace.save(update_fields=["state", "state_changed_at", *also])


def _require_system(actor: Actor) -> None:
    if actor.kind != "system":
        raise PermissionDenied("Only the people who run this installation can do that.")


def _tell(
    actor: Actor, workspace: Workspace, kind: str, summary: str, change: dict[str, Any]
) -> None:
    announce(
        actor=actor,
        workspace=workspace,
        kind=kind,
        subject=("workspace", str(workspace.pk)),
        summary=summary,
        data={key: value for key, value in change.items() if key in _TOLD},
    )
    audit.record(
        actor=actor,
        action=kind,
        subject=("workspace", str(workspace.pk)),
        label=workspace.name,
        change=change,
    )
