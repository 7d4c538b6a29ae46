"""Publishing on many channels at once, brakes and the budget, by REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from apps.knisoci import permissions, queries
from apps.knisoci.api.presenters import present_campaign
from apps.knisoci.api.serializers import (
    BudgetIn,
    CampaignOut,
    CampaignQuery,
    PauseIn,
    PublishBody,
    ReleasedOut,
    StopOut,
)
from apps.knisoci.services import broadcasting, budgets, campaigns, channels
from apps.knisoci.types import BudgetOutput, PublishOutput
from apps.workspaces import permissions as workspace_permissions
from apps.workspaces.api import Ordering, Page, WorkspaceView, operation, paginate

SEE = "workspace.view"
NEWEST = Ordering("created_at", descending=True)


class PublishView(WorkspaceView):
    @operation(
        "Publish on many channels",
        permission=permissions.PUBLISH,
        body=PublishBody,
        returns=PublishOutput,
        status=201,
        needs_key=True,
        description="One post for many channels: now, at a time, or in each channel's next free "
        "slot. A channel that does not take it is refused with the reason, and the rest goes out: "
        "`status` is `scheduled`, or `partly`. Where no channel takes it, nothing is written and the "
        "answer is 422 `nothing_published` with `params.results`. `dry_run` checks length, media, "
        "quotas, price and everything else that the flight check knows, and publishes nothing.",
    )
    def post(self, request: Request, *, body: PublishBody) -> dict[str, Any]:
        given = body.model_dump(exclude={"channels"})
        wishes = [one.model_dump(exclude_none=True) for one in body.channels]
        made = broadcasting.publish(actor=self.actor, channels=wishes, **given)
        return made.model_dump(mode="json")


class CampaignsView(WorkspaceView):
    @operation("List campaigns", permission=SEE, query=CampaignQuery, returns=Page[CampaignOut])
    def get(self, request: Request, *, query: CampaignQuery) -> dict[str, Any]:
        rows = queries.campaigns(include_archived=query.include_archived)
        return paginate(rows, query, present=present_campaign, ordering=NEWEST, name="newest")


class CampaignPauseView(WorkspaceView):
    @operation("Pause a campaign", permission=permissions.STOP, body=PauseIn, returns=CampaignOut)
    def post(self, request: Request, *, campaign_id: UUID, body: PauseIn) -> dict[str, Any]:
        return present_campaign(
            campaigns.pause(actor=self.actor, campaign=campaign_id, reason=body.reason)
        )


class CampaignResumeView(WorkspaceView):
    @operation("Resume a campaign", permission=permissions.STOP, returns=ReleasedOut)
    def post(self, request: Request, *, campaign_id: UUID) -> dict[str, Any]:
        return {"released": campaigns.resume(actor=self.actor, campaign=campaign_id)}


class StopView(WorkspaceView):
    """The workspace's emergency stop."""

    @operation("See whether publishing is stopped", permission=SEE, returns=StopOut)
    def get(self, request: Request) -> dict[str, Any]:
        stop = queries.open_stop()
        return {
            "is_stopped": stop is not None,
            "reason": stop.reason if stop else "",
            "stopped_at": stop.stopped_at if stop else None,
        }

    @operation("Stop all publishing", permission=permissions.STOP, body=PauseIn, returns=StopOut)
    def post(self, request: Request, *, body: PauseIn) -> dict[str, Any]:
        stop = channels.stop_publishing(actor=self.actor, reason=body.reason)
        return {"is_stopped": True, "reason": stop.reason, "stopped_at": stop.stopped_at}


class ResumeView(WorkspaceView):
    @operation("Resume publishing", permission=permissions.STOP, returns=ReleasedOut)
    def post(self, request: Request) -> dict[str, Any]:
        return {"released": channels.resume_publishing(actor=self.actor)}


class BudgetView(WorkspaceView):
    @operation("See what networks charge this month", permission=SEE, returns=BudgetOutput)
    def get(self, request: Request) -> dict[str, Any]:
        now = budgets.standing()
        return {"limit_usd": now.limit, "spent_usd": now.spent, "planned_usd": now.planned}

    @operation(
        "Set the monthly budget",
        permission=workspace_permissions.MANAGE_SETTINGS,
        body=BudgetIn,
        returns=BudgetOutput,
    )
    def put(self, request: Request, *, body: BudgetIn) -> dict[str, Any]:
        budgets.set_limit(actor=self.actor, usd=body.usd)
        return self.get.__wrapped__(self, request)  # type: ignore[attr-defined]
