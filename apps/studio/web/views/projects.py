"""Projects: a list, a page for each, and the forms."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.errors import DomainError
from apps.studio import queries
from apps.studio.permissions import MANAGE_PROJECTS
from apps.studio.services import projects
from apps.studio.web.forms import ProjectForm, show_error
from apps.workspaces.tenancy import reverse


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    archived = request.GET.get("show") == "archived"
    found = queries.projects(archived=archived)
    may_manage = request.actor.can(MANAGE_PROJECTS)  # type: ignore[attr-defined]
    context = {"projects": found, "archived": archived, "may_manage": may_manage}
    return render(request, "studio/project_list.html", context)


@require_safe
def detail(request: HttpRequest, project_id: UUID) -> HttpResponse:
    project = queries.project(project_id)
    actor = request.actor  # type: ignore[attr-defined]
    history = queries.feed(actor=actor, subject=("project", str(project.pk)), limit=20)
    may_manage = actor.can(MANAGE_PROJECTS)
    context = {"project": project, "page": history, "may_manage": may_manage}
    return render(request, "studio/project_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    request.actor.require(MANAGE_PROJECTS)  # type: ignore[attr-defined]
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            project = projects.create(actor=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except DomainError as error:
            show_error(form, error)
        else:
            return redirect(reverse("studio:project", kwargs={"project_id": project.pk}))
    return _form_page(request, form, "New project", reverse("studio:projects"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, project_id: UUID) -> HttpResponse:
    request.actor.require(MANAGE_PROJECTS)  # type: ignore[attr-defined]
    project = queries.project(project_id)
    back = reverse("studio:project", kwargs={"project_id": project.pk})
    form = ProjectForm(request.POST or None, instance=project)
    if request.method == "POST" and form.is_valid():
        try:
            projects.update(actor=request.actor, project_id=project_id, **form.cleaned_data)  # type: ignore[attr-defined]
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, "Saved")
            return redirect(back)
    return _form_page(request, form, "Edit project", back)


@require_POST
def archive(request: HttpRequest, project_id: UUID) -> HttpResponse:
    project = projects.archive(actor=request.actor, project_id=project_id)  # type: ignore[attr-defined]
    messages.success(request, f"{project.name} is archived. Everything in it is kept.")
    return redirect(reverse("studio:projects"))


@require_POST
def restore(request: HttpRequest, project_id: UUID) -> HttpResponse:
    project = projects.restore(actor=request.actor, project_id=project_id)  # type: ignore[attr-defined]
    messages.success(request, f"{project.name} is back.")
    return redirect(reverse("studio:project", kwargs={"project_id": project.pk}))


def _form_page(request: HttpRequest, form: ProjectForm, title: str, back: str) -> HttpResponse:
    status = 422 if form.is_bound else 200
    context = {"form": form, "title": title, "cancel_url": back}
    return render(request, "studio/project_form.html", context, status=status)
