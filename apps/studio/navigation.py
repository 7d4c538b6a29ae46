"""Where people can go. Apps register their places in ``apps/<app>/studio.py``, found at start-up.

The sidebar, the phone's bottom bar, the New menu and the command bar all read this one registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch

from apps.workspaces.tenancy import reverse


@dataclass(frozen=True, slots=True)
class NavItem:
    """A place in a workspace.

    ``url_name`` is reversed inside the current workspace. ``order`` sorts within ``section`` ("main"
    has no heading). ``permission`` hides it from those who may not. ``count`` gives the number beside
    the label, None or 0 for none; it runs on every full page, so keep it to one cheap query.
    ``shortcut`` is the letter after "g". ``on_phone`` puts it into the bottom bar (four fit).
    ``match`` are further prefixes of url names that belong to it, such as "knisoci:post_".
    """

    key: str
    label: str
    icon: str
    url_name: str
    order: int = 100
    section: str = "main"
    permission: str = "workspace.view"
    count: Callable[[HttpRequest], int | None] | None = None
    shortcut: str = ""
    on_phone: bool = False
    match: tuple[str, ...] = ()
    keywords: str = ""


@dataclass(frozen=True, slots=True)
class NewItem:
    """Something that can be started from the New button."""

    key: str
    label: str
    icon: str
    url_name: str
    order: int = 100
    permission: str = "workspace.view"
    shortcut: str = ""
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class SideEntry:
    """One line of a side section: ``tone`` colours its dot (success, warning, danger, info)."""

    label: str
    url: str
    icon: str = ""
    tone: str = ""
    state: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class SideSection:
    """A list in the sidebar that an app fills, such as the channels with their health."""

    key: str
    label: str
    entries: Callable[[HttpRequest], Iterable[SideEntry]]
    order: int = 100
    permission: str = "workspace.view"
    more_url_name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A ``NavItem`` or ``NewItem`` as one person sees it on one page."""

    key: str
    label: str
    icon: str
    url: str
    is_current: bool = False
    count: int | None = None
    shortcut: str = ""
    on_phone: bool = False
    keywords: str = ""


_items: dict[str, NavItem] = {}
_new: dict[str, NewItem] = {}
_sections: dict[str, SideSection] = {}


def register(item: NavItem | NewItem | SideSection) -> None:
    """Declare a place, something new, or a side section. A key is declared once."""
    registry: dict[str, Any] = _registry_for(item)
    known = registry.get(item.key)
    if known is not None and known != item:
        raise ValueError(f"{type(item).__name__} {item.key} is registered twice.")
    registry[item.key] = item


def _registry_for(item: object) -> dict[str, Any]:
    if isinstance(item, NavItem):
        return _items
    return _new if isinstance(item, NewItem) else _sections


def nav_items() -> list[NavItem]:
    return sorted(_items.values(), key=lambda item: (item.section, item.order, item.label))


def places(request: HttpRequest, *, with_counts: bool = True) -> list[Place]:
    """The main navigation for this person, in order. Places whose page does not exist are left out."""
    actor = request.actor  # type: ignore[attr-defined]
    current = current_key(request)
    found = []
    for item in sorted(_items.values(), key=lambda item: (item.order, item.label)):
        if not actor.can(item.permission):
            continue
        url = _url(item.url_name)
        if url:
            count = item.count(request) if with_counts and item.count else None
            found.append(
                Place(
                    item.key, item.label, item.icon, url, item.key == current, count or None,
                    item.shortcut, item.on_phone, item.keywords,
                )
            )  # fmt: skip
    return found


def new_places(request: HttpRequest) -> list[Place]:
    """What this person may start, the primary one first."""
    actor = request.actor  # type: ignore[attr-defined]
    ordered = sorted(_new.values(), key=lambda item: (not item.is_primary, item.order, item.label))
    allowed = [(item, _url(item.url_name)) for item in ordered if actor.can(item.permission)]
    return [
        Place(item.key, item.label, item.icon, url, shortcut=item.shortcut)
        for item, url in allowed
        if url
    ]


def side_sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Side sections with entries, for this person."""
    actor = request.actor  # type: ignore[attr-defined]
    drawn = []
    for section in sorted(_sections.values(), key=lambda section: section.order):
        entries = list(section.entries(request)) if actor.can(section.permission) else []
        if entries:
            more_url = _url(section.more_url_name) if section.more_url_name else ""
            drawn.append({"label": section.label, "entries": entries, "more_url": more_url})
    return drawn


def current_key(request: HttpRequest) -> str:
    """Key of the place that the page belongs to: by url name, else by the app's namespace."""
    match = request.resolver_match
    if match is None:
        return ""
    name = match.view_name
    for item in _items.values():
        if item.url_name == name or any(name.startswith(prefix) for prefix in item.match):
            return item.key
    return ""


def _url(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
