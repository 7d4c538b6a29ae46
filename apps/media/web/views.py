"""Handing out files: to members only, and never as anything but what they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.errors import NotFound
from apps.media.errors import CannotFit, WrongKind
from apps.media.models import Asset, Rendition
from apps.media.services import assets, captions, handout, renditions
from apps.media.types import PLAYED, SHOWN
from apps.media.web.ranges import MEMBERS_ONLY, answer

_SEE = "workspace.view"


@require_safe
def image(request: Any, asset: UUID, rendition: str) -> HttpResponseBase:
    """`/w/<slug>/media/<id>/<thumb|card|large|full>`: an image, or a video's cover."""
    spec = SHOWN.get(rendition)
    if spec is None:
        raise Http404("There is no such image.")
    request.actor.require(_SEE)
    row = _find(asset)
    try:
        made = assets.rendition(asset=row, spec=spec)
        return answer(request, handout.stored(made), headers=MEMBERS_ONLY)
    except (NotFound, WrongKind) as error:
        raise Http404(error.message) from error


@require_safe
def stream(request: Any, asset: UUID) -> HttpResponseBase:
    """`/w/<slug>/media/<id>/stream`: for the player. 503 with `Retry-After` while it is prepared."""
    request.actor.require(_SEE)
    row = _find(asset)
    if row.kind != Asset.Kind.VIDEO:
        raise Http404("This is not a video.")
    try:
        what: Asset | Rendition = row
        if not renditions.probe_of(row).is_for_browsers:
            made = renditions.ensure(actor=request.actor, asset=row, spec=PLAYED)
            if isinstance(made, renditions.Pending):
                return HttpResponse(status=503, headers={"Retry-After": "3"})
            what = made
        return answer(request, handout.stored(what), headers=MEMBERS_ONLY)
    except (NotFound, CannotFit) as error:
        raise Http404(error.message) from error


@require_safe
def download(request: Any, asset: UUID) -> HttpResponseBase:
    """`/w/<slug>/media/<id>/download`: as a file to keep, never shown. Documents have no other way."""
    request.actor.require(_SEE)
    row = _find(asset)
    try:
        return answer(request, handout.stored(row), headers=MEMBERS_ONLY, as_attachment=True)
    except NotFound as error:
        raise Http404(error.message) from error


@require_safe
def caption(request: Any, asset: UUID, language: str) -> HttpResponseBase:
    """`/w/<slug>/media/<id>/captions/<language>.vtt`: for the player's track."""
    request.actor.require(_SEE)
    try:
        found = captions.find(asset=asset, language=language)
    except NotFound as error:
        raise Http404(error.message) from error
    headers = {**MEMBERS_ONLY, "Cache-Control": "private, no-cache"}
    return HttpResponse(found.text, content_type="text/vtt; charset=utf-8", headers=headers)


@require_safe
def made(request: Any, rendition: int) -> HttpResponseBase:
    """`/w/<slug>/media/renditions/<id>`: what a network would get, for a preview."""
    request.actor.require(_SEE)
    rows = Rendition.objects.select_related("asset")
    row = rows.filter(pk=rendition).first() if rendition < 2**63 else None
    if row is None:
        raise Http404("There is no such file.")
    try:
        return answer(request, handout.stored(row), headers=MEMBERS_ONLY)
    except NotFound as error:
        raise Http404(error.message) from error


def _find(asset: UUID) -> Asset:
    """One in the trash too: a scheduled post shows it."""
    row = Asset.objects.filter(pk=asset).first()
    if row is None:
        raise Http404("There is no such file.")
    return row
