"""The welcome page, the way in, and the gallery of components."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch
from django.views.decorators.http import require_safe

from apps.website.web import gallery
from apps.website.web.words import WELCOME
from apps.workspaces.models import Membership, Workspace
from apps.workspaces.tenancy import reverse


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    return render(request, "website/welcome.html", WELCOME)


@require_safe
@login_required
def enter(request: HttpRequest) -> HttpResponse:
    """To the workspace used last; to making one for a person who has none."""
    membership = (
        Membership.objects.select_related("workspace")
        .filter(user=request.user.pk, workspace__state=Workspace.State.READY)
        .order_by("-last_seen_at", "-created_at")
        .first()
    )
    if membership is not None:
        return redirect(reverse("studio:home", workspace=membership.workspace))
    try:
        return redirect(reverse("workspaces_public:new"))
    except NoReverseMatch:
        return render(request, "website/no_workspace.html")


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for those who build with them."""
    user = request.user
    if not (settings.DEBUG or (user.is_authenticated and user.is_staff)):
        raise Http404("The gallery is for staff.")
    return render(request, "website/design.html", gallery.context())
