"""The door: who may enter a workspace, by session or by key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.errors import DomainError, Gone, NotFound, PermissionDenied, Unavailable
from apps.workspaces.models import ApiKey, Membership, SlugHistory, Workspace
from apps.workspaces.services import api_keys, door_rows, roles
from apps.workspaces.types import Actor

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from apps.accounts.models import User

_VISIT = timedelta(minutes=10)


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
    return roles.permissions_of(membership.role)


def people_who_may(permission: str, *, workspace: Workspace) -> list[User]:
    """The active members whose role allows it."""
    members = Membership.objects.select_related("role", "user").filter(
        workspace=workspace, user__is_active=True
    )
    return [member.user for member in members if permission in permissions_of(member)]


def by_person(*, user: User, slug: str) -> Entry:
    """Enter as a member. One query.

    Raises NotFound for unknown slugs and for non-members alike, Moved for an old slug of a workspace
    the person belongs to, and the error of a state in which nobody may enter.
    """
    membership = door_rows.membership(user_id=user.pk, slug=slug)
    return _enter_or_say_why(membership, user_id=user.pk, slug=slug)


def by_session(*, session: SessionBase, slug: str) -> Entry | None:
    """Enter as the person whom ``session`` names, person and membership in one query.

    None where only the slow way can tell (nobody signed in, a session from before a change of
    password or of secrets, no such membership). Raises the error of a state in which nobody may enter.
    """
    try:
        user_id = int(session[SESSION_KEY])
    except (KeyError, ValueError):
        return None
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    membership = door_rows.membership(user_id=user_id, slug=slug)
    if membership is None or not constant_time_compare(
        session.get(HASH_SESSION_KEY, ""), membership.user.get_session_auth_hash()
    ):
        return None
    return _enter(membership)


def narrowed(allowed: frozenset[str], scopes: Iterable[str]) -> frozenset[str]:
    """``allowed`` within ``scopes``; a key without scopes has all that its person may do."""
    wanted = frozenset(scopes)
    return allowed & wanted if wanted else allowed


def _enter(membership: Membership) -> Entry:
    _check_state(membership.workspace)
    _note_visit(membership)
    actor = Actor.member(membership, permissions_of(membership))
    return Entry(membership.workspace, membership, actor)


def _note_visit(membership: Membership) -> None:
    """Keep when a member was last here, to the nearest ten minutes: it orders the switcher."""
    now = timezone.now()
    if membership.last_seen_at is None or now - membership.last_seen_at > _VISIT:
        Membership.objects.filter(pk=membership.pk).update(last_seen_at=now)


def by_key(*, raw_key: str, slug: str) -> tuple[ApiKey, Entry]:
    """Enter as a program: what the key's person may do, narrowed to the key's scopes. One query.

    Nothing is kept from one request to the next, so a key that is revoked is refused at once.
    Raises NotAuthenticated, and what ``by_person`` raises.
    """
    found, membership = door_rows.key(key_hash=api_keys.digest_of(raw_key), slug=slug)
    key = api_keys.accept(found)
    entry = _enter_or_say_why(membership, user_id=key.user_id, slug=slug)
    if entry.workspace.pk != key.workspace_id:
        raise NotFound("There is no such workspace, or this key is not for it.")
    allowed = narrowed(entry.actor.permissions, key.scopes)
    return key, entry._replace(actor=Actor.api_key(key, entry.membership, allowed))


def _enter_or_say_why(membership: Membership | None, *, user_id: int, slug: str) -> Entry:
    if membership is None:
        _raise_moved(user_id=user_id, slug=slug)
        raise NotFound("There is no such workspace, or you are not a member of it.")
    return _enter(membership)


def _raise_moved(*, user_id: int, slug: str) -> None:
    old = (
        SlugHistory.objects.filter(slug=slug, workspace__memberships__user_id=user_id)
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
