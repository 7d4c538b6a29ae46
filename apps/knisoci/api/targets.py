"""Targets and their receipts by REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from apps.knisoci import permissions, queries
from apps.knisoci.api.presenters import TARGET_COLUMNS, present_receipt, present_target
from apps.knisoci.api.serializers import ReceiptOut, RescheduleIn, TargetOut, TargetQuery
from apps.knisoci.errors import TargetNotFound
from apps.knisoci.models import Target
from apps.knisoci.services import posts
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
        description="Every call to the network on its way out, with what the answer meant.",
    )
    def get(self, request: Request, *, target_id: UUID) -> dict[str, Any]:
        return present_receipt(queries.receipt(target_id), target_out(target_id))


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
