"""What the command bar finds of the social suite: posts, campaigns and channels."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest

from apps.knisoci import queries
from apps.knisoci.web import present
from apps.studio.search import Hit
from apps.workspaces.tenancy import reverse


def posts(request: HttpRequest, words: str, limit: int) -> list[Hit]:
    """By name or text, newest first."""
    return [
        Hit(
            row.title or row.excerpt or "Untitled",
            reverse("knisoci:post", kwargs={"post": row.id}),
            present.state_chip(row.state)["label"],
        )
        for row in queries.posts(search=words, limit=limit)
    ]


def campaigns(request: HttpRequest, words: str, limit: int) -> list[Hit]:
    """By name; none unasked."""
    found = queries.campaigns().filter(name__icontains=words)[:limit] if words else []
    return [
        Hit(
            row.name,
            reverse("knisoci:campaign", kwargs={"campaign": row.pk}),
            "Paused" if row.is_paused else "",
        )
        for row in found
    ]


def channels(request: HttpRequest, words: str, limit: int) -> list[Hit]:
    """By name, handle or network; none unasked."""
    fits = (
        Q(name__icontains=words)
        | Q(connection__handle__icontains=words)
        | Q(connection__provider__icontains=words)
    )
    found = queries.channels().filter(fits)[:limit] if words else []
    return [
        Hit(
            row.name,
            reverse("knisoci:channel", kwargs={"channel": row.pk}),
            present.channel_health(row)["label"],
        )
        for row in found
    ]
