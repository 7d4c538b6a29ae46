"""What can be allowed in a workspace, and which built-in roles allow it.

Each app declares its permissions in its own ``permissions.py``, found at start-up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ROLES = {"owner": "Owner", "admin": "Admin", "contributor": "Contributor", "viewer": "Viewer"}
ROLE_SUMMARIES = {
    "owner": "Everything, billing and deletion included.",
    "admin": "Everything but ownership and deletion of the workspace.",
    "contributor": "Writes, schedules and publishes; does not manage people or settings.",
    "viewer": "Sees everything, changes nothing.",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """``key`` is ``<noun>.<verb>``; ``roles`` are the built-in roles that hold it."""

    key: str
    title: str
    roles: frozenset[str]


_registry: dict[str, Permission] = {}


def register(key: str, title: str, *, roles: Iterable[str]) -> str:
    """Declare a permission; the owner always holds it. Returns ``key``."""
    held = frozenset(roles) | {"owner"}
    unknown = held - ROLES.keys()
    if unknown:
        raise ValueError(f"{key}: no such role {sorted(unknown)}")
    known = _registry.get(key)
    declared = Permission(key, title, held)
    if known is not None and known != declared:
        raise ValueError(f"Permission {key} is declared twice, differently.")
    _registry[key] = declared
    return key


def all_permissions() -> list[Permission]:
    return sorted(_registry.values(), key=lambda permission: permission.key)


def exists(key: str) -> bool:
    return key in _registry


def of_role(role: str) -> frozenset[str]:
    """Permissions of the built-in role ``role``; empty for a name that is none."""
    return frozenset(p.key for p in _registry.values() if role in p.roles)


VIEW = register("workspace.view", "See the workspace", roles=ROLES)
MANAGE_SETTINGS = register("workspace.manage", "Change the workspace's settings", roles=["admin"])
DELETE = register("workspace.delete", "Delete the workspace", roles=["owner"])
MANAGE_MEMBERS = register("members.manage", "Invite, change and remove members", roles=["admin"])
MANAGE_KEYS = register(
    "api_keys.manage", "Make and revoke own API keys", roles=["admin", "contributor"]
)
