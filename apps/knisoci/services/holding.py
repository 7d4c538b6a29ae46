"""Not now: paused channels, the emergency stop, late posts, lost connections. And letting go again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.knisoci.models import Channel, LatePolicy, PublishingStop, Target
from apps.knisoci.services import scheduling
from apps.knisoci.transitions import TargetState, move, move_all
from apps.knisoci.types import PublishTargetOutput
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

ON_TIME = timedelta(minutes=5)  # a queue of our own is not the user's lateness
SPACING = timedelta(seconds=60)  # between posts of a channel that are let go together
MESSAGES = {
    "paused": "The channel is paused.",
    "stopped": "Publishing is stopped in this workspace.",
    "disconnected": "The channel has to be connected again.",
    "late": "Its time passed while it could not go out. Choose a new time, or publish it now.",
    "missed": "Its time passed by more than it may be late. Choose a new time, or publish it now.",
    "quota": "The network takes no more posts for now.",
}


def stopped(target: Target) -> str | None:
    """`stopped` or `paused`, read anew: this is what makes a stop take effect at once."""
    if PublishingStop.objects.filter(resumed_at=None).exists():
        return "stopped"
    is_paused = Channel.objects.filter(pk=target.channel_id, is_paused=True).exists()
    return "paused" if is_paused else None


def reason_to_hold(target: Target) -> str | None:
    """Why `target` may not go out now; None when it may."""
    reason = stopped(target)
    if reason is not None:
        return reason
    if target.channel.is_archived or not target.channel.is_connected:
        return "disconnected"
    return too_late(target, timezone.now())


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


def hold(target: Target, reason: str, *, message: str = "") -> PublishTargetOutput:
    """Keep `target` back, with the reason. Event post.held or post.missed."""
    to = TargetState.MISSED if reason == "missed" else TargetState.HELD
    why = message or MESSAGES[reason]
    changes: dict[str, Any] = {"hold_reason": reason, "error": why[:500], "error_code": reason}
    with transaction.atomic():
        if target.state == to:  # held for one thing, and now for another
            Target.objects.filter(pk=target.pk, state=to).update(**changes)
        elif move(target, to, **changes):
            title = f"“{target.post.title}”" if target.post.title else "a post"
            orchestrator.emit(
                actor=Actor.system(require_workspace()),
                kind=f"post.{to.value}",
                subject=("post", str(target.post_id)),
                data={
                    "target": str(target.pk),
                    "channel": str(target.channel_id),
                    "reason": reason,
                },
                summary=f"{to.label} {title} on {target.channel.name}: {why}",
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


def release(actor: Actor, targets: Iterable[Target]) -> int:
    """Let held targets go again, by their late policy and never in a burst.

    What is due later keeps its time; what is late goes out one a minute per channel; what is too
    late waits for a person. Runs inside the caller's transaction; returns how many go out.
    """
    now, let_go = timezone.now(), 0
    next_free: dict[object, datetime] = {}
    for target in sorted(targets, key=lambda one: (one.due_at or now, one.pk)):
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
