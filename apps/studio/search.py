"""Things that the command bar finds. Apps add sources in ``apps/<app>/studio.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing: where it is and what it is called; ``note`` is its state or time."""

    label: str
    url: str
    note: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class SearchSource:
    """``find(request, words, limit)`` gives the best hits; for no words the most recent things."""

    key: str
    label: str
    icon: str
    find: Callable[[HttpRequest, str, int], list[Hit]]
    order: int = 100
    permission: str = "workspace.view"


_sources: dict[str, SearchSource] = {}


def register_source(source: SearchSource) -> None:
    """Declare a source. A key is declared once."""
    known = _sources.get(source.key)
    if known is not None and known != source:
        raise ValueError(f"Search source {source.key} is registered twice.")
    _sources[source.key] = source


def sources_for(request: HttpRequest) -> list[SearchSource]:
    actor = request.actor  # type: ignore[attr-defined]
    allowed = [source for source in _sources.values() if actor.can(source.permission)]
    return sorted(allowed, key=lambda source: source.order)
