"""Not now: paused channels, the emergency stop, late posts, lost connections. And letting go again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists
from django.utils import timezone

from apps.knisoci import permissions
from apps.knisoci.errors import InFlight, NotApproved
from apps.knisoci.models import Channel, LatePolicy, PublishingStop, Target
from apps.knisoci.services import finding, scheduling
from apps.knisoci.transitions import TargetState, move, move_all
from apps.knisoci.types import PublishTargetOutput
from apps.orchestrator import queries as orchestrator_queries
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

ON_TIME = timedelta(minutes=5)  # a queue of our own is not the user's lateness
SPACING = timedelta(seconds=60)  # between posts of a channel that are let go together
MESSAGES = {
    "paused": "The channel is paused.",
    "campaign": "Its campaign is paused.",
    "stopped": "Publishing is stopped in this workspace.",
    "asked": "Somebody holds it back.",
    "approval": "It was changed after it was approved. Look at it, then approve it again.",
    "disconnected": "The channel has to be connected again.",
    "late": "Its time passed while it could not go out. Choose a new time, or publish it now.",
    "missed": "Its time passed by more than it may be late. Choose a new time, or publish it now.",
    "budget": "It would spend more than this month's budget for what networks charge.",
    "quota": "The network takes no more posts for now.",
}


def stopped(target: Target) -> str | None:
    """`stopped`, `paused` or `campaign`, read anew: this makes a stop take effect at once.

    One statement.
    """
    is_stopped, is_paused, is_campaign_paused = (
        Target.objects.filter(pk=target.pk)
        .annotate(is_stopped=Exists(PublishingStop.objects.filter(resumed_at=None)))
        .values_list("is_stopped", "channel__is_paused", "post__campaign__is_paused")
        .first()
    ) or _would_be_stopped(target)
    if is_stopped:
        return "stopped"
    if is_paused:
        return "paused"
    return "campaign" if is_campaign_paused else None


def _would_be_stopped(target: Target) -> tuple[bool, bool, bool]:
    """As `stopped` asks, of a target that is not stored."""
    campaign = target.post.campaign
    return (
        PublishingStop.objects.filter(resumed_at=None).exists(),
        target.channel.is_paused,
        campaign is not None and campaign.is_paused,
    )


def reason_to_hold(target: Target) -> str | None:
    """Why `target` may not go out now; None when it may."""
    reason = stopped(target)
    if reason is not None:
        return reason
    if target.channel.is_archived or not target.channel.is_connected:
        return "disconnected"
    if not target.is_started and not is_approved(target):
        return "approval"
    return too_late(target, timezone.now())


def is_approved(target: Target) -> bool:
    """Whether what would go out is what somebody with the right to publish let go.

    Targets planned before approvals were kept have none to compare with. Needs `variant` loaded.
    """
    return not target.approved_hash or target.approved_hash == target.variant.content_hash


def too_late(target: Target, at: datetime) -> str | None:
    """What sending at `at` would mean by the target's policy: None, `late` or `missed`."""
    if target.due_at is None or target.is_started:
        return None  # the rest of a thread belongs to what is out already
    late = at - target.due_at
    if late <= ON_TIME:
        return None
    if target.late_policy == LatePolicy.HOLD:
        return "late"
    return "missed" if late > timedelta(minutes=target.late_minutes) else None


def hold(
    target: Target, reason: str, *, message: str = "", actor: Actor | None = None
) -> PublishTargetOutput:
    """Keep `target` back, with the reason. Event post.held or post.missed."""
    to = TargetState.MISSED if reason == "missed" else TargetState.HELD
    why = message or MESSAGES[reason]
    changes: dict[str, Any] = {"hold_reason": reason, "error": why[:500], "error_code": reason}
    with transaction.atomic():
        if target.state == to:  # held for one thing, and now for another
            Target.objects.filter(pk=target.pk, state=to).update(**changes)
        elif move(target, to, **changes):
            orchestrator.emit(
                actor=actor or Actor.system(require_workspace()),
                kind=f"post.{to.value}",
                subject=("post", str(target.post_id)),
                data={
                    "target": str(target.pk),
                    "channel": str(target.channel_id),
                    "reason": reason,
                },
                summary=f"{to.label} {name(target)}: {why}",
            )
    return PublishTargetOutput(state=str(target.state), message=why)


