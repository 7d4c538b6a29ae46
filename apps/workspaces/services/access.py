"""The door: who may enter a workspace, by session or by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.errors import DomainError, Gone, NotFound, PermissionDenied, Unavailable
from apps.workspaces import permissions
from apps.workspaces.models import ApiKey, Membership, SlugHistory, Workspace
from apps.workspaces.types import Actor

if TYPE_CHECKING:
    from apps.accounts.models import User


class Entry(NamedTuple):
    workspace: Workspace
    membership: Membership
    actor: Actor


class Moved(Exception):
    """The slug is an old one; ``slug`` is the workspace's present one."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


def permissions_of(membership: Membership) -> frozenset[str]:
    """What ``membership`` allows. Needs ``role`` loaded."""
    role = membership.role
    if role.workspace_id is None:
        return permissions.of_role(role.key)
    return frozenset(role.permissions)


def by_person(*, user: User, slug: str) -> Entry:
    """Enter as a member. One query.

    Raises NotFound for unknown slugs and for non-members alike, Moved for an old slug of a workspace
    the person belongs to, and the error of a state in which nobody may enter.
    """
    membership = (
        Membership.objects.select_related("workspace", "role", "user")
        .filter(workspace__slug=slug, user=user, user__is_active=True)
        .first()
    )
    if membership is None:
        _raise_moved(user=user, slug=slug)
        raise NotFound("There is no such workspace, or you are not a member of it.")
    _check_state(membership.workspace)
    actor = Actor.member(membership, permissions_of(membership))
    return Entry(membership.workspace, membership, actor)


def by_key(*, key: ApiKey, slug: str) -> Entry:
    """Enter as a program: what the key's person may do, narrowed to the key's scopes."""
    entry = by_person(user=key.user, slug=slug)
    if entry.workspace.pk != key.workspace_id:
        raise NotFound("There is no such workspace, or this key is not for it.")
    allowed = entry.actor.permissions
    if key.scopes:
        allowed = frozenset(scope for scope in key.scopes if scope in allowed)
    return entry._replace(actor=Actor.api_key(key, entry.membership, allowed))


def _raise_moved(*, user: User, slug: str) -> None:
    old = (
        SlugHistory.objects.filter(slug=slug, workspace__memberships__user=user)
        .select_related("workspace")
        .first()
    )
    if old is not None and old.workspace.slug:
        raise Moved(old.workspace.slug)


def _check_state(workspace: Workspace) -> None:
    state = Workspace.State
    if workspace.state == state.READY:
        return
    if workspace.state == state.SUSPENDED:
        raise PermissionDenied(
            "This workspace is suspended. Its data is safe; its owner can have it opened again.",
            code="workspace_suspended",
        )
    if workspace.state == state.DELETING:
        raise Gone(
            "This workspace is being deleted. Its owner can bring it back for 30 days.",
            code="workspace_deleting",
        )
    raise Unavailable("This workspace is being set up. Try again in a moment.", retry_after=5)


def error_body(error: DomainError) -> dict[str, object]:
    """The one shape of an API error."""
    body: dict[str, object] = {"code": error.code, "message": error.message}
    if error.field:
        body["field"] = error.field
    if error.params:
        body["params"] = error.params
    return {"error": body}


def error_response(error: DomainError) -> JsonResponse:
    response = JsonResponse(error_body(error), status=error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        response["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


def error_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A page that says what happened, for people."""
    return render(request, "errors/domain.html", {"error": error}, status=error.status)
