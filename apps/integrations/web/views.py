"""Where a network sends the browser back to, accounts to pick from, and the workspace's own apps."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.errors import DomainError, PermissionDenied
from apps.integrations import permissions, providers, queries
from apps.integrations.errors import SignInInvalid, SignInNotYours
from apps.integrations.providers.base import NotGranted
from apps.integrations.services import apps, offers, sign_ins
from apps.integrations.web import present
from apps.integrations.web.forms import FieldsForm
from apps.workspaces.models import Workspace
from apps.workspaces.services import access
from apps.workspaces.tenancy import reverse, workspace_context


@never_cache
@require_safe
@login_required
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Finish a sign-in and go back to where it began; whatever went wrong is said there."""
    target = "/"
    try:
        state = sign_ins.read_state(request.GET.get("state", ""))
        if state.user_id != request.user.pk:
            raise SignInNotYours("This sign-in was started by somebody else.")
        entry = access.by_person(user=request.user, slug=_slug(state.workspace_id))
        with workspace_context(entry.workspace):
            target = f"/w/{entry.workspace.slug}/"
            network = providers.by_callback(provider)
            sign_in = sign_ins.take(actor=entry.actor, provider=network.key, state=state)
            target = sign_in.return_to
            code = request.GET.get("code", "")
            if not code:
                raise SignInInvalid("Access was not granted, so nothing was connected.")
            done = sign_ins.finish(actor=entry.actor, sign_in=sign_in, code=code)
            if done.offer_id is not None:
                target = reverse("integrations:pick", kwargs={"sign_in_id": done.offer_id})
    except DomainError as error:
        messages.error(request, error.message)
    else:
        for connection in done.connected:
            messages.success(request, f"{connection.handle} is connected.")
            _say_refused(request, done.refused)
    return redirect(target)


@never_cache
@require_http_methods(["GET", "POST"])
def pick(request: Any, sign_in_id: UUID) -> HttpResponse:
    """The accounts that a consent speaks for, to choose from."""
    request.actor.require(permissions.MANAGE)
    try:
        offer = offers.read(actor=request.actor, sign_in_id=sign_in_id)
    except SignInInvalid as error:
        messages.error(request, error.message)
        return redirect(reverse("studio:home"))
    problem = ""
    chosen = set(request.POST.getlist("accounts"))
    if request.method == "POST":
        try:
            numbers = [int(one) for one in chosen if one.isdecimal()]
            stored = offers.pick(actor=request.actor, sign_in_id=sign_in_id, numbers=numbers)
        except PermissionDenied:
            raise
        except DomainError as error:
            problem = error.message
        else:
            names = ", ".join(one.handle or one.name for one in stored)
            verb = "is" if len(stored) == 1 else "are"
            messages.success(request, f"{names} {verb} connected.")
            return redirect(offer.sign_in.return_to)
    context = {
        "offer": offer,
        "network": providers.get(offer.sign_in.provider),
        "icon": present.mark(offer.sign_in.provider),
        "chosen": chosen,
        "problem": problem,
    }
    return render(request, "integrations/pick.html", context, status=422 if problem else 200)


@require_safe
def repair(request: Any, connection_id: UUID) -> HttpResponse:
    """Where a mail or notification about a lost access leads: the page that brings it back."""
    row = queries.connection(actor=request.actor, connection_id=connection_id)
    query = urlencode({"again": row.pk, **({"sandbox": 1} if row.is_sandbox else {})})
    return redirect(f"/w/{request.workspace.slug}/channels/connect/{row.provider}/?{query}")


@require_safe
def app_list(request: Any) -> HttpResponse:
    """Every network that wants to know who asks, and whose app is used there."""
    standings = apps.standings(actor=request.actor)
    context = {
        "rows": [(one, present.mark(one.network.key)) for one in standings],
        "may_change": request.actor.can(permissions.MANAGE_APPS),
    }
    return render(request, "integrations/apps.html", context)


@require_http_methods(["GET", "POST"])
def app_detail(request: Any, provider: str) -> HttpResponse:
    """One network's app: what to set up there, and the form for its credentials."""
    standing = _standing(request, provider)
    form = FieldsForm(
        standing.network.app_fields,
        request.POST or None,
        initial={"client_id": standing.client_id if standing.source == "workspace" else ""},
        keeps_secrets=standing.source == "workspace",
    )
    status = 200
    if request.method == "POST":
        request.actor.require(permissions.MANAGE_APPS)
        if form.is_valid():
            try:
                apps.save(actor=request.actor, provider=provider, values=form.cleaned_data)
            except PermissionDenied:
                raise
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                messages.success(
                    request, f"New sign-ins at {standing.network.name} use your own app."
                )
                return redirect(reverse("integrations:apps"))
        status = 422
    context = {
        "standing": standing,
        "network": standing.network,
        "icon": present.mark(provider),
        "form": form,
        "redirect_uri": sign_ins.redirect_uri(provider),
        "readme": present.readme(provider),
        "may_change": request.actor.can(permissions.MANAGE_APPS),
    }
    return render(request, "integrations/app.html", context, status=status)


@require_POST
def app_remove(request: Any, provider: str) -> HttpResponse:
    standing = _standing(request, provider)
    apps.remove(actor=request.actor, provider=provider)
    messages.success(request, f"Your own app for {standing.network.name} is not used any more.")
    return redirect(reverse("integrations:apps"))


def _standing(request: Any, provider: str) -> apps.Standing:
    for one in apps.standings(actor=request.actor):
        if one.network.key == provider:
            return one
    raise Http404("No such network.")


def _say_refused(request: HttpRequest, refused: tuple[NotGranted, ...]) -> None:
    for one in refused:
        messages.warning(request, f"{one.name} was not granted: {one.reason}")


def _slug(workspace_id: int) -> str:
    slug = Workspace.objects.filter(pk=workspace_id).values_list("slug", flat=True).first()
    if not slug:
        raise SignInInvalid("This sign-in belongs to a workspace that is gone.")
    return slug
