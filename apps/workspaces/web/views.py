"""The workspace's settings: general, members, API keys, audit trail.

A refusal is said where it happened: forms answer 422 with what was typed, buttons lead back to their
page with a message. ``PermissionDenied`` is answered as 403 by ``settings_page``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.errors import DomainError, PermissionDenied
from apps.workspaces import permissions, queries
from apps.workspaces.permissions import ROLE_SUMMARIES, all_permissions
from apps.workspaces.services import access, invitations, keys, lifecycle, members, roles
from apps.workspaces.tenancy import reverse
from apps.workspaces.web.forms import (
    DeleteForm,
    InviteForm,
    KeyForm,
    RotateForm,
    SlugForm,
    WorkspaceForm,
    add_error,
)

View = Callable[..., HttpResponse]


def settings_page(permission: str) -> Callable[[View], View]:
    """A view for those who hold ``permission``; every refusal becomes a page with its status."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                request.actor.require(permission)
                return view(request, *args, **kwargs)
            except PermissionDenied as error:
                return access.error_page(request, error)

        return checked

    return decorate


def _done(request: HttpRequest, verb: Callable[[], Any], said: str, back: str) -> HttpResponse:
    """Do ``verb`` for a button and lead back to the page ``back``, saying what happened."""
    try:
        verb()
    except PermissionDenied:
        raise
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, said)
    return redirect(reverse(back))


# --- General -------------------------------------------------------------------------------------


