"""Connecting accounts, keeping their credentials alive, and saying so when they die."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.integrations import permissions, providers, vault
from apps.integrations.errors import ConnectionInvalid, ConnectionLost, ConnectionNotFound
from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.http.client import Record
from apps.integrations.models import Connection, Secret
from apps.integrations.providers.base import Account, Connected, ErrorKind, ProviderError
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

from . import apps, meters

CREDENTIALS = "credentials"
REFRESH_AHEAD = timedelta(minutes=2)
_DEATHS = {
    ErrorKind.AUTH_EXPIRED: Connection.State.EXPIRED,
    ErrorKind.AUTH_REVOKED: Connection.State.REVOKED,
    ErrorKind.SCOPE_MISSING: Connection.State.REVOKED,
}


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
    account = connected.account
    with transaction.atomic():
        kept = _kept_refresh(provider, account, app_id)
        connection, created = Connection.objects.select_for_update().update_or_create(
            provider=provider,
            host=account.host,
            remote_id=account.remote_id,
            defaults={
                **_shown(account),
                "app_id": app_id,
                "state": Connection.State.ACTIVE,
                "scopes": list(connected.scopes),
                "expires_at": connected.expires_at,
                "last_checked_at": timezone.now(),
                "last_error": "",
                "last_error_code": "",
            },
            create_defaults={
                **_shown(account),
                "app_id": app_id,
                "scopes": list(connected.scopes),
                "expires_at": connected.expires_at,
                "last_checked_at": timezone.now(),
                "created_by_id": actor.user_id,
            },
        )
        _write_credentials(connection, kept | connected.credentials)
        name = providers.get(provider).name
        orchestrator.emit(
            actor=actor,
            kind="connection.created" if created else "connection.restored",
            subject=("connection", str(connection.pk)),
            data={"provider": provider, "handle": connection.handle},
            summary=f"{connection.handle} on {name} is connected",
        )
    return connection


def disconnect(*, actor: Actor, connection_id: UUID) -> Connection:
    """Forget the credentials; the row and its history stay. Emits connection.removed."""
    actor.require(permissions.MANAGE)
    with transaction.atomic():
        connection = _locked(connection_id)
        connection.secrets.all().delete()
        connection.state = Connection.State.DISCONNECTED
        connection.expires_at = None
        connection.save(update_fields=["state", "expires_at", "updated_at"])
        orchestrator.emit(
            actor=actor,
            kind="connection.removed",
            subject=("connection", str(connection.pk)),
            data={"provider": connection.provider, "handle": connection.handle},
            summary=f"{connection.handle} is disconnected",
        )
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
    if not Secret.objects.filter(connection=connection, field=CREDENTIALS).exists():
        return connection
    network = providers.get(connection.provider)
    client = guarded_client(timeout=20, record=_metered(connection, None))
    with client:
        try:
            credentials = _fresh_credentials(connection, client)
            try:
                account = network.verify(credentials, connection.account, client)
            except ProviderError as error:
                if error.kind is not ErrorKind.AUTH_EXPIRED:
                    raise
                credentials = renew(connection=connection, stale=credentials, client=client)
                account = network.verify(credentials, connection.account, client)
            meters.read(connection, credentials, account, client)
        except ConnectionLost:
            connection.refresh_from_db()
            return connection
        except ProviderError as error:
            return report(actor=actor, connection=connection, error=error)
    return _alive(actor, connection, account)


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
        credentials = _fresh_credentials(connection, client)
    except BaseException:
        client.close()
        raise
    return Session(credentials, connection.account, client)


def renew(
    *, connection: Connection, stale: dict[str, str], client: GuardedClient
) -> dict[str, str]:
    """Credentials newer than `stale`, refreshed by exactly one of all who ask at the same time.

    Holds the connection's row lock during the call: the others wait, read again and find the work
    done. Raises ConnectionLost when the network will not renew.
    """
    network = providers.get(connection.provider)
    try:
        with transaction.atomic(durable=True):
            row = _locked(connection.pk)
            current = _read_credentials(row)
            if current == stale:
                app = apps.app_for(network, sandbox=row.is_sandbox)
                fresh = network.refresh(current, client, app=app, host=row.host)
                if fresh is None:
                    raise ProviderError(
                        ErrorKind.AUTH_EXPIRED, f"The sign-in at {network.name} has expired."
                    )
                # A network that sends no new refresh token means the old one to stay.
                current = current | {k: v for k, v in fresh.credentials.items() if v}
                _write_credentials(row, current)
                row.expires_at = fresh.expires_at
                row.save(update_fields=["expires_at", "updated_at"])
    except ProviderError as error:
        if error.kind in _DEATHS:
            actor = Actor.system(require_workspace())
            lost = report(actor=actor, connection=connection, error=error)
            raise ConnectionLost(lost.last_error) from error
        raise
    connection.expires_at = row.expires_at
    return current


def report(*, actor: Actor, connection: Connection, error: ProviderError) -> Connection:
    """Note a failure of the connection itself. Emits on a change of state only.

    connection.expired when a person has to act, connection.failed when the network is out of reach.
    Content errors and rate limits say nothing about the connection and are ignored.
    """
    if error.kind in _DEATHS:
        state, kind = _DEATHS[error.kind], "connection.expired"
    elif error.kind in (ErrorKind.TRANSIENT_SAFE, ErrorKind.API_SUNSET, ErrorKind.POLICY_BLOCKED):
        state, kind = Connection.State.ERROR, "connection.failed"
    else:
        return connection
    with transaction.atomic():
        row = _locked(connection.pk)
        changed = row.state != state and row.state != Connection.State.DISCONNECTED
        if row.state != Connection.State.DISCONNECTED:
            row.state = state
        row.last_error, row.last_error_code = error.message[:500], error.code[:80]
        row.last_checked_at = timezone.now()
        row.save()
        if changed:
            orchestrator.emit(
                actor=actor,
                kind=kind,
                subject=("connection", str(row.pk)),
                data={"provider": row.provider, "handle": row.handle, "code": row.last_error_code},
                summary=f"{row.handle}: {row.last_error}",
            )
    return row


def _kept_refresh(provider: str, account: Account, app_id: str) -> dict[str, str]:
    """The refresh token of an account that signs in again, unless it is dead or another app's."""
    row = (
        Connection.objects.select_for_update()
        .filter(provider=provider, host=account.host, remote_id=account.remote_id, app_id=app_id)
        .exclude(state__in=(Connection.State.REVOKED, Connection.State.DISCONNECTED))
        .first()
    )
    if row is None or not row.secrets.filter(field=CREDENTIALS).exists():
        return {}
    old = _read_credentials(row)
    return {"refresh": old["refresh"]} if old.get("refresh") else {}


