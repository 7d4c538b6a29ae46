"""Reading connections."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from apps.workspaces.types import Actor

from . import permissions
from .errors import ConnectionNotFound
from .models import Connection


def connections(*, actor: Actor) -> QuerySet[Connection]:
    """All accounts that were not disconnected."""
    actor.require(permissions.VIEW)
    return Connection.objects.exclude(state=Connection.State.DISCONNECTED)


def connection(*, actor: Actor, connection_id: UUID) -> Connection:
    actor.require(permissions.VIEW)
    found = Connection.objects.filter(pk=connection_id).first()
    if found is None:
        raise ConnectionNotFound("This connection does not exist.")
    return found
