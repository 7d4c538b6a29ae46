"""What the world may ask of the social suite. Each is one call of a service."""

from __future__ import annotations

from apps.knisoci import permissions, previews
from apps.knisoci.models import Post, Target
from apps.knisoci.services import (
    approving,
    broadcasting,
    budgets,
    campaigns,
    channels,
    finding,
    flight,
    holding,
    metrics,
    posts,
    publishing,
    scheduling,
    settling,
    warning,
)
from apps.knisoci.transitions import TargetState, derived
from apps.knisoci.types import (
    BudgetInput,
    BudgetOutput,
    CampaignRef,
    ChannelRef,
    ConfirmInput,
    CreatePostInput,
    FlightCheckInput,
    FlightCheckOutput,
    KeepPreviewInput,
    PauseCampaignInput,
    PauseInput,
    PostOutput,
    PostRef,
    PublishInput,
    PublishOutput,
    PublishTargetInput,
    PublishTargetOutput,
    RescheduleInput,
    SaveVariantInput,
    SchedulePostInput,
    StopInput,
    SyncMetricsInput,
    SyncMetricsOutput,
    TargetOutput,
    TargetRef,
    WarnInput,
    WarnOutput,
)
from apps.orchestrator import FACES_ALL, ActionContext, Effect, Face, Retry, action
from apps.orchestrator.types import Reconciled
from apps.workspaces import permissions as workspace_permissions

_CLOCK = frozenset({Face.CLOCK})


def _reconcile(ctx: ActionContext, input: PublishTargetInput) -> Reconciled:
    return settling.reconcile(target=input.target, job_id=ctx.job_id)


@action(
    key="knisoci.publish_target",
    title="Publish a post on one channel",
    summary="Sends one scheduled post to its network, exactly once.",
    permission=permissions.PUBLISH,
    effect=Effect.CHECKABLE,
    queue="publish",
    timeout=600,  # a long video may take that; stops are seen every two seconds meanwhile
    # The engine counts its own attempts; these are for workers that die under it.
    retry=Retry(max_attempts=100, base_seconds=0.5, cap_seconds=5),
    concurrency=lambda given: [(f"account:{given.account}", 1)],
    reconcile=_reconcile,
    faces=_CLOCK,
)
def publish_target(ctx: ActionContext, input: PublishTargetInput) -> PublishTargetOutput:
    return publishing.publish(target=input.target, job_id=ctx.job_id)


@action(
    key="knisoci.flight_check",
    title="Check a scheduled post",
    summary="Looks a quarter of an hour ahead whether a post will go out.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
    queue="publish",
    faces=_CLOCK,
)
def flight_check(ctx: ActionContext, input: FlightCheckInput) -> FlightCheckOutput:
    target = finding.get(Target, input.target)
    if target.revision != input.revision or target.state != TargetState.SCHEDULED:
        return FlightCheckOutput(level="", reasons=["The post changed; it has a newer check."])
    found = flight.check_and_keep(target=target, ask_network=True)
    return FlightCheckOutput(level=found.level, reasons=[one.message for one in found.reasons])


@action(
    key="knisoci.sync_metrics",
    title="Read an account's numbers",
    summary="Asks a network for likes, replies and the like of recent posts.",
    permission="workspace.view",
    effect=Effect.IDEMPOTENT,
    queue="default",
    retry=Retry(max_attempts=6, base_seconds=10, cap_seconds=1800),
    concurrency=lambda given: [(f"metrics:{given.account}", 1)],
    faces=_CLOCK,
)
def sync_metrics(ctx: ActionContext, input: SyncMetricsInput) -> SyncMetricsOutput:
    return SyncMetricsOutput(targets=metrics.sync(account=input.account))


@action(
    key="knisoci.keep_preview",
    title="Keep the preview of an approved post",
    summary="Draws what was approved, for its receipt.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
    queue="media",
    faces=_CLOCK,
)
def keep_preview(ctx: ActionContext, input: KeepPreviewInput) -> None:
    previews.keep(input.approval)


@action(
    key="knisoci.warn",
    title="Mail about a post that will not go out",
    summary="Writes to who can mend it, while there is time.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,  # the same mail once more does no harm
    retry=Retry(max_attempts=8, base_seconds=5, cap_seconds=600),
    faces=_CLOCK,
)
def warn(ctx: ActionContext, input: WarnInput) -> WarnOutput:
    return WarnOutput(mails=warning.send(target=input.target, revision=input.revision))


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
    key="knisoci.create_post",
    title="Draft a post",
    summary="Writes a draft for one or more channels.",
    permission=permissions.WRITE,
    effect=Effect.NONE,
    faces=FACES_ALL,
)
def create_post(ctx: ActionContext, input: CreatePostInput) -> PostOutput:
    post = posts.create(
        actor=ctx.actor,
        title=input.title,
        brief=input.brief,
        campaign=input.campaign,
        variants=[one.model_dump(exclude_none=True) for one in input.variants],
    )
    return _post(post)


@action(
    key="knisoci.save_variant",
    title="Write a post's text for a channel",
    summary="Saves text, images and options of a post for one channel.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
)
def save_variant(ctx: ActionContext, input: SaveVariantInput) -> PostOutput:
    posts.save_variant(actor=ctx.actor, **input.model_dump(exclude_none=True))
    return _post(finding.get(Post, input.post))


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
    return _post(finding.get(Post, input.post))


