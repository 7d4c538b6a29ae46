"""``/api/schema/`` and ``/api/docs/``: the description, for programs and for people."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from apps.workspaces.api.openapi.pages import sections


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The whole API as an OpenAPI object. Fixed by the code, so made once per process."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


@lru_cache(maxsize=1)
def _as_json() -> tuple[bytes, str]:
    text = json.dumps(description(), ensure_ascii=False, indent=1, default=str).encode()
    return text, f'"{hashlib.sha256(text).hexdigest()[:20]}"'


@lru_cache(maxsize=1)
def _sections() -> list[dict[str, Any]]:
    return sections(description())


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    text, etag = _as_json()
    response = (
        HttpResponseNotModified()
        if request.headers.get("If-None-Match") == etag
        else HttpResponse(text, content_type="application/vnd.oai.openapi+json; version=3.1")
    )
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=60"
    return response


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "api/docs.html",
        {"sections": _sections(), "info": description()["info"]},
    )
