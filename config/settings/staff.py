"""The staff sites: names, colours, navigation."""

from __future__ import annotations

from typing import Any

from config.env import env_bool

# Staff without a second factor are led to set one up before they see anything.
CANDY_STAFF_NEEDS_MFA = env_bool("CANDY_STAFF_NEEDS_MFA", False)

_COMMON: dict[str, Any] = {
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_SYMBOL": "cake",
    "BORDER_RADIUS": "8px",
    "COMMAND": {"search_models": True},
}
UNFOLD: dict[str, Any] = {
    **_COMMON,
    "SITE_TITLE": "Candy staff",
    "SITE_HEADER": "Candy staff",
    "SITE_SUBHEADER": "The installation",
    "SIDEBAR": {"show_search": True, "command_search": True, "show_all_applications": True},
}
UNFOLD_WORKSPACE: dict[str, Any] = {
    **_COMMON,
    "SITE_TITLE": "apps.workspaces.staff.sites.workspace_title",
    "SITE_HEADER": "apps.workspaces.staff.sites.workspace_title",
    "SITE_SUBHEADER": "Inside this workspace",
    "SITE_URL": "apps.workspaces.staff.sites.workspace_page",
    "SIDEBAR": {"show_search": True, "command_search": True, "show_all_applications": True},
}
