"""Making, rotating and revoking API keys. How a key looks and is checked: ``api_keys``.

A key is looked up on every request, so what is done here holds from the next request on. Announces
``api_key.created``, ``api_key.rotated`` and ``api_key.revoked``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.errors import NotFound, PermissionDenied, ValidationFailed
from apps.workspaces import limits, permissions
from apps.workspaces.models import ApiKey, Workspace
from apps.workspaces.services import api_keys, audit
from apps.workspaces.services.announce import announce
from apps.workspaces.types import Actor

MAX_GRACE = timedelta(days=7)


class NewKey(NamedTuple):
    """``raw`` is the key itself: hand it to the person now, it is kept nowhere."""

    key: ApiKey
    raw: str


def create(
    *,
    actor: Actor,
    name: str,
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> NewKey:
    """A key by which programs act for the actor, within ``scopes`` (none: all that they may do).

    Raises ValidationFailed with the field named, PermissionDenied for scopes the actor lacks and for
    programs, LimitExceeded.
    """
    actor.require(permissions.MANAGE_KEYS)
    if actor.kind != "person" or actor.user_id is None:
        raise PermissionDenied("Only a person can make an API key.")
    tidy = " ".join(name.split())
    if not 1 <= len(tidy) <= 80:
        raise ValidationFailed("Give the key a name of up to 80 characters.", field="name")
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationFailed("Choose a time in the future.", field="expires_at")
    wanted = _checked_scopes(actor, scopes)
    with transaction.atomic():
        workspace = Workspace.objects.get(pk=actor.workspace_id)
        used = ApiKey.objects.filter(workspace=workspace, revoked_at=None).count()
        limits.check(workspace_id=workspace.pk, meter="api_keys", used=used)
        made = _make(actor, tidy, wanted, expires_at)
        _tell(actor, workspace, made.key, "api_key.created", {"scopes": [None, wanted]})
    return made


def rotate(*, actor: Actor, key_id: int, grace: timedelta = timedelta()) -> NewKey:
    """A new key with the same name, scopes and end; the old one works for ``grace`` longer.

    Locks the key. Raises NotFound, ValidationFailed for a grace below zero or above seven days.
    """
    actor.require(permissions.MANAGE_KEYS)
    if not timedelta() <= grace <= MAX_GRACE:
        raise ValidationFailed("Choose a time of up to seven days.", field="grace")
    with transaction.atomic():
        old = _own(actor, key_id)
        if not old.is_live:
            raise NotFound("This key works no longer; make a new one.")
        made = _make(actor, old.name, old.scopes, old.expires_at)
        until = timezone.now() + grace
        old.replaced_by = made.key
        if grace:
            old.expires_at = min(old.expires_at or until, until)
        else:
            old.revoked_at = until
        old.save(update_fields=["replaced_by", "expires_at", "revoked_at"])
        _tell(
            actor,
            old.workspace,
            old,
            "api_key.rotated",
            {"replaced_by": made.key.pk, "old_until": until},
        )
    return made


def revoke(*, actor: Actor, key_id: int) -> None:
    """End a key at once: one's own, or anybody's for those who manage members. Raises NotFound."""
    if not actor.can(permissions.MANAGE_MEMBERS):
        actor.require(permissions.MANAGE_KEYS)
    with transaction.atomic():
        key = _own(actor, key_id, any_owner=actor.can(permissions.MANAGE_MEMBERS))
        if key.revoked_at is not None:
            return
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        _tell(actor, key.workspace, key, "api_key.revoked", {})


def _checked_scopes(actor: Actor, scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    for scope in wanted:
        if not permissions.exists(scope):
            raise ValidationFailed(f"There is no permission “{scope}”.", field="scopes")
        if not actor.can(scope):
            raise PermissionDenied(
                f"You cannot give a key what you may not do: {scope}.", params={"scope": scope}
            )
    return wanted


def _make(actor: Actor, name: str, scopes: list[str], expires_at: datetime | None) -> NewKey:
    raw = api_keys.generate()
    key = ApiKey.objects.create(  # type: ignore[misc]  # who may make one is a person
        workspace_id=actor.workspace_id,
        user_id=actor.user_id,
        name=name,
        prefix=raw[: len(api_keys.PREFIX) + 6],
        key_hash=api_keys.digest(raw),
        scopes=scopes,
        expires_at=expires_at,
    )
    return NewKey(key, raw)


def _own(actor: Actor, key_id: int, *, any_owner: bool = False) -> ApiKey:
    keys = ApiKey.objects.select_for_update(of=("self",)).select_related("workspace")
    keys = keys.filter(workspace_id=actor.workspace_id, pk=key_id)
    if not any_owner:
        keys = keys.filter(Q(user_id=actor.user_id))
    key = keys.first()
    if key is None:
        raise NotFound("There is no such API key.")
    return key


def _tell(
    actor: Actor, workspace: Workspace, key: ApiKey, kind: str, change: dict[str, object]
) -> None:
    words = {
        "api_key.created": "made",
        "api_key.rotated": "renewed",
        "api_key.revoked": "revoked",
    }
    announce(
        actor=actor,
        workspace=workspace,
        kind=kind,
        subject=("api_key", str(key.pk)),
        summary=f"The API key “{key.name}” was {words[kind]}",
        data={"name": key.name, "prefix": key.prefix},
    )
    audit.record(
        actor=actor,
        action=kind,
        subject=("api_key", str(key.pk)),
        label=f"{key.name} ({key.prefix}…)",
        change=change,
    )
