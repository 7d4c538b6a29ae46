"""Files for the composer: taken in, or picked from the library."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.ids import parse_id
from apps.knisoci import permissions
from apps.media import queries as media
from apps.media.services import details

_FIELD = re.compile(r"(media|files)[a-z0-9-]{0,80}")
_PAGE = 24


@require_GET
def tile(request: Any) -> HttpResponse:
    """The tile of a file that is in the library already."""
    request.actor.require(permissions.WRITE)
    asset = details.get(request.GET.get("asset", ""))
    return _tile(request, asset, request.GET.get("name", ""))


@require_GET
def picker(request: Any) -> HttpResponse:
    """A page of the library to pick from, newest first."""
    request.actor.require(permissions.WRITE)
    rows = media.assets(
        search=request.GET.get("q", ""), before=parse_id(request.GET.get("before", ""))
    )
    found = list(rows[: _PAGE + 1])
    context = {
        "assets": found[:_PAGE],
        "next": found[_PAGE - 1].pk if len(found) > _PAGE else None,
        "search": request.GET.get("q", ""),
        "is_more": "before" in request.GET,
    }
    return render(request, "knisoci/compose/_picker.html", context)


def _tile(request: Any, asset: Any, name: str) -> HttpResponse:
    field = name if _FIELD.fullmatch(name) else "media"
    return render(request, "knisoci/compose/_tile.html", {"asset": asset, "name": field})
