"""What can be allowed around a brand's knowledge."""

from __future__ import annotations

from apps.workspaces.permissions import ROLES, register

VIEW = register("knowledge.view", "See the brand's knowledge", roles=ROLES)
MANAGE = register(
    "knowledge.manage", "Add, read and remove sources", roles=["admin", "contributor"]
)
EDIT_BRAND = register("brand.edit", "Change the brand's basics", roles=["admin", "contributor"])
