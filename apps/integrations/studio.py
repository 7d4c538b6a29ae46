"""What connections add to the shell."""

from __future__ import annotations

from typing import Any

from apps.integrations import permissions
from apps.studio.notifications import Rule, register_rule
from apps.studio.settings_pages import SettingsPage, register
from apps.workspaces.tenancy import reverse

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


def _repair(event: Any) -> str:
    return reverse("integrations:repair", kwargs={"connection_id": event.subject_id})


register_rule(
    Rule("connection.expiring", permissions.MANAGE, tone="warning", tell_actor=True, url=_repair)
)
register_rule(
    Rule(
        "network.sunset",
        permissions.MANAGE,
        tone="warning",
        tell_actor=True,
        url=lambda event: reverse("integrations:apps"),
        body=lambda event: "Posts on this network stop with that day unless Candy is updated.",
    )
)