@action(
    key="knisoci.reschedule_target",
    title="Move a scheduled post",
    summary="Gives one publication another time.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def reschedule_target(ctx: ActionContext, input: RescheduleInput) -> TargetOutput:
    return _target(
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
    return _target(posts.unschedule(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.cancel_target",
    title="Cancel a scheduled post",
    summary="One publication will not go out.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def cancel_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return _target(posts.cancel(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.publish_now",
    title="Publish a post now",
    summary="Sends one publication at once, also a held, missed or failed one.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def publish_now(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return _target(posts.publish_now(actor=ctx.actor, target=input.target))


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
    return _target(scheduling.send_rest(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.hold_target",
    title="Hold a scheduled post back",
    summary="One publication does not go out until somebody releases it.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.release_target",
)
def hold_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return _target(holding.keep_back(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.release_target",
    title="Release a held post",
    summary="Lets one held publication go: at its time, or now where that has passed.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.hold_target",
)
def release_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return _target(holding.let_go(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.approve_target",
    title="Approve a post",
    summary="Lets one publication go out as it stands now.",
    permission=permissions.PUBLISH,
    effect=Effect.IDEMPOTENT,
)
def approve_target(ctx: ActionContext, input: TargetRef) -> TargetOutput:
    return _target(approving.approve(actor=ctx.actor, target=input.target))


@action(
    key="knisoci.pause_campaign",
    title="Pause a campaign",
    summary="Nothing of a campaign goes out until it is resumed.",
    permission=permissions.STOP,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.resume_campaign",
)
def pause_campaign(ctx: ActionContext, input: PauseCampaignInput) -> None:
    campaigns.pause(actor=ctx.actor, campaign=input.campaign, reason=input.reason)


@action(
    key="knisoci.resume_campaign",
    title="Resume a campaign",
    summary="Lets a paused campaign go on, one post a minute per channel.",
    permission=permissions.STOP,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.pause_campaign",
)
def resume_campaign(ctx: ActionContext, input: CampaignRef) -> None:
    campaigns.resume(actor=ctx.actor, campaign=input.campaign)


@action(
    key="knisoci.set_budget",
    title="Set the budget for what networks charge",
    summary="US dollars a month; posts beyond it are held.",
    permission=workspace_permissions.MANAGE_SETTINGS,
    effect=Effect.IDEMPOTENT,
)
def set_budget(ctx: ActionContext, input: BudgetInput) -> BudgetOutput:
    budgets.set_limit(actor=ctx.actor, usd=input.usd)
    now = budgets.standing()
    return BudgetOutput(limit_usd=now.limit, spent_usd=now.spent, planned_usd=now.planned)


@action(
    key="knisoci.duplicate_post",
    title="Duplicate a post",
    summary="Makes a fresh draft with the same texts and images.",
    permission=permissions.WRITE,
    effect=Effect.NONE,
)
def duplicate_post(ctx: ActionContext, input: PostRef) -> PostOutput:
    return _post(posts.duplicate(actor=ctx.actor, post=input.post))


@action(
    key="knisoci.delete_post",
    title="Delete a post",
    summary="Deletes a post here; what is published stays on the networks.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
)
def delete_post(ctx: ActionContext, input: PostRef) -> None:
    posts.delete(actor=ctx.actor, post=input.post)


@action(
    key="knisoci.pause_channel",
    title="Pause a channel",
    summary="Nothing goes out on a channel until it is resumed.",
    permission=permissions.STOP,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.resume_channel",
)
def pause_channel(ctx: ActionContext, input: PauseInput) -> None:
    channels.pause(actor=ctx.actor, channel=input.channel, reason=input.reason)


@action(
    key="knisoci.resume_channel",
    title="Resume a channel",
    summary="Lets a paused channel publish again, one post a minute.",
    permission=permissions.STOP,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.pause_channel",
)
def resume_channel(ctx: ActionContext, input: ChannelRef) -> None:
    channels.resume(actor=ctx.actor, channel=input.channel)


@action(
    key="knisoci.stop_publishing",
    title="Stop all publishing",
    summary="The emergency stop: nothing more goes out in this workspace.",
    permission=permissions.STOP,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.resume_publishing",
)
def stop_publishing(ctx: ActionContext, input: StopInput) -> None:
    channels.stop_publishing(actor=ctx.actor, reason=input.reason)


@action(
    key="knisoci.resume_publishing",
    title="Resume publishing",
    summary="Ends the emergency stop; held posts go out one a minute.",
    permission=permissions.STOP,
    effect=Effect.IDEMPOTENT,
    undo="knisoci.stop_publishing",
)
def resume_publishing(ctx: ActionContext) -> None:
    channels.resume_publishing(actor=ctx.actor)


def _target(target: Target) -> TargetOutput:
    return TargetOutput(
        id=target.pk,
        channel=target.channel_id,
        state=str(target.state),
        due_at=target.due_at,
        permalink=target.permalink,
        error=target.error,
        hold_reason=target.hold_reason,
        parts_done=target.parts_done,
        parts_total=target.parts_total,
        is_incomplete=target.is_incomplete,
        flight=target.flight.get("level", ""),
        price_usd=target.price_usd,
    )


def _post(post: Post) -> PostOutput:
    targets = list(post.targets.order_by("id"))
    return PostOutput(
        id=post.pk,
        title=post.title,
        state=derived(target.state for target in targets),
        targets=[_target(target) for target in targets],
    )
