"""Answers to htmx and to scripts: words in the corner, and errors in the one shape."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from apps.errors import DomainError
from apps.workspaces.services.access import error_body


def toast(response: HttpResponse, message: str, level: str = "success") -> HttpResponse:
    """Let the page say ``message`` once the answer is there."""
    triggers: dict[str, Any] = json.loads(response.get("HX-Trigger", "{}"))
    triggers["candy:toast"] = {"message": message, "level": level}
    response["HX-Trigger"] = json.dumps(triggers)
    return response


def go(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect that works for a form and for htmx."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Where there is no form to fill in again: the error's words as a toast, or as JSON."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=error.status, headers={"X-Candy-Message": quote(error.message)})
    return JsonResponse(error_body(error), status=error.status)