def hold_channel(channel: Channel, reason: str, *, message: str = "", is_news: bool = True) -> int:
    """Hold all that is scheduled on a channel that lost its account; returns how many.

    One UPDATE. Event channel.disconnected; without `is_news` only where something was held now.
    """
    why = message or MESSAGES[reason]
    with transaction.atomic():
        held = move_all(
            Target.objects.filter(channel=channel),
            only_from=TargetState.SCHEDULED,
            to=TargetState.HELD,
            hold_reason=reason,
            error=why[:500],
            error_code=reason,
        )
        if held or is_news:
            orchestrator.emit(
                actor=Actor.system(require_workspace()),
                kind="channel.disconnected",
                subject=("channel", str(channel.pk)),
                data={"channel": str(channel.pk), "held": held},
                summary=f"{channel.name} lost its connection; its posts are held",
            )
    return held


def held(reason: str, **where: Any) -> list[Target]:
    """What is held for `reason`, locked, in the order of ids. Inside a transaction."""
    return list(
        Target.objects.select_for_update(of=("self",))
        .select_related("channel__connection", "post", "variant")
        .filter(state=TargetState.HELD, hold_reason=reason, **where)
        .order_by("id")
    )


def keep_back(*, actor: Actor, target: Target | UUID) -> Target:
    """Hold one scheduled target until somebody releases it. Event post.held. Raises InFlight."""
    actor.require(permissions.PUBLISH)
    with transaction.atomic():
        row = finding.get(Target, target, lock=True)
        if row.state not in (TargetState.SCHEDULED, TargetState.HELD):
            raise InFlight("Only what is scheduled can be held back.")
        scheduling.drop_job(actor, row)
        hold(row, "asked", actor=actor)
    return row


def let_go(*, actor: Actor, target: Target | UUID) -> Target:
    """Release one held target: at its time, or now where that has passed within its late policy.

    What is still paused stays held, for that reason. Event post.released, or post.held or
    post.missed. Raises InFlight where it is not held, ChannelDisconnected, NotApproved.
    """
    actor.require(permissions.PUBLISH)
    with transaction.atomic():
        row = finding.get(Target, target, lock=True)
        if row.state != TargetState.HELD:
            raise InFlight("This post is not held.")
        scheduling.check_channel(row.channel)
        if not row.is_started and not is_approved(row):
            raise NotApproved(MESSAGES["approval"])
        if release(actor, [row]):
            orchestrator.emit(
                actor=actor,
                kind="post.released",
                subject=("post", str(row.post_id)),
                data={"target": str(row.pk), "channel": str(row.channel_id)},
                summary=f"Released {name(row)}",
            )
    return row


def release(actor: Actor, targets: Iterable[Target]) -> int:
    """Let held targets go again, by their late policy and never in a burst.

    What is due later keeps its time; what is late goes out one a minute per channel; what is too
    late waits for a person. Runs inside the caller's transaction; returns how many go out.
    """
    now, let_go = timezone.now(), 0
    found = sorted(targets, key=lambda one: (one.due_at or now, one.pk))
    next_free = _ends_of_queues({one.channel_id for one in found}, now)
    for target in found:
        still = stopped(target)
        if still is not None:  # let go by one, and kept back by another
            hold(target, still)
            continue
        at = target.due_at or now
        if at <= now:
            reason = too_late(target, now)
            if reason is not None:
                hold(target, reason)
                continue
            at = next_free.get(target.channel_id, now)
            next_free[target.channel_id] = at + SPACING
        scheduling.drop_job(actor, target)
        let_go += move(
            target,
            TargetState.SCHEDULED,
            only_from=(TargetState.HELD,),
            job_id=scheduling.enqueue(actor, target, run_at=at),
            hold_reason="",
            error="",
            error_code="",
        )
    return let_go


def name(target: Target) -> str:
    """The target in a sentence. Needs `post` and `channel` loaded."""
    title = f"“{target.post.title}”" if target.post.title else "a post"
    return f"{title} on {target.channel.name}"


def _ends_of_queues(channels: set[UUID], now: datetime) -> dict[UUID, datetime]:
    """When each channel is free again after what was let go on it before. One statement."""
    late = Target.objects.filter(
        channel__in=channels, state=TargetState.SCHEDULED, due_at__lte=now, job_id__isnull=False
    )
    runs = {job: channel for job, channel in late.values_list("job_id", "channel_id") if job}
    ends: dict[UUID, datetime] = {}
    for job, at in orchestrator_queries.run_times(runs):
        if at > now - SPACING:
            channel = runs[job]
            ends[channel] = max(ends.get(channel, at), at)
    return {channel: at + SPACING for channel, at in ends.items()}
