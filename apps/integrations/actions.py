"""What the world may ask about connections. Connecting itself takes a person and a browser."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, Field

from apps.errors import DomainError
from apps.orchestrator import ActionContext, Effect, Retry, action, sync

from . import permissions, queries, vault
from .models import Connection
from .services import connections, meters, offers, refreshing, sunsets, warning


class ConnectionInput(BaseModel):
    connection_id: UUID = Field(title="Connection")


class ConnectionState(BaseModel):
    connection_id: UUID
    provider: str
    handle: str
    state: str
    error: str = ""
    checked_at: datetime | None = None


class ConnectionStates(BaseModel):
    connections: list[ConnectionState]


class Nothing(BaseModel):
    """No input."""


@action(
    key="integrations.check_connection",
    title="Check a connection",
    summary="Ask the network whether the account's access is alive, and read its limits again.",
    permission=permissions.CHECK,
    effect=Effect.IDEMPOTENT,
    timeout=60,
    retry=Retry(max_attempts=3),
    concurrency=lambda given: [(f"connection:{given.connection_id}", 1)],
)
def check_connection(ctx: ActionContext, input: ConnectionInput) -> ConnectionState:
    return _state(connections.check(actor=ctx.actor, connection_id=input.connection_id))


@action(
    key="integrations.check_connections",
    title="Check all connections",
    summary="Check every connected account of the workspace, one after the other.",
    permission=permissions.CHECK,
    effect=Effect.IDEMPOTENT,
    timeout=600,
    retry=Retry(max_attempts=2),
    concurrency=lambda given: [("connections", 1)],
)
def check_connections(ctx: ActionContext, input: Nothing) -> ConnectionStates:
    offers.clear()
    sunsets.announce()
    rows = list(Connection.objects.exclude(state__in=Connection.DEAD))
    states = []
    for number, row in enumerate(rows):
        ctx.progress(number / len(rows), f"Checking {row.handle}")
        _renew_if_forgotten(row)
        states.append(_state(connections.check(actor=ctx.actor, connection_id=row.pk)))
    meters.purge()
    return ConnectionStates(connections=states)


@action(
    key="integrations.refresh_connection",
    title="Renew a connection's access",
    summary="Renew an access that ends soon, before a post depends on it.",
    permission=permissions.CHECK,
    effect=Effect.IDEMPOTENT,
    timeout=90,
    retry=Retry(max_attempts=12, base_seconds=20, cap_seconds=3600),
    concurrency=lambda given: [(f"connection:{given.connection_id}", 1)],
)
def refresh_connection(ctx: ActionContext, input: ConnectionInput) -> ConnectionState:
    row = queries.connection(actor=ctx.actor, connection_id=input.connection_id)
    refreshing.renew_ahead(connection=row)
    row.refresh_from_db()
    return _state(row)


class WarningInput(ConnectionInput):
    sequence: int = Field(title="Event")


class WarningOutput(BaseModel):
    people: int


@action(
    key="integrations.warn_of_connection",
    title="Write about a lost connection",
    summary="Mail whoever may connect it again.",
    permission=permissions.CHECK,
    effect=Effect.IDEMPOTENT,
    timeout=60,
    retry=Retry(max_attempts=6, base_seconds=5, cap_seconds=600),
    faces=(),
)
def warn_of_connection(ctx: ActionContext, input: WarningInput) -> WarningOutput:
    return WarningOutput(
        people=warning.send(connection_id=input.connection_id, sequence=input.sequence)
    )


class ResealOutput(BaseModel):
    sealed: int = Field(title="Secrets sealed anew")
    retired: int = Field(title="Old keys deleted")


@action(
    key="integrations.rotate_vault",
    title="Rotate the vault's key",
    summary="Make a new data key for this workspace and seal every secret with it, while all runs.",
    permission=permissions.MANAGE_APPS,
    effect=Effect.IDEMPOTENT,
    timeout=900,
    retry=Retry(max_attempts=5, base_seconds=5),
    concurrency=lambda given: [("vault", 1)],
)
def rotate_vault(ctx: ActionContext, input: Nothing) -> ResealOutput:
    if ctx.attempt <= 1:
        vault.new_data_key()
    sealed = 0
    for left in vault.reseal():
        sealed += 1
        if sealed % 50 == 0:
            ctx.progress(sealed / (sealed + left), f"{left} to go")
            ctx.raise_if_cancelled()
    return ResealOutput(sealed=sealed, retired=vault.retire())


@action(
    key="integrations.disconnect",
    title="Disconnect an account",
    summary="Forget the account's credentials. Its posts and numbers stay.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def disconnect(ctx: ActionContext, input: ConnectionInput) -> ConnectionState:
    return _state(connections.disconnect(actor=ctx.actor, connection_id=input.connection_id))


def _renew_if_forgotten(row: Connection) -> None:
    """Each renewal plans the next; should one be lost, the daily round takes it up again."""
    try:
        refreshing.renew_ahead(connection=row)
    except DomainError:
        return  # the check that follows says what is wrong


def _state(row: Connection) -> ConnectionState:
    return ConnectionState(
        connection_id=row.pk,
        provider=row.provider,
        handle=row.handle,
        state=row.state,
        error=row.last_error,
        checked_at=row.last_checked_at,
    )


# A token that died quietly is noticed within a day, before a post depends on it.
sync.register("integrations.check_connections", every=timedelta(days=1))
