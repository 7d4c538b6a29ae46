"""Connecting accounts, handing out what a network's calls need, checking that access is alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.integrations import permissions, providers
from apps.integrations.errors import ConnectionInvalid, ConnectionLost, ConnectionNotFound
from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.http.client import Record
from apps.integrations.models import Connection
from apps.integrations.providers.base import Account, Connected, ErrorKind, ProviderError
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

from . import credentials, meters, refreshing
from .health import alive, report, shown, tell
from .refreshing import renew

__all__ = [
    "Session",
    "check",
    "connect",
    "disconnect",
    "freshen",
    "renew",
    "report",
    "session",
    "store",
]

_FORM_WAITS = 4.0  # seconds that a page may be held up for what an account may choose


class Session(NamedTuple):
    """What a provider's calls take. Close `client` when done."""

    credentials: dict[str, str]
    account: Account
    client: GuardedClient


def connect(
    *,
    actor: Actor,
    provider: str,
    values: Mapping[str, str],
    again: Connection | None = None,
) -> Connection:
    """Connect an account with what a person typed into the provider's `connect_fields`.

    Emits connection.created, or connection.restored for an account that was here before. Raises
    ProviderError with the `field` to blame, ConnectionInvalid where the access is of another account
    than the one that is to be renewed (`again`).
    """
    actor.require(permissions.MANAGE)
    network = providers.get(provider)
    for field in network.connect_fields:
        if field.required and not values.get(field.name, "").strip():
            raise ProviderError(
                ErrorKind.VALIDATION, f"{field.label} is missing.", field=field.name
            )
    with guarded_client(timeout=20) as client:
        connected = network.connect(values, client)
    account = connected.account
    if again and (again.host, again.remote_id) != (account.host, account.remote_id):
        raise ConnectionInvalid(f"This is the access of {account.handle}, not of {again.handle}.")
    return store(actor=actor, provider=provider, connected=connected)


def store(*, actor: Actor, provider: str, connected: Connected, app_id: str = "") -> Connection:
    """Keep a fresh connection, or renew the row of the same account. One transaction.

    `app_id` is the client id of the app that signed in. A consent that brings no refresh token does
    not lose the one that is there. Events connection.created or connection.restored.
    """
    actor.require(permissions.MANAGE)
    account = connected.account
    with transaction.atomic():
        kept = _kept_refresh(provider, account, app_id)
        connection, created = Connection.objects.select_for_update().update_or_create(
            provider=provider,
            host=account.host,
            remote_id=account.remote_id,
            defaults={
                **shown(account),
                "app_id": app_id,
                "state": Connection.State.ACTIVE,
                "scopes": list(connected.scopes),
                "expires_at": connected.expires_at,
                "renewed_at": timezone.now(),
                "last_checked_at": timezone.now(),
                "last_error": "",
                "last_error_code": "",
            },
            create_defaults={
                **shown(account),
                "app_id": app_id,
                "scopes": list(connected.scopes),
                "expires_at": connected.expires_at,
                "renewed_at": timezone.now(),
                "last_checked_at": timezone.now(),
                "created_by_id": actor.user_id,
            },
        )
        credentials.write(connection, kept | connected.credentials)
        refreshing.plan(connection)
        kind = "connection.created" if created else "connection.restored"
        name = providers.get(provider).name
        tell(actor, connection, kind, f"{connection.handle} on {name} is connected")
    return connection


def disconnect(*, actor: Actor, connection_id: UUID) -> Connection:
    """Forget the credentials; the row and its history stay. Emits connection.removed."""
    actor.require(permissions.MANAGE)
    with transaction.atomic():
        connection = credentials.locked(connection_id)
        connection.secrets.all().delete()
        connection.state = Connection.State.DISCONNECTED
        connection.expires_at = None
        connection.save(update_fields=["state", "expires_at", "updated_at"])
        tell(actor, connection, "connection.removed", f"{connection.handle} is disconnected")
    return connection


