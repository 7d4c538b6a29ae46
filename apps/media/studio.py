"""What the library adds to the shell: its place, and its files to find."""

from __future__ import annotations

from django.http import HttpRequest

from apps.media import queries
from apps.studio import navigation
from apps.studio.search import Hit, SearchSource, register_source
from apps.workspaces.tenancy import reverse

navigation.register(
    navigation.NavItem(
        "library",
        "Library",
        "images",
        "media:library",
        order=38,
        match=("media:",),
        keywords="media files images videos documents upload",
    )
)


def _files(request: HttpRequest, words: str, limit: int) -> list[Hit]:
    found = queries.assets(search=words)[:limit] if words else []
    return [
        Hit(row.name, reverse("media:detail", kwargs={"asset": row.pk}), row.get_kind_display())
        for row in found
    ]


register_source(SearchSource("files", "Files", "images", _files, order=40))
