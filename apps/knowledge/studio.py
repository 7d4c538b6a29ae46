"""Knowledge in the shell."""

from __future__ import annotations

from typing import Any

from apps.knowledge import permissions
from apps.studio import navigation
from apps.studio.navigation import NavItem, NewItem
from apps.studio.notifications import Rule, register_rule
from apps.workspaces.tenancy import reverse

navigation.register(
    NavItem("knowledge", "Knowledge", "book-open", "knowledge:sources", order=700,
            permission=permissions.VIEW, shortcut="k", match=("knowledge:",),
            keywords="sources website documents brand pages")
)  # fmt: skip
navigation.register(
    NewItem("source", "Source", "globe", "knowledge:add", order=700, permission=permissions.MANAGE)
)


def _source(event: Any) -> str:
    return reverse("knowledge:source", kwargs={"source_id": event.subject_id})


register_rule(
    Rule("source.crawled", permissions.MANAGE, tone="success", url=_source, tell_actor=True)
)
register_rule(
    Rule("source.failed", permissions.MANAGE, tone="danger", url=_source, tell_actor=True)
)
