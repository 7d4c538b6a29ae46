"""Captions beside the player: what there is by language, files taken in, and an editor."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language_info
from django.views.decorators.http import require_http_methods, require_POST

from apps.errors import DomainError, ValidationFailed
from apps.media import permissions
from apps.media.errors import CaptionsBroken, CaptionsChanged
from apps.media.models import Asset, Caption
from apps.media.services import assets, captions
from apps.media.video.captions import MAX_BYTES, Line, read, short_clock
from apps.media.web.toasts import toast
from apps.workspaces.tenancy import reverse

OFFERED = (
    "en",
    "de",
    "es",
    "fr",
    "it",
    "nl",
    "pl",
    "pt",
    "pt-BR",
    "tr",
    "uk",
    "ar",
    "hi",
    "ja",
    "zh",
)


def language_name(tag: str) -> str:
    """``German`` for ``de``; the tag itself where it has no name."""
    try:
        return str(get_language_info(tag.lower())["name"])
    except KeyError:
        return tag


def shown(asset: Asset, *, may_manage: bool) -> dict[str, Any]:
    """What the section needs while nobody edits. One statement."""
    rows = list(asset.captions.all()) if asset.kind == Asset.Kind.VIDEO else []
    for row in rows:
        row.language_name = language_name(row.language)  # type: ignore[attr-defined]
    return {
        "asset": asset,
        "captions": rows,
        "may_manage": may_manage and asset.deleted_at is None,
        "languages": [(tag, language_name(tag)) for tag in OFFERED],
    }


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Any, asset: UUID) -> HttpResponse:
    """The editor, of ``?language=`` or empty; without ``editor`` the list. A POST saves it.

    A save that is refused answers only what is wrong, so that nothing typed is touched.
    """
    request.actor.require(permissions.MANAGE)
    row = assets.get(asset)
    if not request.headers.get("HX-Request"):
        return redirect(reverse("media:detail", kwargs={"asset": row.pk}))
    if request.method != "POST":
        return _section(request, row, editor=_editor(row, request.GET))
    try:
        captions.set_lines(
            actor=request.actor,
            asset=row,
            language=request.POST.get("language", "").strip(),
            name=request.POST.get("name", "").strip(),
            lines=_lines(request.POST.get("cues", "")),
            seen=request.POST.get("instead") or request.POST.get("seen", ""),
        )
    except (ValidationFailed, CaptionsChanged) as refused:
        return _refused(request, refused, "#captions-problems")
    return toast(_section(request, row), "Captions saved.")


@require_POST
def upload(request: Any, asset: UUID) -> HttpResponse:
    """An .srt or .vtt file as the captions of a language."""
    request.actor.require(permissions.MANAGE)
    row = assets.get(asset)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise ValidationFailed("Choose a file that ends in .srt or .vtt.", field="file")
        if file.size > MAX_BYTES:
            raise CaptionsBroken("Captions may have at most 1 MB.", field="file")
        captions.set_captions(
            actor=request.actor,
            asset=row,
            language=request.POST.get("language", "").strip(),
            text=file.read(),
            seen=None if "replace" in request.POST else "",
        )
    except (ValidationFailed, CaptionsChanged) as refused:
        return _refused(request, refused, "#captions-refused")
    return toast(_section(request, row), "Captions added.")


@require_POST
def remove(request: Any, asset: UUID) -> HttpResponse:
    language = request.POST.get("language", "")
    captions.remove_captions(actor=request.actor, asset=asset, language=language)
    return toast(_section(request, assets.get(asset)), "Captions removed.")


def _lines(packed: str) -> list[Line]:
    """``cues`` is JSON: a list of ``{"start": "1:02.5", "end": "…", "text": "…"}``."""
    try:
        given = json.loads(packed)
        return [Line(*(str(one[name]) for name in ("start", "end", "text"))) for one in given]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CaptionsBroken("The captions did not arrive whole. Save again.") from None


def _editor(row: Asset, asked: Any) -> dict[str, Any] | None:
    if "editor" not in asked:
        return None
    language = asked.get("language", "")
    if not language:
        return {"rows": [{"start": short_clock(0), "end": short_clock(2_000), "text": ""}]}
    found: Caption = captions.find(asset=row, language=language)
    return {
        "language": language,
        "language_name": language_name(language),
        "name": found.name,
        "seen": found.version,
        "rows": [
            {"start": short_clock(cue.start), "end": short_clock(cue.end), "text": cue.text}
            for cue in read(found.text)
        ],
    }


def _section(request: Any, row: Asset, editor: dict[str, Any] | None = None) -> HttpResponse:
    may_manage = request.actor.can(permissions.MANAGE)
    context = {**shown(row, may_manage=may_manage), "editor": editor}
    return render(request, "media/_captions.html", context)


def _refused(request: Any, refused: DomainError, place: str) -> HttpResponse:
    context = {
        "error": refused,
        "problems": refused.params.get("problems", ()),
        "version": refused.params.get("version", "") if "seen" in request.POST else "",
    }
    response = render(request, "media/_captions_refused.html", context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = place, "innerHTML"
    return response
