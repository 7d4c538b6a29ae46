"""The first page of a workspace."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.studio.home import Block, blocks_for


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    columns: dict[str, list[dict[str, Any]]] = {"full": [], "wide": [], "narrow": []}
    for block in blocks_for(request):
        if drawn := _drawn(request, block):
            columns[block.width].append(drawn)
    return render(request, "studio/home.html", {**columns, "greeting": _greeting(request)})


@require_safe
def block(request: HttpRequest, key: str) -> HttpResponse:
    """One card anew, after an event that it listens to."""
    found = next((block for block in blocks_for(request) if block.key == key), None)
    if found is None:
        raise Http404("There is no such card.")
    return render(request, "studio/home_block.html", {"item": _drawn(request, found)})


def _drawn(request: HttpRequest, block: Block) -> dict[str, Any] | None:
    context = block.context(request)
    return None if context is None else {"block": block, "context": context}


def _greeting(request: HttpRequest) -> str:
    hour = timezone.localtime(timezone.now(), _zone(request)).hour
    part = "morning" if 5 <= hour < 12 else "afternoon" if 12 <= hour < 18 else "evening"
    name = str(request.user.display_name).split()[0]  # type: ignore[union-attr]
    return f"Good {part}, {name}"


def _zone(request: HttpRequest) -> Any:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(request.user.time_zone)  # type: ignore[union-attr]
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
