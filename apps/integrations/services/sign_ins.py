"""The round trip through a network's own sign-in page.

The state that travels with the browser is signed, names workspace, person and sign-in, and works
once within ten minutes. The callback is public and has no workspace in its address; the state
brings it back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.ids import uuid7
from apps.integrations import permissions, providers, vault
from apps.integrations.errors import SignInInvalid, SignInNotYours
from apps.integrations.http import guarded_client
from apps.integrations.models import Connection, SignIn
from apps.integrations.providers.base import ErrorKind, Grant, NotGranted, ProviderError
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

from . import apps, connections, offers, registering

LIFETIME = timedelta(minutes=10)
_SALT = "candy.integrations.sign-in"
_FIELD = "sign-in"


@dataclass(frozen=True, slots=True)
class State:
    workspace_id: int
    user_id: int
    sign_in_id: UUID


@dataclass(frozen=True, slots=True)
class Finished:
    """What a consent came to: accounts that are connected, or `offer_id` of a choice to make.

    `refused` are pages and organisations that were not granted.
    """

    connected: tuple[Connection, ...] = ()
    offer_id: UUID | None = None
    refused: tuple[NotGranted, ...] = ()


def start(
    *,
    actor: Actor,
    provider: str,
    values: Mapping[str, str],
    return_to: str = "",
    sandbox: bool = False,
    again: Connection | None = None,
) -> str:
    """The address to send the browser to. `return_to` is a path of this workspace.

    With `sandbox`, and always in a workspace that is in sandbox mode, the sign-in happens at the
    simulated network. `again` is the account to renew: where the consent gives it among others,
    nobody is asked which.

    Raises ProviderError with the `field` to blame when the network cannot be asked, AppMissing.
    """
    actor.require(permissions.MANAGE)
    if actor.user_id is None:
        raise SignInNotYours("Only a person can sign in at a network.")
    network = providers.get(provider)
    if not network.oauth:
        raise ProviderError(ErrorKind.VALIDATION, f"{network.name} has no sign-in page.")
    workspace = require_workspace()
    sandbox = sandbox or workspace.is_sandbox
    typed = _at_home(provider, values) if sandbox else values
    back = redirect_uri(provider)
    sign_in = SignIn(id=uuid7(), provider=provider, user_id=actor.user_id)
    state = signing.dumps({"w": workspace.pk, "u": actor.user_id, "s": str(sign_in.pk)}, salt=_SALT)
    with guarded_client(timeout=20) as client:
        if network.app_scopes:
            app = registering.app_at(network, typed, redirect_uri=back, client=client)
        else:
            app = apps.app_for(network, sandbox=sandbox)
        begun = network.start_oauth(typed, app=app, redirect_uri=back, state=state, client=client)
    kept = {
        "sandbox": sandbox,
        "secrets": begun.secrets,
        "app_id": app.client_id,
        "again": [again.host, again.remote_id] if again else None,
    }
    home = f"/w/{workspace.slug}/"
    fits = return_to.startswith(home) and url_has_allowed_host_and_scheme(return_to, None)
    sign_in.return_to = return_to if fits else home
    with transaction.atomic():
        sign_in.sealed = vault.seal(
            connection_id=sign_in.pk, field=_FIELD, plaintext=json.dumps(kept)
        )
        sign_in.save(force_insert=True)
    offers.clear()
    return begun.authorize_url


def read_state(state: str) -> State:
    """What a callback's state says. Raises SignInInvalid for anything we did not sign just now."""
    try:
        data = signing.loads(state, salt=_SALT, max_age=LIFETIME)
        return State(int(data["w"]), int(data["u"]), UUID(data["s"]))
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        raise SignInInvalid("This sign-in is too old or not ours. Start again.") from None


def take(*, actor: Actor, provider: str, state: State) -> SignIn:
    """Use the sign-in up, for its person only; a second use raises SignInInvalid."""
    if actor.user_id != state.user_id or actor.workspace_id != state.workspace_id:
        raise SignInNotYours("This sign-in was started by somebody else.")
    actor.require(permissions.MANAGE)
    now = timezone.now()
    taken = SignIn.objects.filter(
        pk=state.sign_in_id,
        provider=provider,
        user_id=actor.user_id,
        used_at=None,
        created_at__gt=now - LIFETIME,
    ).update(used_at=now)
    if not taken:
        raise SignInInvalid("This sign-in was used before or is too old. Start again.")
    return SignIn.objects.get(pk=state.sign_in_id)


def finish(*, actor: Actor, sign_in: SignIn, code: str) -> Finished:
    """Trade the code for credentials. `sign_in` comes from `take`.

    One account is connected at once, and so is the one that is being renewed; of several the person
    picks, see `offers`.
    """
    actor.require(permissions.MANAGE)
    network = providers.get(sign_in.provider)
    kept = json.loads(
        vault.unseal(connection_id=sign_in.pk, field=_FIELD, sealed=bytes(sign_in.sealed))
    )
    app = apps.app_for(network, sandbox=kept["sandbox"], app_id=kept.get("app_id", ""))
    with guarded_client(timeout=20) as client:
        grant = network.finish_oauth(
            kept["secrets"],
            app=app,
            code=code,
            redirect_uri=redirect_uri(sign_in.provider),
            client=client,
        )
    if not grant.accounts and not grant.refused:
        raise SignInInvalid(f"{network.name} gave no account to publish as.")
    only = _the_one(grant, kept.get("again"))
    if only is None:
        offers.make(sign_in=sign_in, grant=grant, app_id=app.client_id)
        return Finished(offer_id=sign_in.pk, refused=grant.refused)
    stored = connections.store(
        actor=actor,
        provider=sign_in.provider,
        connected=grant.accounts[only],
        app_id=app.client_id,
    )
    return Finished((stored,), refused=grant.refused)


def redirect_uri(provider: str) -> str:
    """Where the network sends people back to; what an app there has to be registered with."""
    word = providers.get(provider).callback or provider
    return f"{settings.CANDY_PUBLIC_URL}/connect/{word}/callback"


def _the_one(grant: Grant, again: list[str] | None) -> int | None:
    """Which account needs no question."""
    for number, one in enumerate(grant.accounts):
        if again == [one.account.host, one.account.remote_id]:
            return number
    return 0 if len(grant.accounts) == 1 and not again else None


def _at_home(provider: str, values: Mapping[str, str]) -> dict[str, str]:
    """The sandbox's address wherever a network asks people for a server."""
    fields = providers.get(provider).oauth_fields
    hosts = {one.name for one in fields if one.kind == "host"}
    home = f"{settings.CANDY_SANDBOX_URL}/{provider}"
    return {**values, **dict.fromkeys(hosts, home)}
