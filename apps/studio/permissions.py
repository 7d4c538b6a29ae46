"""What can be allowed in the shell."""

from __future__ import annotations

from apps.workspaces.permissions import register

MANAGE_PROJECTS = register(
    "projects.manage", "Make, change and archive projects", roles=["admin", "contributor"]
)
