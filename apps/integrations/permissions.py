"""What can be allowed around connections."""

from __future__ import annotations

from apps.workspaces.permissions import ROLES, register

VIEW = register("connections.view", "See connected accounts and their state", roles=ROLES)
MANAGE = register("connections.manage", "Connect and disconnect accounts", roles=["admin"])
CHECK = register(
    "connections.check", "Check connected accounts now", roles=["admin", "contributor"]
)
MANAGE_APPS = register(
    "connections.manage_apps", "Bring apps of the workspace's own for networks", roles=["admin"]
)
