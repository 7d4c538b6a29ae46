"""What the flight check looks at, one question after the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from apps.integrations import providers
from apps.integrations.providers.base import Content, ProviderError, PublishProvider
from apps.knisoci import content
from apps.knisoci.models import Target
from apps.knisoci.services import holding
from apps.knisoci.transitions import TargetState
from apps.knisoci.types import Level, Reason

DUPLICATE_WINDOW = timedelta(days=7)
_RESUME = {
    "stopped": "knisoci.resume_publishing",
    "paused": "knisoci.resume_channel",
    "campaign": "knisoci.resume_campaign",
}


def of_channel(target: Target) -> Iterable[Reason]:
    """Whether the account lets us in, and nobody has pulled a brake."""
    channel = target.channel
    if not providers.is_here(channel.provider):
        yield Reason("red", "network_gone", providers.of_row(channel.provider).gone)
        return
    if channel.is_archived or not channel.is_connected:
        yield Reason("red", "disconnected", f"{channel.name} is not connected.", "channels.connect")
        return
    stopped = holding.stopped(target)
    if stopped is not None:
        yield Reason("red", stopped, holding.MESSAGES[stopped], _RESUME[stopped])
    if channel.connection.state == "error":
        yield Reason(
            "amber",
            "unreachable",
            f"{channel.name} did not answer when it was last asked.",
            "channels.connect",
        )


def of_rights(target: Target, ready: Content) -> Iterable[Reason]:
    """Whether the sign-in lasts until then, and covers this kind of post."""
    connection, provider = target.channel.connection, content.provider_of(target.channel)
    renews = type(provider).refresh is not PublishProvider.refresh
    due = target.due_at or timezone.now()
    if connection.expires_at and connection.expires_at <= due and not renews:
        yield Reason(
            "red",
            "token_ends",
            f"The sign-in of {target.channel.name} ends on {connection.expires_at:%d %B}, before "
            "this goes out.",
            "channels.connect",
        )
    missing = _missing_rights(target, ready)
    if missing:
        yield Reason(
            "red",
            "scopes",
            f"{target.channel.name} was connected without the right to {', '.join(missing)}.",
            "channels.connect",
        )


def _missing_rights(target: Target, ready: Content) -> list[str]:
    """Rights that these parts need and the sign-in was not given. Nothing where it told none."""
    connection = target.channel.connection
    granted = set(connection.scopes)
    if not granted:
        return []
    needed = content.provider_of(target.channel).rights(ready, connection.account)
    either = [one.split("|") for one in needed]
    return [ways[0] for ways in either if granted.isdisjoint(ways)]


def of_approval(target: Target) -> Iterable[Reason]:
    """Whether this is what somebody let go out."""
    if target.state in (TargetState.SCHEDULED, TargetState.HELD) and not holding.is_approved(
        target
    ):
        yield Reason("red", "approval", holding.MESSAGES["approval"], "knisoci.approve_target")


def of_content(target: Target, ready: Content) -> Iterable[Reason]:
    """What the network itself would say to it."""
    for issue in content.issues(target.channel, ready):
        level: Level = "red" if issue.level == "error" else "amber"
        yield Reason(level, issue.code, issue.message, "compose")


def of_media(target: Target, ready: Content) -> Iterable[Reason]:
    """Whether a network that fetches files itself can reach this installation."""
    provider, items = content.provider_of(target.channel), content.all_media(ready)
    if not provider.capabilities.publishing.pulls_media or not items:
        return
    try:
        items[0].url()
    except ProviderError as error:
        yield Reason("red", "media_address", error.message, "settings")


def of_duplicates(target: Target) -> Iterable[Reason]:
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
        .values_list("due_at", flat=True)
        .first()
    )
    if twin is not None:
        yield Reason(
            "amber",
            "duplicate",
            f"The same post is on {target.channel.name} on {twin:%d %B}.",
            "compose",
        )


def of_api(target: Target) -> Iterable[Reason]:
    """Whether the version of the network's interface that we speak still lives then."""
    api = content.provider_of(target.channel).capabilities.api
    left = api.days_left((target.due_at or timezone.now()).date())
    if left is None:
        return
    if left < 0:
        yield Reason("red", "api_sunset", "This version of the network's interface has ended.")
    elif left <= api.alarm_days:
        yield Reason("amber", "api_sunset", f"The network's interface ends on {api.sunset_on}.")
