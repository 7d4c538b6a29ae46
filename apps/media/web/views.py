"""Handing out images: to members only, never as anything but an image."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from apps.errors import NotFound
from apps.media.models import Asset
from apps.media.services import assets
from apps.media.types import EXTENSIONS, SHOWN

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The content behind an id never changes, but who may see it does.
    "Cache-Control": "private, max-age=86400, immutable",
}


@require_safe
def image(request: Any, asset: UUID, rendition: str) -> HttpResponseBase:
    """`/w/<slug>/media/<id>/<thumb|card|large|full>`; ETag is the content's hash."""
    spec = SHOWN.get(rendition)
    row = Asset.objects.filter(pk=asset).first()
    if spec is None or row is None:
        raise Http404("There is no such image.")
    request.actor.require("workspace.view")
    try:
        made = assets.rendition(asset=row, spec=spec)
    except NotFound as error:
        raise Http404(error.message) from error
    etag = f'"{made.sha256[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        return _with_headers(HttpResponse(status=304), etag)
    response = HttpResponse(assets.read(made), content_type=made.mime)
    stem = row.name.rpartition(".")[0] or row.name
    name = f"{stem}.{EXTENSIONS[made.mime]}"
    disposition = content_disposition_header(False, name)
    if disposition:
        response["Content-Disposition"] = disposition
    return _with_headers(response, etag)


def _with_headers(response: HttpResponse, etag: str) -> HttpResponse:
    for name, value in _SAFE.items():
        response[name] = value
    response["ETag"] = etag
    return response
