"""Renewing access: ahead of time, once for all who ask, and safe against dying in the middle.

Refresh tokens of many networks work once. Between the network's answer and our commit they exist
nowhere but in this process, so

1. a lock of the database's session lets one process ask; who waits reads again and finds it done,
   and a process that dies lets go at once;
2. before the call a note says which credentials are being renewed;
3. the answer is stored, sealed, as soon as its last byte is here, before it is even parsed;
4. whoever comes after a crash finds the note, runs the same code, and gets the stored answer instead
   of asking a second time.

What remains is a process that dies after the network has answered and before the answer has arrived.
Then the old token is tried; what the network allows beyond that is its own `refresh`'s to know (the
app password on Bluesky). Where nothing helps the owner is told, and posts are held.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.errors import AppMissing, ConnectionLost
from apps.integrations.http import GuardedClient, Journal, guarded_client
from apps.integrations.models import Connection
from apps.integrations.providers.base import ErrorKind, ProviderError
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

from . import apps, credentials, health

T = TypeVar("T")

LAST_MOMENT = timedelta(minutes=2)
_SHARE = 0.2  # of a token's life is left when it is renewed
_LONGEST_AHEAD = timedelta(days=7)
_PATIENCE = 20.0  # seconds that a stored answer may wait for a database that is away
_SECONDS_TO_SAVE = 10.0  # how long another process, cut off from the database, is waited for
_LOST = "The network's answer with new access was lost, and the old access is used up."


def is_due(connection: Connection) -> bool:
    """Whether the access ends before a call could be through."""
    ends = connection.expires_at
    return ends is not None and ends <= timezone.now() + LAST_MOMENT


def renew(
    *, connection: Connection, stale: dict[str, str], client: GuardedClient
) -> dict[str, str]:
    """Credentials newer than `stale`, refreshed by exactly one of all who ask at the same time.

    Raises ConnectionLost when the network will not renew, ProviderError when it cannot be asked now.
    Must not run inside a transaction: what the network gave is kept whatever becomes of the caller's
    work.
    """
    try:
        with _alone(connection.pk):
            fresh = _refreshed(connection, stale, client)
    except ProviderError as error:
        if error.kind not in health.DEATHS:
            raise
        actor = Actor.system(require_workspace())
        lost = health.report(actor, connection, error)
        raise ConnectionLost(lost.last_error) from error
    if fresh is None:
        raise _ended(connection)
    return fresh


def renew_ahead(*, connection: Connection) -> bool:
    """Renew what ends soon, while nothing depends on it; False where it does not need to be.

    Where the network has nothing to renew with, event connection.expiring, once: a person signs in
    again in time. Raises as `renew`.
    """
    if not connection.is_usable or not credentials.exist(connection):
        return False
    if due_at(connection) is None or timezone.now() < due_at(connection):  # type: ignore[operator]
        return False
    stale = credentials.read(connection)
    with guarded_client(timeout=20) as client:
        try:
            with _alone(connection.pk):
                fresh = _refreshed(connection, stale, client)
        except ProviderError as error:
            if error.kind in health.DEATHS and not _has_ended(connection):
                fresh = None  # it still works; what cannot be renewed ends by itself
            elif error.kind in health.DEATHS:
                actor = Actor.system(require_workspace())
                health.report(actor, connection, error)
                return False
            else:
                raise
    if fresh is None:
        _say_expiring(connection)
    return fresh is not None


def due_at(connection: Connection) -> datetime | None:
    """When to renew ahead of time: a share of the token's life before it ends, a little spread."""
    ends, since = connection.expires_at, connection.renewed_at
    if ends is None:
        return None
    life = max(timedelta(0), ends - (since or connection.created_at))
    spread = 0.75 + connection.pk.int % 256 / 1024  # not all accounts of a network at once
    ahead = min(life * _SHARE * spread, _LONGEST_AHEAD)
    return ends - max(ahead, LAST_MOMENT)


def plan(connection: Connection) -> None:
    """Queue the next renewal, in the caller's transaction. Each access is planned for once."""
    at, since = due_at(connection), connection.renewed_at or connection.created_at
    if at is None or not connection.is_usable:
        return
    orchestrator.enqueue(
        actor=Actor.system(require_workspace()),
        action="integrations.refresh_connection",
        input={"connection_id": str(connection.pk)},
        run_at=max(at, timezone.now()),
        idempotency_key=f"refresh:{connection.pk}:{since.isoformat()}",
        subject=("connection", str(connection.pk)),
    )


