"""The one rule about handing out power: nobody gives or takes away more than they hold."""

from __future__ import annotations

from apps.errors import NotFound, PermissionDenied
from apps.workspaces import permissions
from apps.workspaces.models import Role, Workspace
from apps.workspaces.types import Actor


def permissions_of(role: Role) -> frozenset[str]:
    """What ``role`` allows: by code for a built-in one, by its row for a workspace's own."""
    if role.workspace_id is None:
        return permissions.of_role(role.key)
    return frozenset(role.permissions)


def get(*, workspace_id: int, key: str) -> Role:
    """The workspace's own role ``key`` or the built-in one. Raises NotFound."""
    role = (
        Role.objects.filter(key=key, workspace_id=workspace_id).first()
        or Role.objects.filter(key=key, workspace__isnull=True).first()
    )
    if role is None:
        raise NotFound("There is no such role.", field="role")
    return role


def check_may_handle(*, actor: Actor, role: Role) -> None:
    """Raise PermissionDenied where ``role`` allows something that ``actor`` may not do."""
    if "*" in actor.permissions or permissions_of(role) <= actor.permissions:
        return
    raise PermissionDenied(
        f"Only someone who holds the role “{role.name}” can give it or take it away.",
        params={"role": role.key},
    )


def assignable(*, actor: Actor, workspace: Workspace) -> list[Role]:
    """The roles that ``actor`` may give to somebody."""
    from apps.workspaces import queries

    everything = "*" in actor.permissions
    return [
        role
        for role in queries.roles(workspace_id=workspace.pk)
        if everything or permissions_of(role) <= actor.permissions
    ]
