"""The pages of the settings frame. Apps register theirs in ``apps/<app>/studio.py``.

Pages of the workspace live below ``/w/<slug>/settings/``; a person's own (profile, security) live
outside of any workspace and are drawn in the same frame.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch

from apps.studio.navigation import Place
from apps.workspaces.tenancy import reverse

GROUPS = {"person": "You", "workspace": "Workspace"}


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One tab. ``group`` is "person" or "workspace"; ``permission`` counts for the latter only."""

    key: str
    label: str
    icon: str
    url_name: str
    group: str = "workspace"
    order: int = 100
    permission: str = "workspace.view"
    match: tuple[str, ...] = ()


_pages: dict[str, SettingsPage] = {}


def register(page: SettingsPage) -> None:
    """Declare a settings page. A key is declared once."""
    if page.group not in GROUPS:
        raise ValueError(f"Settings page {page.key}: no such group {page.group!r}.")
    known = _pages.get(page.key)
    if known is not None and known != page:
        raise ValueError(f"Settings page {page.key} is registered twice.")
    _pages[page.key] = page


def groups_for(request: HttpRequest) -> list[tuple[str, list[Place]]]:
    """Tabs by group for this person on this page; a group without tabs is left out."""
    actor = getattr(request, "actor", None)
    name = request.resolver_match.view_name if request.resolver_match else ""
    drawn = []
    for group, label in GROUPS.items():
        if group == "workspace" and actor is None:
            continue
        places = [
            Place(page.key, page.label, page.icon, url, _is_current(page, name))
            for page in sorted(_pages.values(), key=lambda page: (page.order, page.label))
            if page.group == group
            and (group == "person" or (actor and actor.can(page.permission)))
            and (url := _url(page.url_name))
        ]
        if places:
            drawn.append((label, places))
    return drawn


def _is_current(page: SettingsPage, name: str) -> bool:
    return page.url_name == name or any(name.startswith(prefix) for prefix in page.match)


def _url(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
