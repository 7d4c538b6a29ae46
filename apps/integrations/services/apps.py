"""Which app Candy is at a network: the sandbox's, the workspace's own, or the installation's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from django.conf import settings
from django.db import transaction

from apps.errors import ValidationFailed
from apps.integrations import permissions, providers, vault
from apps.integrations.errors import AppMissing
from apps.integrations.models import Connection, NetworkApp
from apps.integrations.providers.base import App, PublishProvider
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

SANDBOX = App("candy-sandbox", "candy-sandbox-secret")
_FIELD = "app"

Source = Literal["workspace", "installation", "not_needed", "missing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose app is used at a network. `accounts` signed in with the workspace's own."""

    network: PublishProvider
    source: Source
    client_id: str = ""
    accounts: int = 0


def app_for(network: PublishProvider, *, sandbox: bool, app_id: str = "") -> App:
    """The app to sign in and refresh with: the workspace's own before the installation's.

    Tokens belong to the app that got them, so `app_id` asks for that one as long as it is there.
    Networks without central apps (`app_fields` empty) get an empty one. Raises AppMissing where
    nobody has set one up.
    """
    if sandbox:
        return App(
            SANDBOX.client_id,
            SANDBOX.client_secret,
            base=f"{settings.CANDY_SANDBOX_URL}/{network.key}" if network.hosts else "",
        )
    if not network.app_fields:
        return App("")
    found = [_opened(row) for row in _own(network.key, app_id)]
    if installed := _installed(network.key):
        found.append(installed)
    if not found:
        raise AppMissing(
            f"Candy has no app at {network.name} yet. An administrator can add one in Settings, Apps."
        )
    return next((one for one in found if one.client_id == app_id), found[0])


def of_connection(connection: Connection) -> App:
    """The app that `connection` signed in with. Raises AppMissing."""
    return app_for(
        providers.of_row(connection.provider),
        sandbox=connection.is_sandbox,
        app_id=connection.app_id,
    )


def fingerprint(connection: Connection) -> str:
    """Names the app of `connection` over all workspaces, for what its accounts share."""
    known = (connection.provider, connection.app_id, connection.host)
    return sha256("\n".join(known).encode()).hexdigest()[:20]


def standings(*, actor: Actor) -> list[Standing]:
    """Every network that needs an app, and whose is used."""
    actor.require(permissions.MANAGE)
    own = {row.provider: row for row in NetworkApp.objects.filter(is_current=True)}
    used = _used_ids()
    found = []
    for network in providers.all_publishers():
        if not network.app_fields:
            continue
        row = own.get(network.key)
        if row is not None:
            count = used.get((network.key, row.client_id), 0)
            found.append(Standing(network, "workspace", row.client_id, count))
        elif installed := _installed(network.key):
            found.append(Standing(network, "installation", installed.client_id))
        else:
            found.append(Standing(network, "missing"))
    return found


def sources() -> dict[str, Source]:
    """Whose app is used, by network."""
    own = set(NetworkApp.objects.filter(is_current=True).values_list("provider", flat=True))

    def of(network: PublishProvider) -> Source:
        if not network.app_fields:
            return "not_needed"
        if network.key in own:
            return "workspace"
        return "installation" if _installed(network.key) else "missing"

    return {network.key: of(network) for network in providers.all_publishers()}


def source(network: PublishProvider) -> Source:
    return sources()[network.key]


def save(*, actor: Actor, provider: str, values: Mapping[str, str]) -> NetworkApp:
    """Bring an app of the workspace's own; new sign-ins use it from now on.

    An empty secret keeps the one that is there. Accounts that signed in with another app keep it.
    Event connection_app.saved. Raises ValidationFailed with the field named.
    """
    actor.require(permissions.MANAGE_APPS)
    network = providers.get(provider)
    if not network.app_fields:
        raise ValidationFailed(f"{network.name} needs no app.")
    given = {field.name: values.get(field.name, "").strip() for field in network.app_fields}
    with transaction.atomic():
        rows = NetworkApp.objects.select_for_update().filter(provider=provider)
        same = rows.filter(client_id=given.get("client_id", "")).first()
        before = _values(same) if same is not None else {}
        for field in network.app_fields:
            given[field.name] = given[field.name] or before.get(field.name, "")
            if field.required and not given[field.name]:
                raise ValidationFailed(f"{field.label} is missing.", field=field.name)
        rows.update(is_current=False)
        row = same or NetworkApp(provider=provider, client_id=given["client_id"])
        row.is_current, row.created_by_id = True, actor.user_id
        row.sealed = vault.seal(connection_id=row.pk, field=_FIELD, plaintext=json.dumps(given))
        row.save()
        _drop_unused(provider)
        _tell(
            actor, network, "connection_app.saved", f"Brought an app of our own for {network.name}"
        )
    return row


def remove(*, actor: Actor, provider: str) -> None:
    """Go back to the installation's app. Event connection_app.removed.

    The credentials stay sealed as long as an account that signed in with them needs them.
    """
    actor.require(permissions.MANAGE_APPS)
    network = providers.get(provider)
    with transaction.atomic():
        rows = NetworkApp.objects.select_for_update().filter(provider=provider, is_current=True)
        if rows.update(is_current=False):
            _drop_unused(provider)
            _tell(
                actor, network, "connection_app.removed", f"Took our own app for {network.name} out"
            )


def _own(provider: str, app_id: str) -> list[NetworkApp]:
    """The workspace's apps to try, the one that is asked for first, then the current one."""
    rows = [
        row
        for row in NetworkApp.objects.filter(provider=provider)
        if row.is_current or row.client_id == app_id
    ]
    return sorted(rows, key=lambda row: row.client_id != app_id)


def _installed(provider: str) -> App | None:
    found = settings.CANDY_APPS.get(provider)
    return _app(dict(found)) if found else None


def _opened(row: NetworkApp) -> App:
    return _app(_values(row))


def _values(row: NetworkApp) -> dict[str, str]:
    text = vault.unseal(connection_id=row.pk, field=_FIELD, sealed=bytes(row.sealed))
    found: dict[str, str] = json.loads(text)
    return found


def _app(values: dict[str, str]) -> App:
    return App(values.pop("client_id"), values.pop("client_secret", ""), extra=values)


def _used_ids() -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    alive = Connection.objects.exclude(state=Connection.State.DISCONNECTED).exclude(app_id="")
    for pair in alive.values_list("provider", "app_id"):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def _drop_unused(provider: str) -> None:
    used = {app_id for key, app_id in _used_ids() if key == provider}
    NetworkApp.objects.filter(provider=provider, is_current=False).exclude(
        client_id__in=used
    ).delete()


def _tell(actor: Actor, network: PublishProvider, kind: str, summary: str) -> None:
    orchestrator.emit(
        actor=actor,
        kind=kind,
        subject=("provider", network.key),
        data={"provider": network.key},
        summary=summary,
    )
