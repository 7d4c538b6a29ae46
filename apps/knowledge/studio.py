"""Knowledge in the shell."""

from __future__ import annotations

from apps.knowledge import permissions
from apps.studio import navigation
from apps.studio.navigation import NavItem, NewItem

navigation.register(
    NavItem("knowledge", "Knowledge", "book-open", "knowledge:sources", order=700,
            permission=permissions.VIEW, shortcut="k", match=("knowledge:",),
            keywords="sources website documents brand pages")
)  # fmt: skip
navigation.register(
    NewItem("source", "Source", "globe", "knowledge:add", order=700, permission=permissions.MANAGE)
)
