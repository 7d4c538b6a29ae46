"""Planning and sending: one post on many channels, or one publication at a time."""

from __future__ import annotations

from apps.knisoci import permissions
from apps.knisoci.actions.outputs import post_output, target_output
from apps.knisoci.models import Post
from apps.knisoci.services import (
    approving,
    broadcasting,
    finding,
    holding,
    posts,
    scheduling,
    settling,
)
from apps.knisoci.types import (
    ConfirmInput,
    PostOutput,
    PublishInput,
    PublishOutput,
    PublishTargetOutput,
    RescheduleInput,
    SchedulePostInput,
    TargetOutput,
    TargetRef,
)
from apps.orchestrator import FACES_ALL, ActionContext, Effect, action


@action(
    key="knisoci.publish",
    title="Publish on many channels",
    summary="One post for many channels: now, at a time, or in the next free slots. Channels that "
    "do not take it say why; the rest goes out.",
    permission=permissions.PUBLISH,
    effect=Effect.KEYED,
    faces=FACES_ALL,
)
def publish(ctx: ActionContext, input: PublishInput) -> PublishOutput:
    given = input.model_dump(exclude={"channels"})
    wishes = [one.model_dump(exclude_none=True) for one in input.channels]
    key = f"action:{ctx.idempotency_key}" if ctx.idempotency_key and not input.dry_run else ""
    return broadcasting.publish(actor=ctx.actor, channels=wishes, key=key[:255], **given)


@action(
    key="knisoci.schedule_post",
    title="Schedule a post",
    summary="Plans a post on its channels: at a time, in the next free slots, or now.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.unschedule_target",
)
def schedule_post(ctx: ActionContext, input: SchedulePostInput) -> PostOutput:
    posts.schedule(actor=ctx.actor, **input.model_dump())
    return post_output(finding.get(Post, input.post))


@action(
    key="knisoci.reschedule_target",
    title="Move a scheduled post",
    summary="Gives one publication another time.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def reschedule_target(ctx: ActionContext, input: RescheduleInput) -> TargetOutput:
    return target_output(
        posts.reschedule(
            actor=ctx.actor, target=input.target, when=input.when, time_zone=input.time_zone
        )
    )


@action(
    key="knisoci.unschedule_target",
    title="Take a post back to draft",
    summary="Takes one publication off the calendar.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def unschedule_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return target_output(posts.unschedule(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.cancel_target",
    title="Cancel a scheduled post",
    summary="One publication will not go out.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def cancel_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return target_output(posts.cancel(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.publish_now",
    title="Publish a post now",
    summary="Sends one publication at once, also a held, missed or failed one.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def publish_now(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return target_output(posts.publish_now(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.confirm_target",
    title="Say whether a post is out",
    summary="Settles an unconfirmed publication by a person's word.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def confirm_target(ctx: ActionContext, input: ConfirmInput) -> PublishTargetOutput:
    return settling.confirm(
        actor=ctx.actor, target=input.target, is_out=input.is_out, permalink=input.permalink
    )


@action(
    key="knisoci.check_target",
    title="Ask the network about a post",
    summary="Looks once more whether an unconfirmed publication is out.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def check_target(ctx: ActionContext, input: TargetRef) -> PublishTargetOutput:
    return settling.check_again(actor=ctx.actor, target=input.target)


@action(
    key="knisoci.send_rest",
    title="Send the rest of a thread",
    summary="Sends the parts of a published thread or its first comment that are missing.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def send_rest(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return target_output(scheduling.send_rest(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.hold_target",
    title="Hold a scheduled post back",
    summary="One publication does not go out until somebody releases it.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.release_target",
)
def hold_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return target_output(holding.keep_back(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.release_target",
    title="Release a held post",
    summary="Lets one held publication go: at its time, or now where that has passed.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.hold_target",
)
def release_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return target_output(holding.let_go(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.approve_target",
    title="Approve a post",
    summary="Lets one publication go out as it stands now.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def approve_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return target_output(approving.approve(actor=ctx.actor, target=input.target))
