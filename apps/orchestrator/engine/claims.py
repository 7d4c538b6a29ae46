"""Taking work, and writing down what became of it: compare-and-set on state and fence.

Every function joins the caller's transaction. Index and job rows change together, and a write whose
fence is not the row's own changes nothing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.orchestrator.engine.index import TABLE, Claimed, ring
from apps.orchestrator.engine.outcomes import Outcome
from apps.orchestrator.models import Job, JobAttempt

BLOCKED_SECONDS = 30  # a job that waits for a key looks again after this, should nobody wake it


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as a message finds it, before it is claimed."""

    id: uuid.UUID
    workspace_id: int
    kind: str
    effect: str
    has_keys: bool


@dataclass(slots=True)
class Done:
    """A claimed row with what became of it."""

    claim: Claimed
    job: Job
    outcome: Outcome
    started_at: datetime
    finished_at: datetime


def look(ids: Sequence[uuid.UUID]) -> list[Seen]:
    """Those of ``ids`` that can be claimed, by workspace."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT job_id, workspace_id, kind, effect, concurrency_keys <> '{{}}' FROM {TABLE}
            WHERE job_id = ANY(%s) AND state IN ('dispatched', 'ready')
            ORDER BY workspace_id, priority, run_at
            """,  # noqa: S608
            [list(ids)],
        )
        return [Seen(*row) for row in cursor.fetchall()]


def claim(ids: Sequence[uuid.UUID]) -> list[Claimed]:
    """Take the rows of ``ids`` that are free; the rest belongs to somebody else."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {TABLE} SET state = 'running', fence = fence + 1,
                lease_until = now() + %s * interval '1 second'
            WHERE job_id = ANY(%s) AND state IN ('dispatched', 'ready')
            RETURNING job_id, workspace_id, kind, effect, fence, signals, cancel_wanted
            """,  # noqa: S608
            [settings.CANDY_JOB_LEASE_SECONDS, list(ids)],
        )
        return [Claimed(*row) for row in cursor.fetchall()]


def claim_with_keys(item_id: uuid.UUID) -> Claimed | None:
    """Take a row whose concurrency keys have room; where one is full it becomes ``blocked``.

    Locks the row, then each key (advisory, in order of name) until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT concurrency_keys, concurrency_limits FROM {TABLE}
            WHERE job_id = %s AND state IN ('dispatched', 'ready') FOR UPDATE
            """,  # noqa: S608
            [item_id],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        for key, limit in sorted(zip(*row, strict=True)):
            _lock_key(cursor, key)
            cursor.execute(
                f"""
                SELECT count(*) FROM {TABLE} WHERE state = 'running' AND concurrency_keys @> %s
                """,  # noqa: S608
                [[key]],
            )
            if cursor.fetchone()[0] >= limit:
                cursor.execute(
                    f"""
                    UPDATE {TABLE} SET state = 'blocked',
                        lease_until = now() + %s * interval '1 second'
                    WHERE job_id = %s
                    """,  # noqa: S608
                    [BLOCKED_SECONDS, item_id],
                )
                return None
    return claim([item_id])[0]


def load_jobs(claims: Sequence[Claimed]) -> dict[uuid.UUID, Job]:
    """Mark the jobs of ``claims`` running and load them; logs the attempts whose worker was lost.

    Kind ``recover`` is not an attempt, and its job stays ``unknown``.
    """
    now = timezone.now()
    jobs = {
        job.pk: job
        for job in Job.objects.select_for_update().filter(pk__in=[one.id for one in claims])
    }
    lost: list[JobAttempt] = []
    changed: list[tuple[uuid.UUID, str, int, int]] = []
    for one in claims:
        job = jobs.get(one.id)
        if job is None:
            continue
        if job.state == Job.State.RUNNING:
            lost.append(_lost_attempt(job, now))
        if one.kind == "recover":
            job.state = Job.State.UNKNOWN
        else:
            job.state = Job.State.RUNNING
            job.attempts += 1
            job.started_at = now
        job.fence = one.fence
        changed.append((job.pk, job.state, job.attempts, job.fence))
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE orchestrator_job AS job SET state = t.state, attempts = t.attempts,
                    fence = t.fence,
                    started_at = CASE t.state WHEN 'running' THEN %s ELSE job.started_at END
                FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::bigint[])
                     AS t(id, state, attempts, fence)
                WHERE job.id = t.id
                """,
                [now, *(list(column) for column in zip(*changed, strict=True))],
            )
    if lost:
        JobAttempt.objects.bulk_create(lost, ignore_conflicts=True)
    return jobs


def finish(done: Sequence[Done], worker: str) -> list[Done]:
    """Write what became of ``done`` (of one workspace); returns those whose fence still held.

    The rows of the others were taken over: nothing of them is written.
    """
    held = _finish_index(done)
    kept = [one for one in done if one.claim.id in held]
    if kept:
        _finish_jobs(kept)
        attempts = [_attempt(one, worker) for one in kept if one.outcome.attempt is not None]
        JobAttempt.objects.bulk_create(attempts, ignore_conflicts=True)
        _wake_blocked([one.job for one in kept if one.job.concurrency_keys])
    return kept


def drop(claims: Sequence[Claimed]) -> None:
    """Remove index rows without a job behind them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {TABLE} WHERE job_id = ANY(%s)",  # noqa: S608
            [[one.id for one in claims]],
        )


