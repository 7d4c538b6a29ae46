"""What a person changes about themselves, and where they go after signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.accounts.models import User
from apps.errors import ValidationFailed

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

PENDING_INVITATION = "pending_invitation"  # session key: the raw token of an invitation


def next_page(*, user: Any, session: SessionBase) -> str:
    """Where ``user`` goes after signing in: a waiting invitation, the last workspace, a new one."""
    from apps.workspaces import queries

    token = session.get(PENDING_INVITATION)
    if token:
        return reverse("workspaces_public:invitation", args=[token])
    workspace = queries.last_workspace(user_id=user.pk)
    if workspace is not None:
        return f"/w/{workspace.slug}/"
    return reverse("workspaces_public:new")


def introduce(*, user: User, name: str, time_zone: str) -> None:
    """Keep what a new person said of themselves when signing up; no zone leaves the one they have."""
    user.name = name
    user.time_zone = checked_time_zone(time_zone) if time_zone else user.time_zone
    user.save(update_fields=["name", "time_zone"])


def update_profile(
    *, user: User, name: str, time_zone: str, language: str, theme: str
) -> dict[str, list[str]]:
    """Change what a person tells us about themselves; returns what changed as ``{field: [old, new]}``.

    Raises ValidationFailed with the field named. Leaves an audit entry when anything changed.
    """
    from apps.workspaces.services import audit

    values = {
        "name": name.strip(),
        "time_zone": checked_time_zone(time_zone),
        "language": language,
        "theme": theme,
    }
    if language not in dict(settings.LANGUAGES):
        raise ValidationFailed("Choose one of the languages.", field="language")
    if theme not in User.Theme.values:
        raise ValidationFailed("Choose light, dark, or the same as your device.", field="theme")
    if not values["name"]:
        raise ValidationFailed("Tell others who you are.", field="name")
    with transaction.atomic():
        changed = {
            field: [getattr(user, field), value]
            for field, value in values.items()
            if getattr(user, field) != value
        }
        for field, (_, value) in changed.items():
            setattr(user, field, value)
        if changed:
            user.save(update_fields=list(changed))
            audit.record_person(user=user, action="profile.changed", change=changed)
    return changed


def checked_time_zone(name: str) -> str:
    """``name`` if it is an IANA zone that this system knows. Raises ValidationFailed."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationFailed(
            f"“{name}” is not a time zone we know.", field="time_zone"
        ) from error
    return name
