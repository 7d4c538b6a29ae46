"""Targets and their receipts by REST."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from apps.knisoci import permissions, previews, queries
from apps.knisoci.api.presenters import (
    TARGET_COLUMNS,
    present_flight,
    present_receipt,
    present_target,
)
from apps.knisoci.api.serializers import (
    ConfirmIn,
    FlightOut,
    PictureOut,
    ReceiptOut,
    RescheduleIn,
    TargetOut,
    TargetQuery,
)
from apps.knisoci.errors import TargetNotFound
from apps.knisoci.models import Target
from apps.knisoci.services import approving, flight, holding, posts, scheduling, settling
from apps.workspaces.api import Ordering, Page, WorkspaceView, operation, paginate

SEE = "workspace.view"
ORDERINGS = {
    "-created": Ordering("pk", descending=True),
    "due": Ordering("due_at"),
    "-due": Ordering("due_at", descending=True),
    "-published": Ordering("published_at", descending=True),
}


def target_out(pk: UUID) -> dict[str, Any]:
    """One statement. Raises TargetNotFound."""
    row = Target.objects.filter(pk=pk).values(*TARGET_COLUMNS).first()
    if row is None:
        raise TargetNotFound("This publication does not exist any more.")
    return present_target(row)


class TargetsView(WorkspaceView):
    @operation("List targets", permission=SEE, query=TargetQuery, returns=Page[TargetOut])
    def get(self, request: Request, *, query: TargetQuery) -> dict[str, Any]:
        asked = {
            "state__in": query.state,
            "channel": query.channel,
            "post": query.post,
            "post__campaign": query.campaign,
            "flight__level": query.flight,
            "due_at__gte": query.due_from,
            "due_at__lt": query.due_before,
        }
        rows = Target.objects.filter(**{name: value for name, value in asked.items() if value})
        return paginate(
            rows.values(*TARGET_COLUMNS),
            query,
            present=present_target,
            ordering=ORDERINGS[query.order],
            name=query.order,
        )


class TargetView(WorkspaceView):
    @operation("Get a target", permission=SEE, returns=TargetOut)
    def get(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        return target_out(target_id)


class ReceiptView(WorkspaceView):
    @operation(
        "Get a target's receipt",
        permission=SEE,
        returns=ReceiptOut,
        description="What was approved, and every call to the network on its way out with what the "
        "answer meant.",
    )
    def get(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        found = queries.receipt(target_id)
        return present_receipt(found, target_out(target_id), approving.latest(found.target))


class ApprovalPictureView(WorkspaceView):
    @operation("Get a picture of what was approved", permission=SEE, returns=PictureOut)
    def get(self, request: Request, *, target_id: UUID, approval_id: UUID) -> dict[str, Any]:
        kept = queries.approval(target_id, approval_id)
        drawn = base64.b64encode(previews.read_picture(kept)).decode()
        return {"mime": "image/png", "base64": drawn}


class FlightView(WorkspaceView):
    @operation(
        "Check whether a target will go out",
        permission=SEE,
        returns=FlightOut,
        description="As things stand now; asks no network.",
    )
    def get(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        return present_flight(flight.check(queries.target(target_id)))


class TargetConfirmView(WorkspaceView):
    @operation(
        "Say whether an unconfirmed target is out",
        permission=permissions.PUBLISH,
        body=ConfirmIn,
        returns=TargetOut,
        needs_key=True,
    )
    def post(self, request: Request, *, target_id: UUID, body: ConfirmIn) -> dict[str, Any]:
        settling.confirm(
            actor=self.actor, target=target_id, is_out=body.is_out, permalink=body.permalink
        )
        return target_out(target_id)


class TargetCheckView(WorkspaceView):
    @operation(
        "Ask the network about an unconfirmed target again",
        permission=permissions.PUBLISH,
        returns=TargetOut,
    )
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        settling.check_again(actor=self.actor, target=target_id)
        return target_out(target_id)


class TargetSendRestView(WorkspaceView):
    @operation(
        "Send the rest of a thread",
        permission=permissions.PUBLISH,
        returns=TargetOut,
        needs_key=True,
        description="The parts of a published thread, or its first comment, that are missing.",
    )
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        scheduling.send_rest(actor=self.actor, target=target_id)
        return target_out(target_id)


class TargetHoldView(WorkspaceView):
    @operation("Hold a target back", permission=permissions.PUBLISH, returns=TargetOut)
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        holding.keep_back(actor=self.actor, target=target_id)
        return target_out(target_id)


class TargetReleaseView(WorkspaceView):
    @operation("Release a held target", permission=permissions.PUBLISH, returns=TargetOut)
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        holding.let_go(actor=self.actor, target=target_id)
        return target_out(target_id)


class TargetApproveView(WorkspaceView):
    @operation("Approve a target as it stands", permission=permissions.PUBLISH, returns=TargetOut)
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        approving.approve(actor=self.actor, target=target_id)
        return target_out(target_id)


class TargetRescheduleView(WorkspaceView):
    @operation(
        "Move a scheduled target",
        permission=permissions.PUBLISH,
        body=RescheduleIn,
        returns=TargetOut,
    )
    def post(self, request: Request, *, target_id: UUID, body: RescheduleIn) -> dict[str, Any]:
        posts.reschedule(
            actor=self.actor, target=target_id, when=body.when, time_zone=body.time_zone
        )
        return target_out(target_id)


class TargetUnscheduleView(WorkspaceView):
    @operation("Take a target back to draft", permission=permissions.PUBLISH, returns=TargetOut)
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        posts.unschedule(actor=self.actor, target=target_id)
        return target_out(target_id)


class TargetCancelView(WorkspaceView):
    @operation("Cancel a target", permission=permissions.PUBLISH, returns=TargetOut)
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        posts.cancel(actor=self.actor, target=target_id)
        return target_out(target_id)


class TargetPublishView(WorkspaceView):
    @operation(
        "Publish a target now",
        permission=permissions.PUBLISH,
        returns=TargetOut,
        needs_key=True,
        description="Also a held, missed or failed one.",
    )
    def post(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        posts.publish_now(actor=self.actor, target=target_id)
        return target_out(target_id)
