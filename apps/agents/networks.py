"""How each network counts, out of the publishing providers' own capabilities."""

from __future__ import annotations

from apps.agents.writing import Network
from apps.errors import ValidationFailed
from apps.integrations import providers
from apps.integrations.providers.base import Account, PublishProvider


def networks_for(keys: list[str]) -> list[Network]:
    """Networks with their usual limits. Raises ValidationFailed for a key that is no network."""
    known = {provider.key: provider for provider in providers.all_publishers()}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise ValidationFailed(f"There is no network “{unknown[0]}”.", field="networks")
    return [network_of(known[key]) for key in dict.fromkeys(keys)]


def network_of(provider: PublishProvider, account: Account | None = None) -> Network:
    """`provider` as the writers see it, with the limits of `account` where it has its own."""
    account = account or Account(remote_id="", handle="", name="")
    limit = provider.count("", account).limit
    return Network(
        key=provider.key,
        name=provider.name,
        limit=limit,
        count=lambda text: provider.count(text, account).used,
    )
