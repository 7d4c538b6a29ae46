"""Knowledge in the studio: sources, how their reading goes, and the brand's basics."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.errors import DomainError
from apps.knowledge import permissions, queries
from apps.knowledge.models import Page, Source
from apps.knowledge.services import brands, sources
from apps.knowledge.web.forms import AddressForm, BrandForm, UploadForm
from apps.studio.web.forms import show_error
from apps.workspaces.tenancy import reverse
from apps.workspaces.types import Actor

_PAGES_SHOWN = _SOURCES_SHOWN = 50


@dataclass(frozen=True)
class Uploaded:
    """What became of one uploaded file."""

    name: str
    source: Source | None
    error: str = ""


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    return render(request, "knowledge/source_list.html", _list_context(request))


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone: fetched again while something is being read."""
    return render(request, "knowledge/_source_rows.html", _list_context(request))


def _list_context(request: HttpRequest) -> dict[str, object]:
    _actor(request).require(permissions.VIEW)
    page = Paginator(queries.sources(), _SOURCES_SHOWN).get_page(request.GET.get("page"))
    page_total, word_total = queries.totals()
    return {
        "sources": page,
        "brand": queries.current_brand(),
        "busy": any(source.is_busy for source in page),
        "page_total": page_total,
        "word_total": word_total,
        "may_manage": _actor(request).can(permissions.MANAGE),
        "may_edit_brand": _actor(request).can(permissions.EDIT_BRAND),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    _actor(request).require(permissions.MANAGE)
    form = AddressForm(request.POST or None, initial={"address": request.GET.get("address", "")})
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["kind"]
        service = sources.add_sitemap if kind == Source.Kind.SITEMAP else sources.add_website
        try:
            source = service(actor=_actor(request), address=form.cleaned_data["address"])
        except DomainError as error:
            show_error(form, error)
        else:
            return redirect(reverse("knowledge:source", kwargs={"source_id": source.pk}))
    return _add_page(request, form, UploadForm())


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Reads what can be read and says of each other file why not; good ones are kept at once."""
    _actor(request).require(permissions.MANAGE)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _add_page(request, AddressForm(), form, status=422)
    results = [_read_one(_actor(request), file) for file in form.cleaned_data["documents"]]
    if all(result.source is not None for result in results):
        count = len(results)
        messages.success(request, f"Read {count} document{'' if count == 1 else 's'}.")
        return redirect(reverse("knowledge:sources"))
    return _add_page(request, AddressForm(), UploadForm(), results, status=422)


def _read_one(actor: Actor, file: UploadedFile) -> Uploaded:
    name = file.name or "Document"
    try:
        source = sources.add_document(
            actor=actor, name=name, data=file.read(), mime=file.content_type or ""
        )
    except DomainError as error:
        return Uploaded(name, None, error.message)
    return Uploaded(name, source)


def _add_page(
    request: HttpRequest,
    address_form: AddressForm,
    upload_form: UploadForm,
    results: list[Uploaded] | None = None,
    status: int | None = None,
) -> HttpResponse:
    context = {"address_form": address_form, "upload_form": upload_form, "results": results}
    status = status or (422 if address_form.is_bound else 200)
    return render(request, "knowledge/source_add.html", context, status=status)


@require_safe
def detail(request: HttpRequest, source_id: UUID) -> HttpResponse:
    return render(request, "knowledge/source_detail.html", _detail_context(request, source_id))


@require_safe
def state(request: HttpRequest, source_id: UUID) -> HttpResponse:
    """Progress and pages alone, fetched again while the source is being read."""
    return render(request, "knowledge/_source_state.html", _detail_context(request, source_id))


def _detail_context(request: HttpRequest, source_id: UUID) -> dict[str, object]:
    _actor(request).require(permissions.VIEW)
    source = queries.get_source(source_id)
    shown = request.GET.get("status", "")
    found = queries.pages(source)
    if shown in Page.Status.values:
        found = found.filter(status=shown)
    counts = queries.status_counts(source)
    choices = [
        (value, label, counts[value]) for value, label in Page.Status.choices if value in counts
    ]
    page = Paginator(found, _PAGES_SHOWN).get_page(request.GET.get("page"))
    return {
        "source": source,
        "page": page,
        "shown": shown,
        "choices": choices if len(choices) > 1 else [],
        "total": sum(counts.values()),
        "may_manage": _actor(request).can(permissions.MANAGE),
    }


@require_POST
def read_again(request: HttpRequest, source_id: UUID) -> HttpResponse:
    sources.read_again(actor=_actor(request), source_id=source_id)
    return _to_source(source_id)


@require_POST
def stop(request: HttpRequest, source_id: UUID) -> HttpResponse:
    sources.stop(actor=_actor(request), source_id=source_id)
    messages.success(request, "Stopped. The pages read so far are kept.")
    return _to_source(source_id)


@require_POST
def remove(request: HttpRequest, source_id: UUID) -> HttpResponse:
    sources.remove(actor=_actor(request), source_id=source_id)
    messages.success(request, "The source and its pages are gone.")
    return redirect(reverse("knowledge:sources"))


def _to_source(source_id: UUID) -> HttpResponse:
    return redirect(reverse("knowledge:source", kwargs={"source_id": source_id}))


@require_safe
def page(request: HttpRequest, page_id: UUID) -> HttpResponse:
    """What was read of one page, as the writers see it."""
    _actor(request).require(permissions.VIEW)
    found = Page.objects.select_related("source").filter(pk=page_id).first()
    if found is None:
        raise Http404("This page was removed.")
    return render(
        request, "knowledge/page_detail.html", {"page": found, "lines": found.text.split("\n")}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def brand(request: HttpRequest) -> HttpResponse:
    _actor(request).require(permissions.EDIT_BRAND)
    current = queries.current_brand()
    form = BrandForm(request.POST or None, instance=current)
    if request.method == "POST" and form.is_valid():
        try:
            brands.update(actor=_actor(request), **form.cleaned_data)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, "Saved")
            return redirect(reverse("knowledge:sources"))
    context = {"form": form, "brand": current, "cancel_url": reverse("knowledge:sources")}
    return render(
        request, "knowledge/brand_form.html", context, status=422 if form.is_bound else 200
    )
