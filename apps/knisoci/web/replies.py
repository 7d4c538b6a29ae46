"""Answers to htmx: words in the corner, and a redirect. Errors rise to the shell's middleware."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


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
