"""What the clock runs: publishing itself, checks ahead, numbers, previews and mail."""

from __future__ import annotations

from apps.knisoci import permissions
from apps.knisoci.models import Target
from apps.knisoci.services import (
    finding,
    flight,
    metrics,
    picturing,
    publishing,
    settling,
    warning,
)
from apps.knisoci.transitions import TargetState
from apps.knisoci.types import (
    FlightCheckInput,
    FlightCheckOutput,
    KeepPreviewInput,
    KeepPreviewOutput,
    PublishTargetInput,
    PublishTargetOutput,
    RetakePreviewsInput,
    RetakePreviewsOutput,
    SyncMetricsInput,
    SyncMetricsOutput,
    WarnInput,
    WarnOutput,
)
from apps.orchestrator import ActionContext, Effect, Face, Retry, action
from apps.orchestrator.types import Reconciled

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
    summary="Takes a screenshot of what was approved, for its receipt.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
    queue="media",
    timeout=180,
    retry=Retry(max_attempts=4, base_seconds=60, cap_seconds=3600),
    faces=_CLOCK,
)
def keep_preview(ctx: ActionContext, input: KeepPreviewInput) -> KeepPreviewOutput:
    return KeepPreviewOutput.model_validate({"kind": picturing.keep(input.approval)})


@action(
    key="knisoci.retake_previews",
    title="Take screenshots that could not be taken",
    summary="Where there was no browser when a post was approved: looks for one now.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
    queue="media",
    faces=_CLOCK,
)
def retake_previews(ctx: ActionContext, input: RetakePreviewsInput) -> RetakePreviewsOutput:
    return RetakePreviewsOutput(jobs=picturing.retake(input.after))


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
