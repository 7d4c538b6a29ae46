"""What connections add to the shell."""

from __future__ import annotations

from apps.integrations import permissions
from apps.studio.settings_pages import SettingsPage, register

register(
    SettingsPage(
        "apps",
        "Apps",
        "plug",
        "integrations:apps",
        order=35,
        permission=permissions.MANAGE,
        match=("integrations:app",),
    )
)
