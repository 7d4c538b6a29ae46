"""The flight check: will this go out? Green, amber or red, with reasons and a way to mend each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.integrations.services import connections
from apps.knisoci import content
from apps.knisoci.models import PublishingStop, Target
from apps.knisoci.transitions import TargetState
from apps.knisoci.types import Flight, Level, Reason
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

DUPLICATE_WINDOW = timedelta(days=7)
_SUNSET_WARNING = timedelta(days=60)
_ORDER: dict[Level, int] = {"green": 0, "amber": 1, "red": 2}


def check(target: Target) -> Flight:
    """How `target` stands now. Reads and computes, calls nobody; makes missing renditions.

    Needs `channel.connection` and `variant` loaded.
    """
    reasons = [
        *_channel_reasons(target),
        *_content_reasons(target),
        *_duplicate_reasons(target),
        *_network_reasons(target),
    ]
    level: Any = max((r.level for r in reasons), key=_ORDER.__getitem__, default="green")
    return Flight(level, tuple(reasons))


def check_and_keep(*, target: Target, ask_network: bool = False) -> Flight:
    """Check, keep the result on the target, and tell the team of a red one. Event post.flight_red.

    `ask_network` also asks the network whether the token still lives.
    """
    if ask_network:
        target.channel.connection = connections.check(
            actor=Actor.system(require_workspace()), connection_id=target.channel.connection_id
        )
    found = check(target)
    before = target.flight.get("level")
    target.flight = {**found.as_json(), "at": timezone.now().isoformat()}
    with transaction.atomic():
        Target.objects.filter(pk=target.pk).update(flight=target.flight)
        if found.level == "red" and before != "red":
            worst = next(reason for reason in found.reasons if reason.level == "red")
            title = f"“{target.post.title}”" if target.post.title else "a post"
            orchestrator.emit(
                actor=Actor.system(require_workspace()),
                kind="post.flight_red",
                subject=("post", str(target.post_id)),
                data={"target": str(target.pk), "channel": str(target.channel_id)},
                summary=f"{title} will not go out as it stands: {worst.message}",
            )
    return found


def _channel_reasons(target: Target) -> list[Reason]:
    channel = target.channel
    connection = channel.connection
    if channel.is_archived or not channel.is_connected:
        return [
            Reason("red", "disconnected", f"{channel.name} is not connected.", "channels.connect")
        ]
    found = []
    if channel.is_paused:
        found.append(
            Reason("red", "paused", f"{channel.name} is paused.", "knisoci.resume_channel")
        )
    if PublishingStop.objects.filter(resumed_at=None).exists():
        found.append(
            Reason("red", "stopped", "All publishing is stopped.", "knisoci.resume_publishing")
        )
    if connection.state == "error":
        found.append(
            Reason(
                "amber",
                "unreachable",
                f"{channel.name} did not answer when it was last asked.",
                "channels.connect",
            )
        )
    return found


def _content_reasons(target: Target) -> list[Reason]:
    try:
        ready = content.build(target.variant, target.channel)
    except DomainError as error:
        return [Reason("red", error.code, error.message, "compose")]
    return [
        Reason("red" if issue.level == "error" else "amber", issue.code, issue.message, "compose")
        for issue in content.issues(target.channel, ready)
    ]


def _duplicate_reasons(target: Target) -> list[Reason]:
    """The same text on the same account within days is taken for spam by most networks."""
    moment = target.due_at or timezone.now()
    twin = (
        Target.objects.filter(
            channel=target.channel,
            variant__content_hash=target.variant.content_hash,
            due_at__range=(moment - DUPLICATE_WINDOW, moment + DUPLICATE_WINDOW),
            state__in=(TargetState.SCHEDULED, TargetState.PUBLISHED),
        )
        .exclude(pk=target.pk)
        .order_by("due_at")
        .first()
    )
    if twin is None or twin.due_at is None:
        return []
    return [
        Reason(
            "amber",
            "duplicate",
            f"The same post is on {target.channel.name} on {twin.due_at:%d %B}.",
            "compose",
        )
    ]


def _network_reasons(target: Target) -> list[Reason]:
    api = content.provider_of(target.channel).capabilities.api
    if api.sunset_on is None:
        return []
    moment = (target.due_at or timezone.now()).date()
    if moment >= api.sunset_on:
        return [Reason("red", "api_sunset", "This version of the network's interface has ended.")]
    if moment >= api.sunset_on - _SUNSET_WARNING:
        return [Reason("amber", "api_sunset", f"The network's interface ends on {api.sunset_on}.")]
    return []
