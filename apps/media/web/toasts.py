"""A word in the corner after something was done."""

from __future__ import annotations

import json

from django.http import HttpResponse


def toast(response: HttpResponse, words: str) -> HttpResponse:
    response["HX-Trigger"] = json.dumps({"candy:toast": {"message": words, "level": "success"}})
    return response
