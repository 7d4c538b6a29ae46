"""The drawer behind the bell; the same address is a page of its own."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.studio import queries
from apps.studio.models import Notification
from apps.studio.services import notifications
from apps.workspaces.tenancy import reverse


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    try:
        before = UUID(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        before = None
    page = queries.notifications(
        actor=request.actor,  # type: ignore[attr-defined]
        before=before,
        unread_only=request.GET.get("show") == "unread",
    )
    context = {"page": page, "show": request.GET.get("show", "")}
    target = request.headers.get("HX-Target", "")
    if target == "drawer-content":
        return render(request, "studio/notifications_drawer.html", context)
    if request.GET.get("part"):
        return render(request, "studio/notification_lines.html", context)
    return render(request, "studio/notifications.html", context)


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The number alone, for live screens."""
    unread = queries.unread_count(actor=request.actor)  # type: ignore[attr-defined]
    return render(request, "studio/bell_count.html", {"unread": unread})


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    notifications.mark_all_read(actor=request.actor)  # type: ignore[attr-defined]
    if request.headers.get("HX-Target") == "drawer-content":
        page = queries.notifications(actor=request.actor)  # type: ignore[attr-defined]
        response = render(request, "studio/notifications_drawer.html", {"page": page, "show": ""})
        response["HX-Trigger"] = "candy:bell"
        return response
    return redirect(reverse("studio:notifications"))


@require_safe
def follow(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Mark it read and go to what it is about."""
    actor = request.actor  # type: ignore[attr-defined]
    notifications.mark_read(actor=actor, notification_id=notification_id)
    found = Notification.objects.filter(pk=notification_id, person_id=actor.user_id).first()
    return redirect((found and found.url) or reverse("studio:notifications"))
