"""Knowledge in the shell: its place, its sources to find, what is said of them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from apps.knowledge import permissions, queries
from apps.studio import navigation
from apps.studio.navigation import NavItem, NewItem
from apps.studio.notifications import Rule, register_rule
from apps.studio.search import Hit, SearchSource, register_source
from apps.workspaces.tenancy import reverse

navigation.register(
    NavItem("knowledge", "Knowledge", "book-open", "knowledge:sources", order=700,
            permission=permissions.VIEW, shortcut="k", match=("knowledge:",),
            keywords="sources website documents brand pages")
)  # fmt: skip
navigation.register(
    NewItem("source", "Source", "globe", "knowledge:add", order=700, permission=permissions.MANAGE)
)


def _sources(request: HttpRequest, words: str, limit: int) -> list[Hit]:
    fits = Q(title__icontains=words) | Q(address__icontains=words)
    found = queries.sources().filter(fits)[:limit] if words else []
    return [
        Hit(
            str(row),
            reverse("knowledge:source", kwargs={"source_id": row.pk}),
            row.get_state_display(),
        )
        for row in found
    ]


register_source(
    SearchSource("sources", "Sources", "book-open", _sources, order=50, permission=permissions.VIEW)
)


def _source(event: Any) -> str:
    return reverse("knowledge:source", kwargs={"source_id": event.subject_id})


register_rule(
    Rule("source.crawled", permissions.MANAGE, tone="success", url=_source, tell_actor=True)
)
register_rule(
    Rule("source.failed", permissions.MANAGE, tone="danger", url=_source, tell_actor=True)
)
