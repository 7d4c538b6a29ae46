"""Candy's apps at servers that people name: registered once for each, by whoever comes first.

Servers allow few registrations (Mastodon: five in ten minutes for an address) and may forget an app
that nobody is signed in with, so each sign-in asks first whether the app is still known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from apps.integrations import vault
from apps.integrations.http import GuardedClient
from apps.integrations.models import RegisteredApp
from apps.integrations.providers.base import App, PublishProvider
from apps.workspaces.services.provisioning import ensure_system_workspace
from apps.workspaces.tenancy import workspace_context

_FIELD = "app"


def app_at(
    network: PublishProvider, values: Mapping[str, str], *, redirect_uri: str, client: GuardedClient
) -> App:
    """The app at the server that `values` name, registered now where there is none that it knows.

    Raises ProviderError with the `field` to blame when the server cannot be asked.
    """
    same = {
        "provider": network.key,
        "server": network.server_of(values),
        "redirect_uri": redirect_uri,
        "scopes": network.app_scopes,
    }
    kept = _kept(same)
    if kept is not None and network.knows_app(same["server"], kept, client):
        return kept
    made = network.register_app(same["server"], redirect_uri=redirect_uri, client=client)
    _keep(same, made)
    return made


def _kept(same: dict[str, str]) -> App | None:
    with workspace_context(ensure_system_workspace()):
        row = RegisteredApp.objects.filter(**same).first()
        if row is None:
            return None
        text = vault.unseal(connection_id=row.pk, field=_FIELD, sealed=bytes(row.sealed))
    return App(**json.loads(text))


def _keep(same: dict[str, str], app: App) -> None:
    """In place of what the server forgot. Of two who register at once the first one's stays."""
    text = json.dumps({"client_id": app.client_id, "client_secret": app.client_secret})
    with workspace_context(ensure_system_workspace()):
        try:
            with transaction.atomic():
                RegisteredApp.objects.filter(**same).delete()
                row = RegisteredApp(**same)
                row.sealed = vault.seal(connection_id=row.pk, field=_FIELD, plaintext=text)
                row.save(force_insert=True)
        except IntegrityError:
            pass
