"""When a post goes out: choose a time, move it, take it back.

Every verb here locks the targets it changes (by id) after the channels (by id), and writes targets,
jobs and one event in a single commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.integrations import providers
from apps.integrations.providers.base import Content
from apps.knisoci import content, permissions
from apps.knisoci.errors import (
    ChangedMeanwhile,
    ChannelDisconnected,
    ContentInvalid,
    InFlight,
    NothingToSchedule,
)
from apps.knisoci.models import Channel, Post, Target, Variant
from apps.knisoci.services import approving, finding, flight, timing
from apps.knisoci.services.timing import When
from apps.knisoci.transitions import SCHEDULABLE, TargetState, move, sources
from apps.knisoci.types import FlightCheckInput, PublishTargetInput
from apps.orchestrator import services as orchestrator
from apps.orchestrator.errors import JobNotFound, WrongState
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

CHECKS_BEFORE = (timedelta(hours=24), timedelta(minutes=15))


def schedule(
    *,
    actor: Actor,
    post: Post | UUID,
    when: When,
    channels: Iterable[Channel | UUID | str] | None = None,
    time_zone: str | None = None,
    late_policy: str | None = None,
    late_minutes: int | None = None,
) -> list[Target]:
    """Plan the post on all its channels, or on `channels`; returns the scheduled targets.

    `when` is an aware instant, a naive wall time (read in `time_zone`, else in each channel's
    zone), "now", or "slot" for each channel's next free posting slot. What is already out or in
    flight stays as it is; rescheduling what is planned moves it. Event post.scheduled.

    Raises NothingToSchedule, PastDate, BadDate, NoSlots, ContentInvalid (names channel and field),
    ChannelDisconnected, ChangedMeanwhile.
    """
    actor.require(permissions.PUBLISH)
    row = finding.get(Post, post)
    variants = _plannable(row, channels)
    if isinstance(when, datetime):
        for variant in variants:
            timing.moment(when, time_zone or variant.channel.time_zone)
    ready = {}
    for variant in variants:
        check_channel(variant.channel)
        ready[variant.pk] = check_content(variant, variant.channel)
    policy = timing.late_policy_of(late_policy, late_minutes)
    with transaction.atomic():
        targets = place(actor, variants, when=when, time_zone=time_zone, policy=policy)
        announce(actor, row, targets)
    for target in targets:
        flight.check_and_keep(target=target, ready=ready[target.variant_id])
    return targets


def place(
    actor: Actor,
    variants: Sequence[Variant],
    *,
    when: When,
    time_zone: str | None,
    policy: dict[str, Any],
) -> list[Target]:
    """Give the targets of checked `variants` their time, job and approval.

    Inside the caller's transaction, and without an event: see `announce`. Raises PastDate, BadDate,
    NoSlots, ChangedMeanwhile.
    """
    targets = _lock([variant.pk for variant in variants], slots_of=when == "slot")
    for target in targets:
        _put(actor, target, {**timing.plan(target, when, time_zone), **policy})
    return targets


def reschedule(
    *, actor: Actor, target: Target | UUID, when: datetime, time_zone: str | None = None
) -> Target:
    """Move one target, as dragging on the calendar does. Event post.scheduled.

    A naive `when` is wall time in `time_zone`, else in the target's own zone. Raises PastDate,
    InFlight when it is going out or out already, ContentInvalid, ChangedMeanwhile.
    """
    actor.require(permissions.PUBLISH)
    row = finding.get(Target, target)
    if row.state not in SCHEDULABLE:
        raise InFlight("This post is on its way or out already; it cannot be moved.")
    moment = timing.moment(when, time_zone or row.time_zone)
    ready = None
    if row.state not in (TargetState.SCHEDULED, TargetState.HELD):
        ready = check_content(row.variant, row.channel)
    check_channel(row.channel)
    with transaction.atomic():
        (locked,) = _lock([row.variant_id], slots_of=False)
        _put(actor, locked, timing.wall(moment, time_zone or row.time_zone))
        announce(actor, locked.post, [locked])
    flight.check_and_keep(target=locked, ready=ready)
    return locked


def publish_now(*, actor: Actor, target: Target | UUID) -> Target:
    """Send one target at once, whatever its time was: also for held, missed and failed ones."""
    actor.require(permissions.PUBLISH)
    row = finding.get(Target, target)
    (done,) = schedule(actor=actor, post=row.post_id, when="now", channels=[row.channel_id])
    return done


def unschedule(*, actor: Actor, target: Target | UUID) -> Target:
    """Back to draft, without a time. Event post.unscheduled. Raises InFlight."""
    return _take_back(actor, target, TargetState.DRAFT, "post.unscheduled", "Took back")


def cancel(*, actor: Actor, target: Target | UUID) -> Target:
    """This target will not go out, and the calendar keeps it as cancelled. Event post.cancelled."""
    return _take_back(actor, target, TargetState.CANCELLED, "post.cancelled", "Cancelled")


def send_again(*, actor: Actor, target: Target, parts_done: int | None = None) -> None:
    """Send an unconfirmed target once more, because a person looked and it is not there.

    `parts_done` is for threads: that many parts are out, go on with the next one.
    """
    actor.require(permissions.PUBLISH)
    known = {} if parts_done is None else {"parts_done": parts_done}
    with transaction.atomic():
        if not move(
            target,
            TargetState.SCHEDULED,
            only_from=(TargetState.UNCONFIRMED,),
            job_id=enqueue(actor, target, run_at=timezone.now()),
            due_at=timezone.now(),
            error="",
            error_code="",
            **known,
        ):
            raise ChangedMeanwhile("This post changed in the meantime. Load the page again.")
        announce(actor, target.post, [target])


def send_rest(*, actor: Actor, target: Target | UUID) -> Target:
    """Send the parts of a published thread that are missing. Event post.scheduled.

    Raises NothingToSchedule where nothing is missing, ChannelDisconnected.
    """
    actor.require(permissions.PUBLISH)
    row = finding.get(Target, target)
    if not row.is_incomplete or row.remote_id.startswith("confirmed:"):
        raise NothingToSchedule("Nothing of this post is missing on the network.")
    check_channel(row.channel)
    with transaction.atomic():
        if not move(
            row,
            TargetState.SCHEDULED,
            only_from=(TargetState.PUBLISHED,),
            job_id=enqueue(actor, row, run_at=timezone.now()),
            error="",
            error_code="",
        ):
            raise ChangedMeanwhile("This post changed in the meantime. Load the page again.")
        announce(actor, row.post, [row])
    return row


def check_content(variant: Variant, channel: Channel, *, only_look: bool = False) -> Content:
    """Refuse what the network would refuse; returns what would go out.

    Videos begin to be made for it, unless `only_look`. Raises ContentInvalid with channel and field
    named. Makes missing pictures, so call it outside transactions.
    """
    try:
        ready = content.build(variant, channel, wanted="look" if only_look else "begin")
        found = content.issues(channel, ready)
    except DomainError as error:
        raise ContentInvalid(
            f"{channel.name}: {error.message}", field=f"{channel.pk}.media", code=error.code
        ) from error
    for issue in found:
        if issue.level == "error":
            raise ContentInvalid(
                f"{channel.name}: {issue.message}",
                field=f"{channel.pk}.{issue.field}",
                params={"channel": str(channel.pk), "field": issue.field, "issue": issue.code},
            )
    return ready


def check_channel(channel: Channel) -> None:
    """Raises ChannelDisconnected where nothing can go out before a person connects again."""
    if not providers.is_here(channel.provider):
        gone = providers.of_row(channel.provider).gone
        raise ChannelDisconnected(f"{channel.name}: {gone}", field=f"{channel.pk}.channel")
    if channel.is_archived or not channel.is_connected:
        raise ChannelDisconnected(
            f"{channel.name} is not connected any more. Connect it again first.",
            field=f"{channel.pk}.channel",
        )


def drop_job(actor: Actor, target: Target) -> None:
    """Cancel the target's waiting job where it has one. Inside the caller's transaction.

    A job that is running already looks at the target's state itself and does nothing.
    """
    if target.job_id is None:
        return
    with contextlib.suppress(JobNotFound, WrongState):
        orchestrator.cancel(actor=_candy(actor), job_id=target.job_id)


def enqueue(actor: Actor, target: Target, *, run_at: datetime) -> UUID:
    """The job that publishes `target` at `run_at`. Inside the caller's transaction.

    It runs as Candy itself: whoever scheduled the post was allowed to, and a member who leaves
    must not take the team's planned posts along.
    """
    account = target.channel.connection_id
    job = orchestrator.enqueue(
        actor=_candy(actor),
        action="knisoci.publish_target",
        input=PublishTargetInput(target=target.pk, account=account),
        run_at=run_at,
        subject=("post", str(target.post_id)),
    )
    return job.pk


def _candy(actor: Actor) -> Actor:
    """Candy itself, at the wish of `actor`."""
    return Actor.system(require_workspace(), label=actor.label or "Candy")


def _plannable(post: Post, channels: Iterable[Channel | UUID | str] | None) -> list[Variant]:
    rows = (
        post.variants.select_related("channel__connection")
        .filter(target__state__in=SCHEDULABLE, channel__is_archived=False)
        .order_by("id")
    )
    if channels is not None:
        rows = rows.filter(channel__in=[getattr(one, "pk", one) for one in channels])
    found = list(rows)
    if not found:
        raise NothingToSchedule(
            "There is nothing to schedule: write a text for at least one channel first."
            if not post.variants.exists()
            else "Nothing is left to schedule here: these channels are published or on their way."
        )
    return found


def _lock(variants: Sequence[UUID], *, slots_of: bool) -> list[Target]:
    """The targets of `variants`, locked; with `slots_of` their channels first, so that two people
    never get the same free slot."""
    rows = Target.objects.filter(variant__in=variants)
    if slots_of:
        ids = rows.values("channel")
        list(Channel.objects.filter(pk__in=ids).select_for_update().order_by("id"))
    return list(
        rows.select_for_update(of=("self",))
        .select_related("channel__connection", "variant", "post")
        .order_by("id")
    )


def _put(actor: Actor, target: Target, changes: dict[str, Any]) -> None:
    """Schedule one locked target: a new revision, a new job, the old job gone."""
    was_scheduled = target.state == TargetState.SCHEDULED  # locked, so it still is
    drop_job(actor, target)
    changes |= {
        "revision": target.revision + 1,
        "job_id": enqueue(actor, target, run_at=changes["due_at"]),
        "error": "",
        "error_code": "",
        "hold_reason": "",
        "flight": {},
        "approved_hash": approving.record(actor, target),
    }
    if was_scheduled:
        for name, value in changes.items():
            setattr(target, name, value)
        target.updated_at = timezone.now()
        target.save(update_fields=[*changes, "updated_at"])
    elif not move(
        target, TargetState.SCHEDULED, only_from=SCHEDULABLE - {TargetState.SCHEDULED}, **changes
    ):
        raise ChangedMeanwhile("This post changed in the meantime. Load the page again.")
    plan_checks(actor, target)


def plan_checks(actor: Actor, target: Target) -> None:
    """The flight checks ahead of its time. One of an older revision does nothing."""
    for before in CHECKS_BEFORE:
        if target.due_at and target.due_at > timezone.now() + before + timedelta(minutes=5):
            orchestrator.enqueue(
                actor=_candy(actor),
                action="knisoci.flight_check",
                input=FlightCheckInput(target=target.pk, revision=target.revision),
                run_at=target.due_at - before,
                subject=("post", str(target.post_id)),
            )


def _take_back(
    actor: Actor, target: Target | UUID, to: TargetState, kind: str, verb: str
) -> Target:
    actor.require(permissions.PUBLISH)
    with transaction.atomic():
        row = finding.get(Target, target, lock=True)
        if row.state == to:
            return row
        drop_job(actor, row)
        if row.is_started:
            to, kind, verb = TargetState.PUBLISHED, "post.incomplete", "Gave up the rest of"
        if not move(
            row,
            to,
            only_from=(SCHEDULABLE - {to}) & sources(to),
            at_revision=row.revision,
            revision=row.revision + 1,
            job_id=None,
            hold_reason="",
            **({"due_at": None, "in_slot": False} if to == TargetState.DRAFT else {}),
        ):
            raise InFlight("This post is on its way or out already; it cannot be taken back.")
        orchestrator.emit(
            actor=actor,
            kind=kind,
            subject=("post", str(row.post_id)),
            data={"target": str(row.pk), "channel": str(row.channel_id)},
            summary=f"{verb} {_name(row.post)} on {row.channel.name}",
        )
    return row


def announce(actor: Actor, post: Post, targets: Sequence[Target]) -> None:
    """Event post.scheduled for all of `targets`. Inside the caller's transaction."""
    where = targets[0].channel.name if len(targets) == 1 else f"{len(targets)} channels"
    orchestrator.emit(
        actor=actor,
        kind="post.scheduled",
        subject=("post", str(post.pk)),
        data={
            "targets": [
                {
                    "id": str(target.pk),
                    "channel": str(target.channel_id),
                    "due_at": target.due_at.isoformat() if target.due_at else None,
                }
                for target in targets
            ]
        },
        summary=f"Scheduled {_name(post)} on {where}",
    )


def _name(post: Post) -> str:
    return f"“{post.title}”" if post.title else "a post"