@settings_page(permissions.VIEW)
@require_http_methods(["GET", "POST"])
def general(request: Any) -> HttpResponse:
    workspace = request.workspace
    form = WorkspaceForm(
        request.POST or None, initial={"name": workspace.name, "time_zone": workspace.time_zone}
    )
    if request.method == "POST" and form.is_valid():
        try:
            lifecycle.update(actor=request.actor, **form.cleaned_data)
        except PermissionDenied:
            raise
        except DomainError as error:
            add_error(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect(reverse("workspaces:general"))
    return _general_page(request, form=form)


@settings_page(permissions.MANAGE_SETTINGS)
@require_POST
def sandbox(request: Any) -> HttpResponse:
    """Sandbox mode on or off."""
    wanted = request.POST.get("is_sandbox") == "on"
    said = (
        "Sandbox mode is on. Nothing reaches the real networks."
        if wanted
        else ("Sandbox mode is off. Posts to real accounts go out again.")
    )
    return _done(
        request,
        lambda: lifecycle.set_sandbox(actor=request.actor, is_sandbox=wanted),
        said,
        "workspaces:general",
    )


@settings_page(permissions.MANAGE_SETTINGS)
@require_POST
def change_slug(request: Any) -> HttpResponse:
    form = SlugForm(request.POST)
    if form.is_valid():
        try:
            workspace = lifecycle.change_slug(actor=request.actor, slug=form.cleaned_data["slug"])
        except PermissionDenied:
            raise
        except DomainError as error:
            add_error(form, error)
        else:
            messages.success(request, f"The workspace's address is {workspace.slug} now.")
            return redirect(reverse("workspaces:general", workspace=workspace))
    return _general_page(request, slug_form=form)


@settings_page(permissions.DELETE)
@require_POST
def delete(request: Any) -> HttpResponse:
    form = DeleteForm(request.POST, workspace=request.workspace)
    if form.is_valid():
        try:
            workspace = lifecycle.delete(actor=request.actor, confirm=form.cleaned_data["confirm"])
        except PermissionDenied:
            raise
        except DomainError as error:
            add_error(form, error)
        else:
            messages.success(
                request,
                f"{workspace.name} is closed. You can bring it back until "
                f"{workspace.delete_at:%d %B %Y}.",
            )
            return redirect("workspaces_public:new")
    return _general_page(request, delete_form=form)


def _general_page(request: Any, **forms: Any) -> HttpResponse:
    workspace = request.workspace
    context = {
        "form": WorkspaceForm(initial={"name": workspace.name, "time_zone": workspace.time_zone}),
        "slug_form": SlugForm(initial={"slug": workspace.slug}),
        "delete_form": DeleteForm(workspace=workspace),
        "domains": queries.live_domains(workspace_id=workspace.pk),
        "may_change": request.actor.can(permissions.MANAGE_SETTINGS),
        "may_delete": request.actor.can(permissions.DELETE),
        "host": request.get_host(),
        **forms,
    }
    wrong = any(form.is_bound and form.errors for form in forms.values())
    return render(request, "workspaces/general.html", context, status=422 if wrong else 200)


# --- Members -------------------------------------------------------------------------------------


@settings_page(permissions.VIEW)
@require_safe
def member_list(request: Any) -> HttpResponse:
    return _members_page(request)


@settings_page(permissions.MANAGE_MEMBERS)
@require_POST
def invite(request: Any) -> HttpResponse:
    choices = roles.assignable(actor=request.actor, workspace=request.workspace)
    form = InviteForm(request.POST, roles=choices)
    if form.is_valid():
        try:
            invitation = invitations.invite(actor=request.actor, **form.cleaned_data)
        except PermissionDenied:
            raise
        except DomainError as error:
            add_error(form, error)
        else:
            messages.success(request, f"An invitation is on its way to {invitation.email}.")
            return redirect(reverse("workspaces:members"))
    return _members_page(request, form)


@settings_page(permissions.MANAGE_MEMBERS)
@require_POST
def invitation_resend(request: Any, invitation_id: int) -> HttpResponse:
    return _done(
        request,
        lambda: invitations.resend(actor=request.actor, invitation_id=invitation_id),
        "Sent again. The link sent before no longer works.",
        "workspaces:members",
    )


@settings_page(permissions.MANAGE_MEMBERS)
@require_POST
def invitation_revoke(request: Any, invitation_id: int) -> HttpResponse:
    return _done(
        request,
        lambda: invitations.revoke(actor=request.actor, invitation_id=invitation_id),
        "The invitation was withdrawn.",
        "workspaces:members",
    )


@settings_page(permissions.MANAGE_MEMBERS)
@require_POST
def member_role(request: Any, membership_id: int) -> HttpResponse:
    role = request.POST.get("role", "")
    return _done(
        request,
        lambda: members.change_role(actor=request.actor, membership_id=membership_id, role=role),
        "The role was changed.",
        "workspaces:members",
    )


@settings_page(permissions.MANAGE_MEMBERS)
@require_POST
def member_remove(request: Any, membership_id: int) -> HttpResponse:
    return _done(
        request,
        lambda: members.remove(actor=request.actor, membership_id=membership_id),
        "The member was removed.",
        "workspaces:members",
    )


@settings_page(permissions.DELETE)
@require_POST
def member_transfer(request: Any, membership_id: int) -> HttpResponse:
    return _done(
        request,
        lambda: members.transfer_ownership(actor=request.actor, membership_id=membership_id),
        "The workspace is in new hands. You are an admin now.",
        "workspaces:members",
    )


@settings_page(permissions.VIEW)
@require_POST
def leave(request: Any) -> HttpResponse:
    try:
        members.leave(actor=request.actor)
    except PermissionDenied:
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(reverse("workspaces:members"))
    messages.success(request, f"You have left {request.workspace.name}.")
    return redirect("accounts:next")


def _members_page(request: Any, form: InviteForm | None = None) -> HttpResponse:
    workspace, actor = request.workspace, request.actor
    may_manage = actor.can(permissions.MANAGE_MEMBERS)
    choices = roles.assignable(actor=actor, workspace=workspace) if may_manage else []
    rows = [
        {
            "membership": membership,
            "is_me": membership.user_id == actor.user_id,
            "may_manage": may_manage and membership.role in choices,
        }
        for membership in queries.members(workspace_id=workspace.pk)
    ]
    context = {
        "rows": rows,
        "roles": choices,
        "invitations": queries.open_invitations(workspace_id=workspace.pk) if may_manage else [],
        "form": form or InviteForm(roles=choices),
        "may_manage": may_manage,
        "is_owner": actor.role == "owner",
        "role_summaries": ROLE_SUMMARIES,
    }
    wrong = form is not None and form.errors
    return render(request, "workspaces/members.html", context, status=422 if wrong else 200)


# --- API keys ------------------------------------------------------------------------------------


@settings_page(permissions.MANAGE_KEYS)
@require_http_methods(["GET", "POST"])
def key_list(request: Any) -> HttpResponse:
    form = KeyForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = keys.create(
                actor=request.actor,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at(),
            )
        except PermissionDenied:
            raise
        except DomainError as error:
            add_error(form, error)
        else:
            return _keys_page(request, made=made)
    return _keys_page(request, form=form)


@settings_page(permissions.MANAGE_KEYS)
@require_POST
def key_rotate(request: Any, key_id: int) -> HttpResponse:
    form = RotateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose when the old key stops working.")
        return redirect(reverse("workspaces:keys"))
    try:
        made = keys.rotate(actor=request.actor, key_id=key_id, grace=form.grace_time())
    except PermissionDenied:
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(reverse("workspaces:keys"))
    return _keys_page(request, made=made)


@settings_page(permissions.MANAGE_KEYS)
@require_POST
def key_revoke(request: Any, key_id: int) -> HttpResponse:
    return _done(
        request,
        lambda: keys.revoke(actor=request.actor, key_id=key_id),
        "The key no longer works.",
        "workspaces:keys",
    )


def _keys_page(
    request: Any, *, form: KeyForm | None = None, made: keys.NewKey | None = None
) -> HttpResponse:
    sees_all = request.actor.can(permissions.MANAGE_MEMBERS)
    titles = {p.key: p.title for p in all_permissions()}
    found = queries.api_keys(
        workspace_id=request.workspace.pk, user_id=None if sees_all else request.actor.user_id
    )
    context = {
        "form": form or KeyForm(actor=request.actor),
        "rotate_form": RotateForm(),
        "keys": [
            {"key": key, "scopes": [titles.get(scope, scope) for scope in key.scopes]}
            for key in found
        ],
        "made": made,
    }
    wrong = form is not None and form.is_bound and form.errors
    response = render(request, "workspaces/keys.html", context, status=422 if wrong else 200)
    if made is not None:
        add_never_cache_headers(response)  # the one page that ever shows the key
    return response


# --- Audit trail ---------------------------------------------------------------------------------


@settings_page(permissions.MANAGE_SETTINGS)
@require_safe
def audit_trail(request: Any) -> HttpResponse:
    before = request.GET.get("before", "")
    size = 50
    entries = queries.audit_entries(
        workspace_id=request.workspace.pk,
        before=int(before) if before.isdigit() else None,
        limit=size + 1,
    )
    older = f"?before={entries[size - 1].sequence}" if len(entries) > size else ""
    context = {"entries": entries[:size], "older": older, "newer": "?" if before else ""}
    return render(request, "workspaces/audit.html", context)
