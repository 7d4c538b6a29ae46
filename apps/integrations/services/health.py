"""What state a connection is in, and saying so once when it changes.

Parts of the services here: those have asked whether `actor` may, or act as Candy.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from apps.integrations.models import Connection
from apps.integrations.providers.base import Account, ErrorKind, ProviderError
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

from . import credentials

DEATHS = {
    ErrorKind.AUTH_EXPIRED: Connection.State.EXPIRED,
    ErrorKind.AUTH_REVOKED: Connection.State.REVOKED,
    ErrorKind.SCOPE_MISSING: Connection.State.REVOKED,
}
_OUT_OF_REACH = (ErrorKind.TRANSIENT_SAFE, ErrorKind.API_SUNSET, ErrorKind.POLICY_BLOCKED)


def report(actor: Actor, connection: Connection, error: ProviderError) -> Connection:
    """Note a failure of the connection itself. Emits on a change of state only.

    connection.expired when a person has to act, connection.failed when the network is out of reach.
    Content errors and rate limits say nothing about the connection and are ignored.
    """
    if error.kind in DEATHS:
        state, kind = DEATHS[error.kind], "connection.expired"
    elif error.kind in _OUT_OF_REACH:
        state, kind = Connection.State.ERROR, "connection.failed"
    else:
        return connection
    with transaction.atomic():
        row = credentials.locked(connection.pk)
        changed = row.state != state and row.state != Connection.State.DISCONNECTED
        if row.state != Connection.State.DISCONNECTED:
            row.state = state
        row.last_error, row.last_error_code = error.message[:500], error.code[:80]
        row.last_checked_at = timezone.now()
        row.save()
        if changed:
            tell(actor, row, kind, f"{row.handle}: {row.last_error}", code=row.last_error_code)
    return row


def alive(actor: Actor, connection: Connection, account: Account) -> Connection:
    """The network has answered as it should. Event connection.recovered where that is news."""
    with transaction.atomic():
        row = credentials.locked(connection.pk)
        recovered = row.state != Connection.State.ACTIVE
        for name, value in shown(account).items():
            setattr(row, name, value)
        row.state = Connection.State.ACTIVE
        row.last_error = row.last_error_code = ""
        row.last_checked_at = timezone.now()
        row.save()
        if recovered:
            tell(actor, row, "connection.recovered", f"{row.handle} works again")
    return row


def shown(account: Account) -> dict[str, object]:
    """What a row repeats of its account."""
    return {
        "handle": account.handle[:300],
        "name": account.name[:300],
        "avatar_url": account.avatar_url[:2000],
        "limits": dict(account.limits),
    }


def tell(actor: Actor, row: Connection, kind: str, summary: str, **data: object) -> None:
    """An event about `row`, in the caller's transaction."""
    orchestrator.emit(
        actor=actor,
        kind=kind,
        subject=("connection", str(row.pk)),
        data={"provider": row.provider, "handle": row.handle, **data},
        summary=summary,
    )
