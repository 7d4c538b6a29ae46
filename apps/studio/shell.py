"""What the frame around every studio page shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from apps.studio import navigation, queries
from apps.workspaces.models import Membership, Workspace


def describe(request: HttpRequest) -> dict[str, Any]:
    """Everything the sidebar, the top bar and the live layer need. Empty outside of a workspace."""
    workspace: Workspace | None = getattr(request, "workspace", None)
    if workspace is None:
        return {}
    places = navigation.places(request)
    bell = queries.bell(actor=request.actor)  # type: ignore[attr-defined]
    return {
        "workspace": workspace,
        "places": places,
        "phone_places": [place for place in places if place.on_phone][:4],
        "sections": navigation.side_sections(request),
        "new": navigation.new_places(request),
        "workspaces": other_workspaces(request, workspace),
        "unread": bell.unread,
        "sequence": bell.sequence,
        "live_path": f"/ws/w/{workspace.slug}/events",
    }


def other_workspaces(request: HttpRequest, current: Workspace) -> list[Workspace]:
    """The person's other workspaces, by name. One query."""
    memberships = (
        Membership.objects.select_related("workspace")
        .filter(user=request.user.pk, workspace__state=Workspace.State.READY)
        .exclude(workspace=current)
        .order_by("workspace__name")[:20]
    )
    return [membership.workspace for membership in memberships]
