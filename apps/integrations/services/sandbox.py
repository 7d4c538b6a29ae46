"""Accounts on the simulated networks, connected without a person at a browser.

Demo data, onboarding and `make demo` use it. It goes the way that the network asks: typed values, or
the whole round trip of OAuth with the simulator's consent page.
"""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings

from apps.integrations import permissions, providers
from apps.integrations.http import GuardedClient, guarded_client
from apps.integrations.models import Connection
from apps.integrations.providers.base import (
    Connected,
    ErrorKind,
    ProviderError,
    PublishProvider,
)
from apps.workspaces.types import Actor

from . import apps, connections, sign_ins

_CONSENT = re.compile(r'href="([^"]*[?&;]login=[^"]*)"')


def connect(*, actor: Actor, provider: str, login: str) -> Connection:
    """The account `login` on the simulated network, made there when it is new.

    Events as connections.connect. Raises ProviderError where the sandbox does not answer.
    """
    actor.require(permissions.MANAGE)
    network = providers.get(provider)
    if not _by_consent(network):
        values = typed_values(network, login)
        return connections.connect(actor=actor, provider=provider, values=values)
    with guarded_client(timeout=20) as client:
        connected = _signed_in(network, login, client)
    return connections.store(actor=actor, provider=provider, connected=connected)


def typed_values(network: PublishProvider, login: str) -> dict[str, str]:
    """What a person would type to be `login` there: any secret that begins with `sandbox-` opens."""
    values = {
        "host": f"{settings.CANDY_SANDBOX_URL}/{network.key}",
        "secret": f"sandbox-{login}",
        "text": login,
    }
    return {field.name: values[field.kind] for field in network.connect_fields}


def _by_consent(network: PublishProvider) -> bool:
    """Networks with central registration; where people name the server, a typed token is enough."""
    return network.oauth and bool(network.hosts)


def _signed_in(network: PublishProvider, login: str, client: GuardedClient) -> Connected:
    """The round trip that a browser makes, up to the first account that the consent gives."""
    app = apps.app_for(network, sandbox=True)
    redirect_uri = sign_ins.redirect_uri(network.key)
    begun = network.start_oauth(
        {}, app=app, redirect_uri=redirect_uri, state="sandbox", client=client
    )
    page = client.get(begun.authorize_url)
    found = _CONSENT.search(page.text)
    if found is None:
        raise ProviderError(ErrorKind.VALIDATION, f"The simulated {network.name} asks nobody in.")
    parts = urlsplit(unescape(found[1]))
    query = [(k, login if k == "login" else v) for k, v in parse_qsl(parts.query)]
    answer = client.get(urlunsplit(parts._replace(query=urlencode(query))), follow_redirects=False)
    code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code", [""])[0]
    grant = network.finish_oauth(
        begun.secrets, app=app, code=code, redirect_uri=redirect_uri, client=client
    )
    if not grant.accounts:
        raise ProviderError(ErrorKind.VALIDATION, f"{network.name} gave no account.")
    return grant.accounts[0]
