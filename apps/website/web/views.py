"""The welcome page and the gallery of components."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.website.web import gallery
from apps.website.web.words import WELCOME


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    return render(request, "website/welcome.html", WELCOME)


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for those who build with them."""
    user = request.user
    if not (settings.DEBUG or (user.is_authenticated and user.is_staff)):
        raise Http404("The gallery is for staff.")
    return render(request, "website/design.html", gallery.context())
