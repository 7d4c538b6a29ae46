"""The workspace's pages in the settings frame."""

from __future__ import annotations

from apps.studio.settings_pages import SettingsPage, register
from apps.workspaces import permissions

register(SettingsPage("workspace", "Workspace", "building-2", "workspaces:general", order=10))
register(SettingsPage("members", "Members", "users", "workspaces:members", order=20))
register(
    SettingsPage(
        "keys",
        "API keys",
        "key-round",
        "workspaces:keys",
        order=30,
        permission=permissions.MANAGE_KEYS,
        match=("workspaces:key_",),
    )
)
register(
    SettingsPage(
        "audit",
        "Audit trail",
        "scroll-text",
        "workspaces:audit",
        order=90,
        permission=permissions.MANAGE_SETTINGS,
    )
)
