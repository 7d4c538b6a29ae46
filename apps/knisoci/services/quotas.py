"""A network takes so many posts a day: know it beforehand, and move or hold what would be too many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.integrations.providers import checks
from apps.integrations.providers.base import Content, Part, ProviderError
from apps.integrations.providers.capabilities import QuotaRule
from apps.integrations.services import meters
from apps.integrations.services.meters import Exceeded
from apps.knisoci import content
from apps.knisoci.errors import NoSlots
from apps.knisoci.models import Attempt, Channel, QuotaPolicy, Target
from apps.knisoci.services import holding, scheduling, timing
from apps.knisoci.transitions import TargetState, move
from apps.knisoci.types import PublishTargetOutput, QuotaLeft, Reason
from apps.orchestrator import Defer
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

_DAY = timedelta(days=1)
_TRIES = 60  # slots looked at before the first free moment is taken instead
_SENDING = (TargetState.CLAIMED, TargetState.PUBLISHING, TargetState.UNKNOWN)
_UNTOLD = timedelta(hours=1)  # for a network that is full and does not say how long


def full(target: Target, ready: Content) -> Exceeded | None:
    """The quota that sending what is left of `target` now would go over."""
    return _full(target, ready, at=timezone.now(), planned=0)


def take(target: Target, attempt: Attempt, part: Part) -> Exceeded | None:
    """Count the part that is about to be sent, once, or say what is full."""
    if not _has_quotas(target):
        return None
    return meters.take(
        target.channel.connection,
        key=str(attempt.key),
        role=part.role,
        format=_format(target, part.content),
        options=part.content.options,
    )


def give_back(attempt: Attempt) -> None:
    """It was refused or never sent. Needs `connection` loaded."""
    meters.give_back(attempt.connection, str(attempt.key))


def told(target: Target, error: ProviderError, part: Part) -> Exceeded:
    """The network itself said that it is full: the meters believe it from now on."""
    connection, role = target.channel.connection, part.role
    shape = _format(target, part.content)
    options = part.content.options
    meters.refused(connection, error=error, role=role, format=shape, options=options)
    free_at = error.retry_at or timezone.now() + _UNTOLD
    known = meters.would_exceed(connection, role=role, format=shape, options=options)
    if known is not None:
        free_at = max(free_at, known.free_at) if error.retry_at is None else free_at
        return Exceeded(known.rule, known.label, known.used, known.limit, free_at)
    return Exceeded("", error.message, 0, 0, free_at)


def make_room(target: Target, found: Exceeded) -> PublishTargetOutput:
    """What the channel's policy says: the next slot with room, or held. Raises Defer for the first.

    The rest of a thread that has begun waits where it is. Event post.moved or post.held.
    """
    message = describe(found)
    if target.channel.quota_policy == QuotaPolicy.HOLD and not target.is_started:
        return holding.hold(target, "quota", message=message)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=target.channel_id)
        at, in_slot = _next_place(target, found)
        before = target.due_at
        changes = {
            **timing.wall(at, target.time_zone),
            "in_slot": in_slot,
            "revision": target.revision + 1,
            "error": message[:500],
            "error_code": "quota",
        }
        moved = move(
            target, TargetState.SCHEDULED, only_from=_SENDING, **changes
        ) or _moved_where_it_stands(target, changes)
        if moved:
            actor = Actor.system(require_workspace())
            scheduling.plan_checks(actor, target)
            _tell(actor, target, before, message)
    raise Defer(at, message)


def _moved_where_it_stands(target: Target, changes: dict[str, object]) -> bool:
    rows = Target.objects.filter(
        pk=target.pk, state=TargetState.SCHEDULED, revision=target.revision
    )
    if not rows.update(**changes, updated_at=timezone.now()):
        return False
    for name, value in changes.items():
        setattr(target, name, value)
    return True


def _tell(actor: Actor, target: Target, before: datetime | None, message: str) -> None:
    orchestrator.emit(
        actor=actor,
        kind="post.moved",
        subject=("post", str(target.post_id)),
        data={
            "target": str(target.pk),
            "channel": str(target.channel_id),
            "reason": "quota",
            "from": before.isoformat() if before else None,
            "to": target.due_at.isoformat() if target.due_at else None,
        },
        summary=f"Moved {holding.name(target)} to {target.wall_date:%d %B}, "
        f"{target.wall_time:%H:%M}: {message}",
    )


def _next_place(target: Target, found: Exceeded) -> tuple[datetime, bool]:
    """The channel's first free slot in which the quota has room, else when it has room again."""
    after = free_at = max(found.free_at, timezone.now() + timedelta(seconds=1))
    if target.is_started:
        return free_at, False
    shape, options = str(target.flight.get("format", "")), target.variant.options
    for _ in range(_TRIES):
        try:
            at = timing.free_slot(target.channel, after=after, other_than=target)
        except NoSlots:
            break
        busy = meters.would_exceed(
            target.channel.connection,
            role="post",
            format=shape,
            options=options,
            at=at,
            planned=_planned(target, _names(target, shape, options), at),
        )
        if busy is None:
            return at, True
        after = at
    return free_at, False


