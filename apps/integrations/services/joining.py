"""One way in for programs: what was sent decides between typed access and the sign-in page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from apps.integrations import permissions, providers
from apps.integrations.errors import ConnectionInvalid
from apps.integrations.models import Connection
from apps.integrations.providers.base import PublishProvider
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

from . import connections, sign_ins


@dataclass(frozen=True, slots=True)
class Joined:
    """A connection, or the address where a person goes on."""

    connection: Connection | None = None
    authorize_url: str = ""


def join(
    *,
    actor: Actor,
    provider: str,
    values: Mapping[str, str],
    return_to: str = "",
    sandbox: bool = False,
    again: Connection | None = None,
) -> Joined:
    """Connect with typed access where `values` has all of it, else begin the network's sign-in.

    `again` is the account to renew; typed access for another one is refused. Raises as
    connections.connect and sign_ins.start, UnknownProvider.
    """
    actor.require(permissions.MANAGE)
    network = providers.get(provider)
    if network.oauth and not _is_typed(network, values):
        url = sign_ins.start(
            actor=actor,
            provider=provider,
            values=values,
            return_to=return_to,
            sandbox=sandbox,
            again=again,
        )
        return Joined(authorize_url=url)
    if sandbox or require_workspace().is_sandbox:
        values = at_home(network, values)
    return Joined(connections.connect(actor=actor, provider=provider, values=values, again=again))


def _is_typed(network: PublishProvider, values: Mapping[str, str]) -> bool:
    wanted = [field for field in network.connect_fields if field.required and not field.default]
    return bool(wanted) and all(values.get(field.name, "").strip() for field in wanted)


def at_home(network: PublishProvider, values: Mapping[str, str]) -> dict[str, str]:
    """`values` with the simulated network's address. Raises ConnectionInvalid where it has none."""
    hosts = {field.name for field in network.connect_fields if field.kind == "host"}
    if not hosts:
        raise ConnectionInvalid(f"{network.name} is simulated by its sign-in only.")
    home = f"{settings.CANDY_SANDBOX_URL}/{network.key}"
    return {**values, **dict.fromkeys(hosts, home)}