def _metered(connection: Connection, record: Record | None) -> Record:
    """Every call counts on the account's meters, whoever else wants to know of it."""

    def note(exchange: Exchange) -> None:
        meters.learn(connection, exchange)
        if record is not None:
            record(exchange)

    return note


def _alive(actor: Actor, connection: Connection, account: Account) -> Connection:
    with transaction.atomic():
        row = _locked(connection.pk)
        recovered = row.state != Connection.State.ACTIVE
        for name, value in _shown(account).items():
            setattr(row, name, value)
        row.state = Connection.State.ACTIVE
        row.last_error = row.last_error_code = ""
        row.last_checked_at = timezone.now()
        row.save()
        if recovered:
            orchestrator.emit(
                actor=actor,
                kind="connection.recovered",
                subject=("connection", str(row.pk)),
                data={"provider": row.provider, "handle": row.handle},
                summary=f"{row.handle} works again",
            )
    return row


def _fresh_credentials(connection: Connection, client: GuardedClient) -> dict[str, str]:
    if not connection.is_usable:
        raise ConnectionLost(
            connection.last_error or f"{connection.handle} has to be connected again."
        )
    credentials = _read_credentials(connection)
    if connection.expires_at and connection.expires_at <= timezone.now() + REFRESH_AHEAD:
        return renew(connection=connection, stale=credentials, client=client)
    return credentials


def _locked(connection_id: UUID) -> Connection:
    """The row, locked until the caller's transaction ends."""
    connection = Connection.objects.select_for_update().filter(pk=connection_id).first()
    if connection is None:
        raise ConnectionNotFound("This connection does not exist.")
    return connection


def _shown(account: Account) -> dict[str, object]:
    return {
        "handle": account.handle[:300],
        "name": account.name[:300],
        "avatar_url": account.avatar_url[:2000],
        "limits": dict(account.limits),
    }


def _read_credentials(connection: Connection) -> dict[str, str]:
    secret = Secret.objects.filter(connection=connection, field=CREDENTIALS).first()
    if secret is None:
        raise ConnectionLost(f"{connection.handle} has to be connected again.")
    text = vault.unseal(connection_id=connection.pk, field=CREDENTIALS, sealed=bytes(secret.sealed))
    found: dict[str, str] = json.loads(text)
    return found


def _write_credentials(connection: Connection, credentials: Mapping[str, str]) -> None:
    sealed = vault.seal(
        connection_id=connection.pk, field=CREDENTIALS, plaintext=json.dumps(dict(credentials))
    )
    Secret.objects.update_or_create(
        connection=connection, field=CREDENTIALS, defaults={"sealed": sealed}
    )