def _finish_index(done: Sequence[Done]) -> set[uuid.UUID]:
    gone = [one.claim for one in done if one.outcome.run_at is None and not _parks(one)]
    again = [one for one in done if one.outcome.run_at is not None or _parks(one)]
    held: set[uuid.UUID] = set()
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(
                f"""
                DELETE FROM {TABLE} AS due USING unnest(%s::uuid[], %s::bigint[]) AS t(id, fence)
                WHERE due.job_id = t.id AND due.fence = t.fence AND due.state = 'running'
                RETURNING due.job_id
                """,  # noqa: S608
                [[one.id for one in gone], [one.fence for one in gone]],
            )
            held |= {row[0] for row in cursor.fetchall()}
        if again:
            cursor.execute(
                f"""
                UPDATE {TABLE} AS due SET lease_until = NULL, kind = t.kind,
                    run_at = coalesce(t.run_at, due.run_at),
                    signals = CASE t.kind WHEN 'recover' THEN due.signals + 1 ELSE 0 END,
                    state = CASE WHEN t.run_at IS NULL THEN 'unknown'
                                 WHEN t.run_at <= now() THEN 'ready' ELSE 'scheduled' END
                FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::timestamptz[])
                     AS t(id, fence, kind, run_at)
                WHERE due.job_id = t.id AND due.fence = t.fence AND due.state = 'running'
                RETURNING due.job_id
                """,  # noqa: S608
                [
                    [one.claim.id for one in again],
                    [one.claim.fence for one in again],
                    [one.outcome.kind for one in again],
                    [one.outcome.run_at for one in again],
                ],
            )
            held |= {row[0] for row in cursor.fetchall()}
    if again:
        ring(again[0].job.queue)
    return held


def _finish_jobs(done: Sequence[Done]) -> None:
    rows = []
    for one in done:
        job, outcome = one.job, one.outcome
        job.state = outcome.state
        job.attempts -= 0 if outcome.counts else 1
        job.run_at = outcome.run_at or job.run_at
        job.output = outcome.output if outcome.state == "succeeded" else job.output
        job.error_code, job.error_message = outcome.code[:64], outcome.message
        job.error_fingerprint = outcome.fingerprint
        job.finished_at = one.finished_at if outcome.is_end else None
        rows.append(
            (
                job.pk,
                job.state,
                job.attempts,
                job.run_at,
                None if job.output is None else json.dumps(job.output),
                job.error_code,
                job.error_message,
                job.error_fingerprint,
                job.finished_at,
                outcome.message[:200] if outcome.attempt is None else "",
            )
        )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE orchestrator_job AS job SET state = t.state, attempts = t.attempts,
                run_at = t.run_at, output = t.output::jsonb, error_code = t.code,
                error_message = t.message, error_fingerprint = t.fingerprint,
                finished_at = t.finished_at,
                progress = CASE t.state WHEN 'succeeded' THEN 1 ELSE job.progress END,
                progress_message = t.note
            FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::timestamptz[], %s::text[], %s::text[],
                        %s::text[], %s::text[], %s::timestamptz[], %s::text[])
                 AS t(id, state, attempts, run_at, output, code, message, fingerprint, finished_at,
                      note)
            WHERE job.id = t.id
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )


def _wake_blocked(jobs: Sequence[Job]) -> None:
    """Make the first of those who wait for each key given back ready."""
    keys = sorted({key for job in jobs for key in job.concurrency_keys})
    with connection.cursor() as cursor:
        for key in keys:
            _lock_key(cursor, key)
            cursor.execute(
                f"""
                UPDATE {TABLE} SET state = 'ready', lease_until = NULL WHERE job_id = (
                    SELECT job_id FROM {TABLE}
                    WHERE state = 'blocked' AND concurrency_keys @> %s
                    ORDER BY priority, run_at, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING queue
                """,  # noqa: S608
                [[key]],
            )
            for (queue,) in cursor.fetchall():
                ring(queue)


def _lock_key(cursor: Any, key: str) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _parks(one: Done) -> bool:
    return one.outcome.state == "unknown" and one.outcome.run_at is None


def _attempt(one: Done, worker: str) -> JobAttempt:
    return JobAttempt(
        job_id=one.job.pk,
        number=one.job.attempts,
        fence=one.claim.fence,
        worker=worker[:80],
        outcome=one.outcome.attempt or "",
        started_at=one.started_at,
        finished_at=one.finished_at,
        error_code=one.outcome.code[:64],
        error_message=one.outcome.message,
        traceback=one.outcome.traceback,
    )


def _lost_attempt(job: Job, now: datetime) -> JobAttempt:
    return JobAttempt(
        job_id=job.pk,
        number=job.attempts,
        fence=job.fence,
        outcome=JobAttempt.Outcome.LOST,
        started_at=job.started_at or now,
        finished_at=now,
        error_code="worker_lost",
        error_message="The worker was lost while it ran this.",
    )
