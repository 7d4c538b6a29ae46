"""Who may do what with assets. Seeing them needs `workspace.view`."""

from __future__ import annotations

from apps.workspaces.permissions import register

MANAGE = register(
    "assets.manage", "Upload, describe and delete images", roles=["admin", "contributor"]
)
