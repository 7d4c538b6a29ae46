"""The flight check: will this go out? Green, amber or red, with reasons and a way to mend each.

At every save, a day ahead and a quarter of an hour ahead. Those two ask the network as well, and a
red one is told to the team by notification and mail: before the failure, not after.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.integrations.providers import checks
from apps.integrations.providers.base import Content
from apps.integrations.services import connections
from apps.knisoci import content
from apps.knisoci.models import Target
from apps.knisoci.services import budgets, flight_rules, holding, quotas
from apps.knisoci.types import Flight, Level, Reason
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

_ORDER: dict[Level, int] = {"green": 0, "amber": 1, "red": 2}


def check(target: Target, *, ready: Content | None = None) -> Flight:
    """How `target` stands now. Reads and computes, calls nobody; makes missing pictures.

    `ready` saves building the content again. Needs `channel.connection`, `variant` and `post` loaded.
    """
    provider = content.provider_of(target.channel)
    reasons = [
        *flight_rules.of_channel(target),
        *flight_rules.of_approval(target),
        *flight_rules.of_duplicates(target),
        *flight_rules.of_api(target),
    ]
    notes, price, shape = [], None, None
    drawn: tuple[str, ...] = ()
    try:
        ready = ready or content.build(target.variant, target.channel)
    except DomainError as error:
        reasons.append(Reason("red", error.code, error.message, "compose"))
    else:
        shape = checks.format_of(ready, provider.capabilities)
        price = budgets.price(provider, ready)
        drawn = quotas.drawn(target, ready)
        reasons += [
            *flight_rules.of_content(target, ready),
            *flight_rules.of_media(target, ready),
            *flight_rules.of_rights(target, ready),
            *quotas.reasons(target, ready),
            *budgets.reasons(target, price),
        ]
    if price:
        notes.append(f"{provider.name} charges ${price.normalize():f} for this post.")
    if target.channel.connection.is_sandbox:
        notes.append("This goes to the sandbox, not to the real network.")
    level: Any = max((r.level for r in reasons), key=_ORDER.__getitem__, default="green")
    return Flight(level, tuple(reasons), tuple(notes), shape.key if shape else "", price, drawn)


def check_and_keep(
    *, target: Target, ready: Content | None = None, ask_network: bool = False
) -> Flight:
    """Check and keep the result on the target.

    `ask_network` is for checks ahead of time: it asks the network whether the token still lives, and
    tells the team of a red one, once. Event post.flight_red.
    """
    if ask_network:
        target.channel.connection = connections.check(
            actor=Actor.system(require_workspace()), connection_id=target.channel.connection_id
        )
    found = check(target, ready=ready)
    is_told = bool(target.flight.get("is_told")) and found.level == "red"
    tells = ask_network and found.level == "red" and not is_told
    target.flight = {
        **found.as_json(),
        "at": timezone.now().isoformat(),
        "is_told": is_told or tells,
    }
    target.price_usd = found.price_usd
    with transaction.atomic():
        Target.objects.filter(pk=target.pk, revision=target.revision).update(
            flight=target.flight, price_usd=target.price_usd
        )
        if tells:
            worst = next(reason for reason in found.reasons if reason.level == "red")
            orchestrator.emit(
                actor=Actor.system(require_workspace()),
                kind="post.flight_red",
                subject=("post", str(target.post_id)),
                data={"target": str(target.pk), "channel": str(target.channel_id)},
                summary=f"{holding.name(target)} will not go out as it stands: {worst.message}",
            )
    return found
