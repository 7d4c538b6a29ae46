"""Who belongs to a workspace.

Every verb locks the workspace's row first, so that two owners who leave at once cannot both succeed.
Announces ``member.role_changed``, ``member.removed`` and ``workspace.ownership_transferred``.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.errors import Conflict, NotFound, PermissionDenied
from apps.workspaces import permissions
from apps.workspaces.errors import LastOwner
from apps.workspaces.models import ApiKey, Membership, Workspace
from apps.workspaces.services import audit, roles
from apps.workspaces.services.announce import announce
from apps.workspaces.types import Actor


def change_role(*, actor: Actor, membership_id: int, role: str) -> Membership:
    """Give a member another role.

    Raises NotFound, PermissionDenied (also for a role beyond the actor's own), LastOwner.
    """
    actor.require(permissions.MANAGE_MEMBERS)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        membership = _member(actor.workspace_id, membership_id)
        new = roles.get(workspace_id=actor.workspace_id, key=role)
        old = membership.role
        if new.pk == old.pk:
            return membership
        roles.check_may_handle(actor=actor, role=old)
        roles.check_may_handle(actor=actor, role=new)
        if old.is_owner:
            _check_another_owner(membership)
        membership.role = new
        membership.save(update_fields=["role"])
        name = membership.user.display_name
        announce(
            actor=actor,
            workspace=workspace,
            kind="member.role_changed",
            subject=("member", str(membership.user_id)),
            summary=f"{name} is now {new.name.lower()}",
            data={"user_id": membership.user_id, "old": old.key, "new": new.key},
        )
        audit.record(
            actor=actor,
            action="member.role_changed",
            subject=("member", str(membership.user_id)),
            label=membership.user.email,
            change={"role": [old.key, new.key]},
        )
    return membership


def remove(*, actor: Actor, membership_id: int) -> None:
    """Take a member out, and revoke their API keys. Raises as ``change_role`` does."""
    actor.require(permissions.MANAGE_MEMBERS)
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        membership = _member(actor.workspace_id, membership_id)
        roles.check_may_handle(actor=actor, role=membership.role)
        _end(actor, workspace, membership, left=False)


def leave(*, actor: Actor) -> None:
    """Let the actor go out of their own will. Raises LastOwner, PermissionDenied for programs."""
    if actor.kind != "person":
        raise PermissionDenied("Only a person can leave a workspace.")
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        membership = (
            Membership.objects.select_related("user", "role")
            .filter(Q(user_id=actor.user_id), workspace_id=actor.workspace_id)
            .first()
        )
        if membership is None:
            raise NotFound("You do not belong to this workspace.")
        _end(actor, workspace, membership, left=True)


def transfer_ownership(*, actor: Actor, membership_id: int) -> None:
    """Make another member an owner and the actor an admin, in one step.

    Raises PermissionDenied unless the actor is an owner in person, NotFound, Conflict for oneself.
    """
    actor.require(permissions.DELETE)
    if actor.kind != "person" or actor.role != "owner":
        raise PermissionDenied("Only an owner can hand over the workspace.")
    with transaction.atomic():
        workspace = _locked(actor.workspace_id)
        heir = _member(actor.workspace_id, membership_id)
        mine = Membership.objects.select_related("role", "user").get(
            Q(user_id=actor.user_id), workspace_id=actor.workspace_id
        )
        if heir.pk == mine.pk:
            raise Conflict("You own this workspace already.")
        if not mine.role.is_owner:
            raise PermissionDenied("Only an owner can hand over the workspace.")
        heir.role = roles.get(workspace_id=actor.workspace_id, key="owner")
        mine.role = roles.get(workspace_id=actor.workspace_id, key="admin")
        heir.save(update_fields=["role"])
        mine.save(update_fields=["role"])
        announce(
            actor=actor,
            workspace=workspace,
            kind="workspace.ownership_transferred",
            subject=("workspace", str(workspace.pk)),
            summary=f"{heir.user.display_name} owns this workspace now",
            data={"from": mine.user_id, "to": heir.user_id},
        )
        audit.record(
            actor=actor,
            action="workspace.ownership_transferred",
            subject=("member", str(heir.user_id)),
            label=heir.user.email,
            change={"owner": [mine.user.email, heir.user.email]},
        )


def _end(actor: Actor, workspace: Workspace, membership: Membership, *, left: bool) -> None:
    if membership.role.is_owner:
        _check_another_owner(membership)
    user = membership.user
    # A key works only for a member, but one left unrevoked would work again on return.
    keys = ApiKey.objects.filter(workspace=workspace, user=user, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    membership.delete()
    action = "member.left" if left else "member.removed"
    verb = "left" if left else "was removed"
    announce(
        actor=actor,
        workspace=workspace,
        kind=action,
        subject=("member", str(user.pk)),
        summary=f"{user.display_name} {verb}",
        data={"user_id": user.pk},
    )
    audit.record(
        actor=actor,
        action=action,
        subject=("member", str(user.pk)),
        label=user.email,
        change={"role": [membership.role.key, None], "api_keys_revoked": keys},
    )


def _locked(workspace_id: int) -> Workspace:
    return Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)


def _member(workspace_id: int, membership_id: int) -> Membership:
    membership = (
        Membership.objects.select_related("user", "role")
        .filter(workspace_id=workspace_id, pk=membership_id)
        .first()
    )
    if membership is None:
        raise NotFound("There is no such member.")
    return membership


def _check_another_owner(membership: Membership) -> None:
    others = Membership.objects.filter(
        workspace_id=membership.workspace_id,
        role_id=membership.role_id,
        user__is_active=True,
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwner(
            "A workspace needs an owner. Make somebody else an owner first.",
            params={"user_id": membership.user_id},
        )
