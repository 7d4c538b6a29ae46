"""The library: find, look at, describe, sort and throw away files."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.errors import ValidationFailed
from apps.ids import parse_id
from apps.media import permissions, queries, usage
from apps.media.models import Asset, Upload
from apps.media.services import assets, library, renditions
from apps.media.web import captions, shapes
from apps.media.web.toasts import toast
from apps.workspaces.tenancy import reverse

PAGE = 48
_SEE = "workspace.view"
KINDS = (
    ("", "All"),
    ("image", "Images"),
    ("gif", "GIFs"),
    ("video", "Videos"),
    ("document", "Documents"),
)


@require_GET
def index(request: Any) -> HttpResponse:
    """The grid, newest first; folder, tag, kind and words live in the address."""
    request.actor.require(_SEE)
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "folder", "tag", "kind")}
    in_trash = "trash" in request.GET
    rows = queries.assets(
        search=asked["q"],
        folder=asked["folder"] or None,
        is_deep=True,
        tag=asked["tag"] or None,
        kind=asked["kind"] if asked["kind"] in Asset.Kind.values else None,
        in_trash=in_trash,
        before=parse_id(request.GET.get("before", "")),
    )
    found = list(rows[: PAGE + 1])
    kept = {**{k: v for k, v in asked.items() if v}, **({"trash": "1"} if in_trash else {})}
    more = urlencode({**kept, "before": str(found[PAGE - 1].pk)}) if len(found) > PAGE else ""
    context = {
        "assets": found[:PAGE],
        "more": more,
        "asked": asked,
        "in_trash": in_trash,
        "may_manage": request.actor.can(permissions.MANAGE),
    }
    if "before" in request.GET and request.headers.get("HX-Request"):
        return render(request, "media/_tiles.html", context)
    return render(request, "media/library.html", {**context, **_frame(request, asked, kept)})


def _frame(request: Any, asked: dict[str, str], kept: dict[str, str]) -> dict[str, Any]:
    """What stands around the grid."""
    used = queries.storage_used()
    own = queries.uploads(user_id=request.user.pk)

    def without(name: str, value: str) -> str:
        return "?" + urlencode({k: v for k, v in {**kept, name: value}.items() if v})

    return {
        "folders": [
            (path, count, without("folder", path), path == asked["folder"])
            for path, count in queries.folders()
        ],
        "tags": [(tag, without("tag", tag), tag == asked["tag"]) for tag in queries.tags()],
        "kinds": [
            (label, without("kind", key), key == asked["kind"], None) for key, label in KINDS
        ],
        "kept": kept,
        "used": used,
        "allowed": settings.CANDY_MEDIA_BYTES_PER_WORKSPACE or None,
        "unfinished": list(own.filter(state=Upload.State.OPEN)[:10]),
        "is_narrowed": bool(kept),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: Any, asset: UUID) -> HttpResponse:
    """One file: beside the page when asked for by htmx, else as a page. A POST changes its details."""
    request.actor.require(_SEE)
    error = None
    if request.method == "POST":
        try:
            assets.update(
                actor=request.actor,
                asset=asset,
                name=request.POST.get("name", "").strip() or None,
                alt_text=request.POST.get("alt_text", ""),
                folder=request.POST.get("folder", ""),
                tags=request.POST.get("tags", "").split(","),
            )
        except ValidationFailed as refused:
            error = refused
    return _panel(request, asset, error=error, said=request.method == "POST" and not error)


@require_GET
def making(request: Any, asset: UUID) -> HttpResponse:
    """How far the forms are that networks and the player get; asks again by itself until all are."""
    request.actor.require(_SEE)
    row = assets.get_with_trash(asset)
    context = {"asset": row, "making": renditions.being_made(row)}
    return render(request, "media/_making.html", context)


@require_POST
def focus(request: Any, asset: UUID) -> HttpResponse:
    """What has to stay in the picture: a box in fractions, or nothing to let Candy choose."""
    box: dict[str, Any] | None = None
    if "clear" not in request.POST:
        try:
            box = {name: float(request.POST[name]) for name in ("x", "y", "width", "height")}
        except (KeyError, ValueError):
            raise ValidationFailed("Draw a box on the picture first.", field="focus") from None
    assets.set_focus(actor=request.actor, asset=asset, focus=box)
    return _panel(request, asset, said=True)


@require_POST
def cover(request: Any, asset: UUID) -> HttpResponse:
    """The moment of a video that stands for it, in milliseconds."""
    moment = request.POST.get("milliseconds", "")
    if not moment.isdigit() or len(moment) > 9:
        raise ValidationFailed("Choose a moment of the video first.", field="milliseconds")
    assets.pick_cover(actor=request.actor, asset=asset, milliseconds=int(moment))
    return _panel(request, asset, said=True)


@require_POST
def bulk(request: Any) -> HttpResponse:
    """Move, tag, throw away, bring back or remove for good what is ticked."""
    actor, data = request.actor, request.POST
    ids = [pk for pk in map(parse_id, data.getlist("asset")) if pk]
    if not ids:
        raise ValidationFailed("Tick some files first.", field="asset")
    verb = data.get("verb", "")
    tags = data.get("tag", "").split(",")
    if verb == "move":
        count, word = library.move(actor=actor, ids=ids, folder=data.get("folder", "")), "moved"
    elif verb == "tag":
        count, word = library.tag(actor=actor, ids=ids, add=tags), "tagged"
    elif verb == "untag":
        count, word = library.tag(actor=actor, ids=ids, remove=tags), "untagged"
    elif verb == "delete":
        count, word = library.delete(actor=actor, ids=ids), "put into the trash"
    elif verb == "restore":
        count, word = library.restore(actor=actor, ids=ids), "brought back"
    elif verb == "purge":
        count, word = library.purge(actor=actor, ids=ids), "removed for good"
    else:
        raise Http404("No such verb.")
    words = f"{count} file{'' if count == 1 else 's'} {word}."
    response = HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return toast(response, words)


def _panel(
    request: HttpRequest, pk: UUID, *, error: ValidationFailed | None = None, said: bool = False
) -> HttpResponse:
    row = assets.get_with_trash(pk)
    typed = request.POST if error else None
    may_manage = request.actor.can(permissions.MANAGE)  # type: ignore[attr-defined]
    context = {
        **captions.shown(row, may_manage=may_manage),
        "error": error,
        "typed": {
            "name": typed.get("name", "") if typed else row.name,
            "alt_text": typed.get("alt_text", "") if typed else row.alt_text,
            "folder": typed.get("folder", "") if typed else row.folder,
            "tags": typed.get("tags", "") if typed else ", ".join(row.tags),
        },
        "uses": usage.of([row.pk])[row.pk],
        "cuts": shapes.cuts(row),
        "making": renditions.being_made(row),
        "kept": shapes.frame(row),
        "folders": [path for path, _ in queries.folders()],
        "page_url": reverse("media:detail", kwargs={"asset": row.pk}),
        # A form on the file's own page puts its answer there, whatever else htmx asks for is beside.
        "is_panel": bool(request.headers.get("HX-Request"))
        and request.headers.get("HX-Target") != "asset-page",
    }
    template = "media/_panel.html" if context["is_panel"] else "media/detail.html"
    response = render(request, template, context, status=422 if error else 200)
    return toast(response, "Saved.") if said else response