def _refreshed(
    connection: Connection, stale: dict[str, str], client: GuardedClient
) -> dict[str, str] | None:
    """Under the lock: the credentials after a renewal, None where there is nothing to renew with."""
    row = Connection.objects.get(pk=connection.pk)
    current = credentials.read(row)
    if current != stale:
        connection.expires_at, connection.renewed_at = row.expires_at, row.renewed_at
        return current  # somebody was quicker
    of = credentials.digest(current)
    before = credentials.renewal(row)
    if before is not None and before.of != of:
        before = None
    if before is None:
        _insist(lambda: credentials.begin_renewal(row, of))
    journal = Journal(
        lambda answers: _insist(lambda: credentials.keep_answers(row, of, answers)),
        before.answers if before else (),
    )
    network = providers.of_row(row.provider)
    try:
        app = apps.of_connection(row)
    except AppMissing as error:
        raise ProviderError(
            ErrorKind.AUTH_EXPIRED,
            f"The app that {row.handle} signed in with is gone. Bring it back, or connect again.",
        ) from error
    try:
        with client.journaled(journal):
            fresh = network.refresh(current, client, app=app, host=row.host)
    except ProviderError as error:
        return _second_look(row, client, current, error, before)
    if fresh is None:
        credentials.forget_renewal(row)
        return None
    waited = timezone.now() - before.begun_at if before and before.answers else timedelta(0)
    ends = fresh.expires_at - waited if fresh.expires_at else None
    # A network that sends no new refresh token means the old one to stay.
    new = current | {name: value for name, value in fresh.credentials.items() if value}
    return _insist(lambda: _save(connection, current, new, ends))


def _save(
    connection: Connection, before: dict[str, str], new: dict[str, str], ends: datetime | None
) -> dict[str, str]:
    """Commit what the network gave, unless a person has connected anew meanwhile."""
    with transaction.atomic(durable=True):
        row = credentials.locked(connection.pk)
        current = credentials.read(row)
        if current != before:
            new = current
        else:
            credentials.write(row, new)
            row.expires_at, row.renewed_at = ends, timezone.now()
            row.save(update_fields=["expires_at", "renewed_at", "updated_at"])
            plan(row)
    connection.expires_at, connection.renewed_at = row.expires_at, row.renewed_at
    return new


def _second_look(
    connection: Connection,
    client: GuardedClient,
    tried: dict[str, str],
    error: ProviderError,
    before: credentials.Renewal | None,
) -> dict[str, str] | None:
    """Read again before calling it dead: another process may still be saving what it got.

    Raises `error`, in words that say what happened.
    """
    if error.kind not in health.DEATHS:
        raise error
    recent = before is not None and timezone.now() - before.begun_at < timedelta(seconds=60)
    end = time.monotonic() + (_SECONDS_TO_SAVE if recent else 0)
    while True:
        if (current := credentials.read(connection)) != tried:
            return current
        note = credentials.renewal(connection)
        if note is not None and note.answers and note != before:
            return _refreshed(connection, tried, client)
        if time.monotonic() >= end:
            break
        time.sleep(0.25)
    credentials.forget_renewal(connection)
    if before is not None:
        raise ProviderError(error.kind, f"{_LOST} Connect {connection.handle} again.") from error
    raise error


def _has_ended(connection: Connection) -> bool:
    return connection.expires_at is not None and connection.expires_at <= timezone.now()


def _ended(connection: Connection) -> ConnectionLost:
    """Nothing to renew with, and the access is needed now."""
    network = providers.of_row(connection.provider)
    error = ProviderError(ErrorKind.AUTH_EXPIRED, f"The sign-in at {network.name} has expired.")
    actor = Actor.system(require_workspace())
    return ConnectionLost(health.report(actor, connection, error).last_error)


def _say_expiring(connection: Connection) -> None:
    with transaction.atomic():
        row = credentials.locked(connection.pk)
        if row.warned_for == row.expires_at or row.expires_at is None:
            return
        row.warned_for = row.expires_at
        row.save(update_fields=["warned_for", "updated_at"])
        network = providers.of_row(row.provider)
        health.tell(
            Actor.system(require_workspace()),
            row,
            "connection.expiring",
            f"{row.handle}: the sign-in at {network.name} ends on {row.expires_at:%d %B} and cannot "
            "be renewed by Candy. Connect it again before.",
            expires_at=row.expires_at.isoformat(),
        )


@contextmanager
def _alone(connection_id: UUID) -> Iterator[None]:
    """One at a time for this account, over all processes; let go when the process dies."""
    seed = sha256(f"renew {connection_id}".encode()).digest()
    key = int.from_bytes(seed[:8], "big", signed=True)
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        # With the session gone, the lock is too.
        with suppress(DatabaseError, InterfaceError), database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _insist(act: Callable[[], T]) -> T:
    """Do it even if the database is away for a moment: what is being stored exists nowhere else."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError):
            if time.monotonic() > end or database.in_atomic_block:
                raise
            database.close()
            time.sleep(0.2)
