"""Pages about workspaces for people who are not inside one: a new one, an invitation, bringing back."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.services.people import PENDING_INVITATION
from apps.errors import DomainError
from apps.workspaces import queries
from apps.workspaces.permissions import ROLE_SUMMARIES
from apps.workspaces.services import invitations, lifecycle, provisioning
from apps.workspaces.web.forms import NewWorkspaceForm, add_error


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    if request.method == "POST":
        form = NewWorkspaceForm(request.POST)
        if form.is_valid():
            try:
                workspace = provisioning.create_workspace(owner=person, **form.cleaned_data)
            except DomainError as error:
                add_error(form, error)
            else:
                return redirect(f"/w/{workspace.slug}/{settings.CANDY_FIRST_PAGE}")
    else:
        form = NewWorkspaceForm(initial={"time_zone": person.time_zone})
    context = {
        "form": form,
        "workspaces": queries.workspaces_of(user_id=person.pk),
        "deleted": queries.deleted_workspaces_of(owner_id=person.pk),
        "host": request.get_host(),
    }
    return render(request, "workspaces/new.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def check_slug(request: HttpRequest) -> HttpResponse:
    """The line below the address field: free, taken or wrong; with a suggestion out of the name."""
    typed = request.GET.get("slug", "").strip().lower()
    suggested = "" if typed else slugify(request.GET.get("name", ""))[:48].strip("-")
    slug = typed or suggested
    context: dict[str, Any] = {"slug": slug, "suggested": suggested}
    if slug:
        try:
            provisioning.check_slug(slug)
        except DomainError as error:
            context["error"] = error.message
            if not typed:
                context["suggested"] = _free_variant(slug)
                context["error"] = ""
    return render(request, "workspaces/slug_check.html", context)


@require_safe
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    try:
        found = invitations.by_token(token=token)
    except DomainError as error:
        request.session.pop(PENDING_INVITATION, None)
        return render(
            request, "workspaces/invitation_closed.html", {"error": error}, status=error.status
        )
    person: Any = request.user
    if not person.is_authenticated:
        # Holding the link proves the mailbox: a sign-up with this address needs no second mail.
        request.session[PENDING_INVITATION] = token
        get_adapter().stash_verified_email(request, found.email)
    summary = ROLE_SUMMARIES.get(found.role.key, "") if found.role.workspace_id is None else ""
    context = {
        "invitation": found,
        "token": token,
        "role_summary": summary,
        "is_for_me": person.is_authenticated and invitations.is_for(invitation=found, user=person),
    }
    return render(request, "workspaces/invitation.html", context)


@login_required
@require_POST
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    person: Any = request.user
    try:
        membership = invitations.accept(user=person, token=token)
    except DomainError as error:
        return render(
            request, "workspaces/invitation_closed.html", {"error": error}, status=error.status
        )
    request.session.pop(PENDING_INVITATION, None)
    messages.success(request, f"Welcome to {membership.workspace.name}.")
    return redirect(f"/w/{membership.workspace.slug}/")


@login_required
@require_POST
def restore(request: HttpRequest, slug: str) -> HttpResponse:
    person: Any = request.user
    try:
        actor = lifecycle.owner_of_deleted(user_id=person.pk, slug=slug)
        workspace = lifecycle.restore(actor=actor)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(reverse("workspaces_public:new"))
    messages.success(request, f"{workspace.name} is back.")
    return redirect(f"/w/{workspace.slug}/")


def _free_variant(slug: str) -> str:
    """The first of ``slug-2`` … ``slug-9`` that is free; empty when none is."""
    for number in range(2, 10):
        candidate = f"{slug[:46]}-{number}"
        try:
            return provisioning.check_slug(candidate)
        except DomainError:
            continue
    return ""
