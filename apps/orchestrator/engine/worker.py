"""What a worker does with a message: claim, run, write down. Safe to kill at any line.

Work that may be run twice without harm is claimed and finished in groups, one transaction each, so
that a thousand small jobs do not cost a thousand commits. Everything else is claimed one by one,
immediately before it runs: a lost worker then leaves a doubt about that one and no other.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.utils import timezone

from apps.orchestrator.engine import claims, delivery, dispatch, execution, firing, heartbeat, index
from apps.orchestrator.engine.claims import Done, Seen
from apps.orchestrator.engine.heartbeat import Held
from apps.orchestrator.engine.index import Claimed
from apps.orchestrator.engine.notices import is_notable, notice
from apps.orchestrator.engine.outcomes import put_back
from apps.orchestrator.engine.recovery import recover
from apps.orchestrator.models import Job
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import public_context, workspace_context

log = logging.getLogger(__name__)

MESSAGE_SECONDS = 1.0  # after this, what is left of a message goes back for others to take
FLUSH_SECONDS = 0.05  # a finished job waits at most about this long for its group
LARGEST_GROUP = 50
CLOSED_SECONDS = 300  # work of a workspace nobody may enter waits this long and is asked again
WORKSPACE_SECONDS = 2.0
WORKER = f"{socket.gethostname()}:{os.getpid()}"


class Pace:
    """How long jobs that are run in groups took lately, so that a group fits in FLUSH_SECONDS."""

    def __init__(self) -> None:
        self.seconds = FLUSH_SECONDS

    def learn(self, seconds: float) -> None:
        self.seconds += 0.3 * (seconds - self.seconds)

    @property
    def group(self) -> int:
        return max(1, min(LARGEST_GROUP, int(FLUSH_SECONDS / max(self.seconds, 1e-4))))


_pace = threading.local()
_workspaces: dict[int, tuple[float, Workspace | None]] = {}


def run_batch(ids: Sequence[uuid.UUID]) -> int:
    """Run what can be claimed of ``ids``; returns how many pieces of work were finished."""
    until = time.monotonic() + MESSAGE_SECONDS
    seen = claims.look(ids)
    finished = 0
    todo = list(_groups(seen))
    while todo:
        if heartbeat.is_stopping() or time.monotonic() > until:
            dispatch.give_back([one.id for group in todo for one in group])
            index.ring()
            break
        group = todo.pop(0)
        workspace = _workspace(group[0].workspace_id)
        if workspace is None:
            continue  # gone, and its rows with it
        if not workspace.is_ready:
            _postpone(group)
            continue
        with workspace_context(workspace):
            part, rest = _split(group)
            if rest:
                todo.insert(0, rest)
            finished += _run_group(part, workspace)
    return finished


def _workspace(pk: int) -> Workspace | None:
    """Read at most every WORKSPACE_SECONDS: a suspended one's jobs stop within that."""
    read_at, workspace = _workspaces.get(pk, (0.0, None))
    now = time.monotonic()
    if now - read_at > WORKSPACE_SECONDS:
        if len(_workspaces) > 1000:
            _workspaces.clear()
        with public_context():
            workspace = Workspace.objects.filter(pk=pk).first()
        _workspaces[pk] = (now, workspace)
    return workspace


def _groups(seen: list[Seen]) -> Iterator[list[Seen]]:
    """Lists of one workspace each: those that may go together, then every other one by itself."""
    for _, rows in groupby(seen, key=lambda one: one.workspace_id):
        together: list[Seen] = []
        alone: list[Seen] = []
        for one in rows:
            (together if _may_group(one) else alone).append(one)
        yield from ([one] for one in alone)
        if together:
            yield together


def _may_group(one: Seen) -> bool:
    return one.kind == "job" and one.effect in ("none", "idempotent") and not one.has_keys


def _split(group: list[Seen]) -> tuple[list[Seen], list[Seen]]:
    size = _my_pace().group
    return group[:size], group[size:]


def _my_pace() -> Pace:
    if not hasattr(_pace, "value"):
        _pace.value = Pace()
    value: Pace = _pace.value
    return value


def _run_group(group: list[Seen], workspace: Workspace) -> int:
    """Claim ``group`` and run it: the workspace has been entered."""
    kind = group[0].kind
    ids = [one.id for one in group]
    if kind in ("events", "schedule"):
        work = delivery.deliver if kind == "events" else firing.fire
        return sum(_with_lease(one, work, workspace) for one in claims.claim(ids))
    if group[0].has_keys:
        with transaction.atomic():
            taken = claims.claim_with_keys(ids[0])
    else:
        taken = claims.claim_jobs(ids)
    return _run_jobs(taken, workspace) if taken else 0


def _with_lease(
    claimed: Claimed, work: Callable[[Claimed, Workspace], None], workspace: Workspace
) -> int:
    held = Held(claimed.id, claimed.fence)
    heartbeat.hold([held])
    try:
        work(claimed, workspace)
    finally:
        heartbeat.let_go([held])
    return 1


def _run_jobs(taken: list[tuple[Claimed, Job]], workspace: Workspace) -> int:
    """Run claimed jobs one after the other, writing down what is done every FLUSH_SECONDS."""
    holds = {one.id: Held(one.id, one.fence) for one, _ in taken}
    heartbeat.hold(list(holds.values()))
    done: list[Done] = []
    finished = 0
    flushed_at = time.monotonic()
    try:
        for position, (one, job) in enumerate(taken):
            is_slow = position > 0 and time.monotonic() - flushed_at > 4 * FLUSH_SECONDS
            done.append(_run_one(one, job, holds[one.id], workspace, is_slow))
            if time.monotonic() - flushed_at > FLUSH_SECONDS:
                finished += _write(done, workspace)
                done = []
                # A slow one stays slow news: the rest of the group goes back for other workers.
                flushed_at = time.monotonic() if not is_slow else flushed_at
        finished += _write(done, workspace)
    finally:
        heartbeat.let_go(list(holds.values()))
    return finished


def _run_one(claimed: Claimed, job: Job, held: Held, workspace: Workspace, is_slow: bool) -> Done:
    started_at = timezone.now()
    began = time.monotonic()
    if is_slow:
        outcome = put_back()
    elif claimed.kind == "recover":
        outcome = recover(job, held, workspace, claimed.signals)
    else:
        outcome = execution.execute(job, held, workspace, claimed.cancel_wanted)
        _my_pace().learn(time.monotonic() - began)
    return Done(claimed, job, outcome, started_at, timezone.now())


def _write(done: list[Done], workspace: Workspace) -> int:
    """One transaction for all of ``done``. What another worker has taken over is left alone."""
    if not done:
        return 0
    if any(one.job.concurrency_keys or is_notable(one) for one in done):
        with transaction.atomic():
            kept = claims.finish(done, WORKER)
            for one in kept:
                notice(one, workspace)
    else:
        kept = claims.finish(done, WORKER)
    for one in done:
        if one not in kept:
            log.warning("job.late_write_refused", extra={"job_id": str(one.claim.id)})
    return len(kept)


def _postpone(group: list[Seen]) -> None:
    at: datetime = timezone.now() + timedelta(seconds=CLOSED_SECONDS)
    for one in group:
        index.move(one.id, at)
