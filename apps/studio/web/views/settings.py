"""The way into the settings."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from apps.studio import settings_pages


@require_safe
def first_page(request: HttpRequest) -> HttpResponse:
    """To the first page of the workspace's settings that this person may see."""
    groups = dict(settings_pages.groups_for(request))
    places = groups.get(settings_pages.GROUPS["workspace"]) or next(iter(groups.values()), [])
    if not places:
        raise Http404("There are no settings here.")
    return redirect(places[0].url)