def describe(found: Exceeded) -> str:
    """In a sentence."""
    if not found.limit:
        return found.label
    return f"{found.label}: {found.used:,} of {found.limit:,} are used."


def reasons(target: Target, ready: Content) -> Iterable[Reason]:
    """What the flight check says: with what is planned that day, is there room?"""
    if not _has_quotas(target):
        return
    at = max(target.due_at or timezone.now(), timezone.now())
    planned = _planned(target, drawn(target, ready), at)
    found = _full(target, ready, at=at, planned=planned)
    if found is not None:
        then = (
            "It will be held."
            if target.channel.quota_policy == QuotaPolicy.HOLD
            else "It will move to the next slot with room."
        )
        before = f" {planned:,} more are planned before it." if planned else ""
        yield Reason("red", "quota", f"{describe(found)}{before} {then}", "reschedule")
        return
    margin = max(1, min(one.limit for one in _rules(target)) // 10)
    close = _full(target, ready, at=at, planned=planned + margin)
    if close is not None:
        yield Reason("amber", "quota", f"{close.label}: nearly used up by then.", "reschedule")


def left(channel: Channel) -> list[QuotaLeft]:
    """The channel's quotas as they stand."""
    if not content.provider_of(channel).capabilities.quotas:
        return []
    return [
        QuotaLeft(label=one.label, used=one.used, limit=one.limit)
        for one in meters.meters(channel.connection)
        if one.kind == "quota"
    ]


def _full(target: Target, ready: Content, *, at: datetime, planned: int) -> Exceeded | None:
    if not _has_quotas(target):
        return None
    connection, parts = target.channel.connection, ready.parts()[target.parts_done :]
    found = []
    for role in dict.fromkeys(part.role for part in parts):
        same = [part for part in parts if part.role == role]
        more = len(same) - 1 + (planned if role == "post" else 0)
        shape = _format(target, same[0].content)
        one = meters.would_exceed(
            connection, role=role, format=shape, options=ready.options, at=at, planned=more
        )
        if one is not None:
            found.append(one)
    return max(found, key=lambda one: one.free_at, default=None)


def drawn(target: Target, ready: Content) -> tuple[str, ...]:
    """The quotas that the post itself draws from, by name."""
    return _names(target, _format(target, ready), ready.options)


def _names(target: Target, shape: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    rules = meters.rules_of(target.channel.connection, "post", shape, options)
    return tuple(dict.fromkeys(rule.name for rule in rules))


def _planned(target: Target, names: tuple[str, ...], at: datetime) -> int:
    """How many others of this account are to go out in the day before `at`.

    Where no quota is for every post, those that draw from `names` as well.
    """
    rows = Target.objects.filter(
        channel__connection=target.channel.connection_id,
        state__in=(TargetState.SCHEDULED, TargetState.CLAIMED),
        due_at__gt=at - _DAY,
        due_at__lte=at,
    ).exclude(pk=target.pk)
    if all(rule.formats or rule.only_if for rule in _rules(target)):
        rows = rows.filter(flight__quotas=list(names))
    return rows.count()


def _has_quotas(target: Target) -> bool:
    return bool(content.provider_of(target.channel).capabilities.quotas)


def _rules(target: Target) -> list[QuotaRule]:
    return list(content.provider_of(target.channel).capabilities.quotas)


def _format(target: Target, ready: Content) -> str:
    shape = checks.format_of(ready, content.provider_of(target.channel).capabilities)
    return shape.key if shape else ""
