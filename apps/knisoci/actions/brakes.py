"""What holds publishing back, and lets it go again."""

from __future__ import annotations

from apps.knisoci import permissions
from apps.knisoci.services import (
    budgets,
    campaigns,
    channels,
)
from apps.knisoci.types import (
    BudgetInput,
    BudgetOutput,
    CampaignRef,
    ChannelRef,
    PauseCampaignInput,
    PauseInput,
    StopInput,
)
from apps.orchestrator import ActionContext, Effect, action
from apps.workspaces import permissions as workspace_permissions


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
