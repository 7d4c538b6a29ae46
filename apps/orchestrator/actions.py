"""The duties of the installation itself, as actions of the system workspace, and those of each workspace.

What the floor below leaves for later is declared here too: it cannot know of actions.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from pydantic import BaseModel, Field

from apps.errors import PermissionDenied
from apps.orchestrator.engine import dispatch
from apps.orchestrator.models import Job
from apps.orchestrator.permissions import RUN_SYSTEM
from apps.orchestrator.registry import action
from apps.orchestrator.services import upkeep, watching
from apps.orchestrator.services.events import emit
from apps.orchestrator.types import ActionContext, Effect, Face, Retry
from apps.workspaces.permissions import MANAGE_MEMBERS
from apps.workspaces.services import invitations, provisioning, purging

log = logging.getLogger(__name__)

# Duties come round again by themselves; a failed one need not be tried for long.
DUTY: dict[str, Any] = {
    "permission": RUN_SYSTEM,
    "effect": Effect.IDEMPOTENT,
    "faces": [Face.CLOCK],
    "retry": Retry(max_attempts=2, base_seconds=5, cap_seconds=30),
}


def _only_in_system(ctx: ActionContext) -> None:
    if not ctx.workspace.is_system:
        raise PermissionDenied("This is a duty of the installation, not of a workspace.")


class Watched(BaseModel):
    taken_back: int = Field(description="rows whose lease was over")
    late_queues: list[str]


@action(key="system.watch", title="Look after leases and queues", timeout=60, **DUTY)
def watch(ctx: ActionContext) -> Watched:
    """Take back work whose lease is over, and say so when a queue is late."""
    _only_in_system(ctx)
    return Watched(
        taken_back=dispatch.take_back(),
        late_queues=watching.alert_on_late_queues(actor=ctx.actor),
    )


class Reported(BaseModel):
    until: datetime
    log_offset: int = 0
    groups: list[dict[str, Any]] = []
    log_lines: list[dict[str, Any]] = []
    known: list[str] = []


@action(key="system.monitor_logs", title="Report new kinds of errors", timeout=300, **DUTY)
def monitor_logs(ctx: ActionContext) -> Reported:
    """Look through failed jobs of all workspaces and the log for errors of a kind not seen before."""
    _only_in_system(ctx)
    last = _last_report(ctx)
    now = timezone.now()
    groups = watching.new_error_groups(since=last.until, known=set(last.known))
    path = getattr(settings, "CANDY_LOG_FILE", "")
    lines, offset = watching.log_groups(Path(path), last.log_offset) if path else ([], 0)
    known = [*(group["fingerprint"] for group in groups), *last.known][: watching.KNOWN_AT_MOST]
    if groups or lines:
        count = len(groups) + len(lines)
        emit(
            actor=ctx.actor,
            kind="system.new_errors",
            summary=f"{count} new {'kind' if count == 1 else 'kinds'} of errors",
            data={"groups": groups[:50], "log": lines[:50]},
        )
    return Reported(
        until=now, log_offset=offset, groups=groups[:200], log_lines=lines[:200], known=known
    )


def _last_report(ctx: ActionContext) -> Reported:
    """What the last run had seen; without one, the last day is looked at."""
    output = (
        Job.objects.filter(action="system.monitor_logs", state="succeeded", output__isnull=False)
        .order_by("-id")
        .values_list("output", flat=True)
        .first()
    )
    if output is None:
        return Reported(until=timezone.now() - timedelta(days=1))
    return Reported.model_validate(output)


class Maintained(BaseModel):
    vacuumed: bool
    workspaces: int = Field(description="in which workspace.tidy was queued")


@action(key="system.run_maintenance", title="Nightly maintenance", timeout=1800, **DUTY)
def run_maintenance(ctx: ActionContext) -> Maintained:
    """Vacuum the due-work index, and have every workspace tidied and mended by a job of its own."""
    _only_in_system(ctx)
    return Maintained(
        vacuumed=upkeep.vacuum_index(), workspaces=upkeep.fan_out_tidying(timezone.now())
    )


class Synced(BaseModel):
    queued: dict[str, int] = Field(description="jobs queued, by action")


@action(key="system.sync_data", title="Synchronise data of all workspaces", timeout=900, **DUTY)
def sync_data(ctx: ActionContext) -> Synced:
    """Queue what the apps have registered to be synchronised, in each workspace, once per period."""
    _only_in_system(ctx)
    return Synced(queued=upkeep.fan_out_syncs(timezone.now()))


class Refilled(BaseModel):
    made: int


@action(key="system.refill_pool", title="Keep schemas ready", timeout=600, **DUTY)
def refill_pool(ctx: ActionContext) -> Refilled:
    """Keep migrated, empty schemas ready, so that a new workspace takes a millisecond."""
    _only_in_system(ctx)
    return Refilled(made=provisioning.refill_pool(size=settings.CANDY_POOL_SIZE))


class Purged(BaseModel):
    removed: int


@action(key="system.purge_workspaces", title="Remove deleted workspaces", timeout=1800, **DUTY)
def purge_workspaces(ctx: ActionContext) -> Purged:
    """Remove workspaces whose thirty days are over, for good."""
    _only_in_system(ctx)
    return Purged(removed=len(purging.purge_deleted()))


class Tidied(BaseModel):
    jobs_removed: int
    events_removed: int
    requests_removed: int
    rows_added: int = Field(description="jobs that were missing in the due-work index")
    rows_removed: int = Field(description="rows of the index without a living job")


@action(
    key="workspace.tidy",
    title="Tidy the workspace up",
    timeout=900,
    **{**DUTY, "faces": [Face.CLOCK]},
)
def tidy(ctx: ActionContext) -> Tidied:
    """Remove old jobs and events, and mend what does not fit together."""
    found = upkeep.tidy()
    if found.rows_added or found.rows_removed:
        log.error(
            "index.repaired", extra={"added": found.rows_added, "removed": found.rows_removed}
        )
        emit(
            actor=ctx.actor,
            kind="system.index_repaired",
            summary=f"{found.rows_added} lost and {found.rows_removed} stale pieces of work mended",
            data={"added": found.rows_added, "removed": found.rows_removed},
            permission="jobs.manage",
        )
    return Tidied(
        jobs_removed=found.jobs_removed,
        events_removed=found.events_removed,
        requests_removed=found.requests_removed,
        rows_added=found.rows_added,
        rows_removed=found.rows_removed,
    )


class InvitationMail(BaseModel):
    invitation_id: int
    seed: str = Field(description="what its link is made from, together with the secret key")


class Mailed(BaseModel):
    sent: bool = Field(description="false where the invitation is no longer open")


@action(
    key=invitations.SEND,
    title="Send an invitation",
    permission=MANAGE_MEMBERS,
    effect=Effect.IDEMPOTENT,  # the same link once more does no harm
    retry=Retry(max_attempts=16, base_seconds=5, cap_seconds=3600),  # for about seven hours
    faces=[Face.CLOCK],
)
def send_invitation(ctx: ActionContext, input: InvitationMail) -> Mailed:
    """Mail the link of an invitation, unless it was used, withdrawn or sent anew meanwhile."""
    sent = invitations.send(
        workspace=ctx.workspace,
        invitation_id=input.invitation_id,
        seed=input.seed,
        inviter=ctx.actor.label,
    )
    return Mailed(sent=sent)