def check(*, actor: Actor, connection_id: UUID) -> Connection:
    """Ask the network whether the access is alive, and read name and limits again.

    A network that cannot be reached leaves state "error"; what died is reported once. Does not
    raise for either, the returned connection says it.
    """
    actor.require(permissions.CHECK)
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None:
        raise ConnectionNotFound("This connection does not exist.")
    if not credentials.exist(connection):
        return connection
    network = providers.of_row(connection.provider)
    client = guarded_client(timeout=20, record=_metered(connection, None))
    with client:
        try:
            held = _fresh(connection, client)
            try:
                account = network.verify(held, connection.account, client)
            except ProviderError as error:
                if error.kind is not ErrorKind.AUTH_EXPIRED:
                    raise
                held = renew(connection=connection, stale=held, client=client)
                account = network.verify(held, connection.account, client)
            meters.read(connection, held, account, client)
        except ConnectionLost:
            connection.refresh_from_db()
            return connection
        except ProviderError as error:
            return report(actor, connection, error)
    return alive(actor, connection, account)


def freshen(connection: Connection) -> None:
    """Read again what the account may choose, where its network wants that for every form.

    Candy itself asks, for whoever may write posts. `connection` gets the new limits. A network that
    does not answer within seconds changes nothing: the daily check and the publication itself say
    what is wrong.
    """
    within = providers.of_row(connection.provider).capabilities.publishing.fresh_seconds
    seen, now = connection.last_checked_at, timezone.now()
    if not within or not connection.is_usable or (seen and (now - seen).total_seconds() < within):
        return
    try:
        opened = session(connection, timeout=_FORM_WAITS)
        with opened.client as client:
            network = providers.of_row(connection.provider)
            account = network.verify(opened.credentials, opened.account, client)
    except (ConnectionLost, ProviderError):
        return
    candy = Actor.system(require_workspace())
    read = alive(candy, connection, account)
    connection.limits, connection.last_checked_at = read.limits, read.last_checked_at


def session(
    connection: Connection, *, record: Record | None = None, timeout: float = 20
) -> Session:
    """Everything a provider's calls need, with credentials that are good for two minutes.

    `record` gets every call, redacted. Raises ConnectionLost where a person has to connect again,
    ProviderError where a refresh failed for now. Must not run inside a transaction: a refresh has
    to be kept even when the caller's work is undone.
    """
    client = guarded_client(timeout=timeout, record=_metered(connection, record))
    try:
        held = _fresh(connection, client)
    except BaseException:
        client.close()
        raise
    return Session(held, connection.account, client)


def _kept_refresh(provider: str, account: Account, app_id: str) -> dict[str, str]:
    """The refresh token of an account that signs in again, unless it is dead or another app's."""
    row = (
        Connection.objects.select_for_update()
        .filter(provider=provider, host=account.host, remote_id=account.remote_id, app_id=app_id)
        .exclude(state__in=(Connection.State.REVOKED, Connection.State.DISCONNECTED))
        .first()
    )
    if row is None or not credentials.exist(row):
        return {}
    old = credentials.read(row)
    return {"refresh": old["refresh"]} if old.get("refresh") else {}


def _metered(connection: Connection, record: Record | None) -> Record:
    """Every call counts on the account's meters, whoever else wants to know of it."""

    def note(exchange: Exchange) -> None:
        meters.learn(connection, exchange)
        if record is not None:
            record(exchange)

    return note


def _fresh(connection: Connection, client: GuardedClient) -> dict[str, str]:
    if require_workspace().is_sandbox and not connection.is_sandbox:
        raise ConnectionLost(
            f"This workspace is in sandbox mode, so {connection.handle} rests until that ends."
        )
    if not providers.is_here(connection.provider):
        raise ConnectionLost(providers.of_row(connection.provider).gone)
    if not connection.is_usable:
        raise ConnectionLost(
            connection.last_error or f"{connection.handle} has to be connected again."
        )
    held = credentials.read(connection)
    if refreshing.is_due(connection):
        return renew(connection=connection, stale=held, client=client)
    return held
