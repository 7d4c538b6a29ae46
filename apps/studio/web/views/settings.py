"""General settings of a workspace."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def general(request: HttpRequest) -> HttpResponse:
    return render(request, "studio/settings_general.html", {})
