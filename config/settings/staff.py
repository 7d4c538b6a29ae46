"""The staff sites: names, colours, navigation."""

from __future__ import annotations

from typing import Any

from config.env import env_bool

# Staff without a second factor are led to set one up before they see anything.
CANDY_STAFF_NEEDS_MFA = env_bool("CANDY_STAFF_NEEDS_MFA", False)

# The accent of the studio (static/src/styles/tokens.css) in the steps that Unfold wants.
_PRIMARY = {
    "50": "oklch(97.3% .013 2)",
    "100": "oklch(94.4% .029 2)",
    "200": "oklch(89.4% .059 2)",
    "300": "oklch(81.2% .115 2)",
    "400": "oklch(70.6% .19 2)",
    "500": "oklch(62.5% .22 2)",
    "600": "oklch(57.5% .22 2)",
    "700": "oklch(50.5% .2 2)",
    "800": "oklch(43.5% .17 2)",
    "900": "oklch(38.5% .14 2)",
    "950": "oklch(27.5% .1 2)",
}

_COMMON: dict[str, Any] = {
    "COLORS": {"primary": _PRIMARY},
    "SITE_ICON": "/static/favicon.svg",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/favicon.svg"}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
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
