"""Everything that happened, newest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.studio import queries

# What the filter offers: prefix of the event's kind and its name.
KINDS = (
    ("post", "Posts"),
    ("channel", "Channels"),
    ("campaign", "Campaigns"),
    ("source", "Knowledge"),
    ("asset", "Library"),
    ("member", "People"),
    ("project", "Projects"),
    ("job", "Background work"),
)


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    kind = request.GET.get("kind", "")
    page = queries.feed(
        actor=request.actor,  # type: ignore[attr-defined]
        before=int(before) if before.isdigit() else None,
        kind=kind if kind in dict(KINDS) else "",
    )
    # A later page is fetched into the end of the list; live events and history get the whole page.
    template = "studio/activity_lines.html" if request.GET.get("part") else "studio/activity.html"
    return render(request, template, {"page": page, "kinds": KINDS, "kind": kind})
