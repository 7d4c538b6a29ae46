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

from apps.ids import uuid7
from apps.orchestrator.engine import index
from apps.orchestrator.engine.index import DOUBT_FIRST, TABLE, Claimed, prepared, ring
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
    return [Seen(*row) for row in prepared(_LOOK, [list(ids)]).fetchall()]


def claim(ids: Sequence[uuid.UUID]) -> list[Claimed]:
    """Take the rows of ``ids`` that are free; the rest belongs to somebody else. For rows without jobs."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_CLAIM} RETURNING {_CLAIMED}", _claim_values(ids))
        return [Claimed(*row) for row in cursor.fetchall()]


def claim_jobs(ids: Sequence[uuid.UUID]) -> list[tuple[Claimed, Job]]:
    """Take the rows of ``ids`` that are free and mark their jobs running, in one statement.

    Kind ``recover`` is not an attempt, and its job becomes ``unknown``. An attempt that its worker
    never finished is logged as lost. A row whose job is gone is removed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_JOBS, _claim_values(ids))
        rows = cursor.fetchall()
    taken: list[tuple[Claimed, Job]] = []
    orphans: list[Claimed] = []
    lost: list[JobAttempt] = []
    now = timezone.now()
    for row in rows:
        one = Claimed(*row[:7])
        if row[7] is None:
            orphans.append(one)
            continue
        job = _job(row[7:])
        if job.state == Job.State.RUNNING:
            lost.append(_lost_attempt(job, now))
        if one.kind == "recover":
            job.state = Job.State.UNKNOWN
        else:
            job.state, job.started_at = Job.State.RUNNING, now
            job.attempts += 1
        job.fence = one.fence
        taken.append((one, job))
    if orphans:
        drop(orphans)
    if lost:
        JobAttempt.objects.bulk_create(lost, ignore_conflicts=True)
    return taken


def claim_with_keys(item_id: uuid.UUID) -> list[tuple[Claimed, Job]]:
    """Take a job whose concurrency keys have room; where one is full it becomes ``blocked``.

    Needs a transaction: locks the row, then each key (advisory, in order of name) until it ends.
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
            return []
        has_room = {key: _has_room(key, most) for key, most in sorted(zip(*row, strict=True))}
        if all(has_room.values()):
            return claim_jobs([item_id])
        cursor.execute(
            f"""
            UPDATE {TABLE} SET state = 'blocked', lease_until = now() + %s * interval '1 second'
            WHERE job_id = %s
            """,  # noqa: S608
            [BLOCKED_SECONDS, item_id],
        )
    # It may have been woken for one key and now waits for another.
    index.wake_behind(item_id, [key for key, is_free in has_room.items() if is_free])
    return []


def _has_room(key: str, most: int) -> bool:
    index.lock_key(key)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {TABLE} WHERE state = 'running' AND concurrency_keys @> %s",  # noqa: S608
            [[key]],
        )
        return bool(cursor.fetchone()[0] < most)


def finish(done: Sequence[Done], worker: str) -> list[Done]:
    """Write what became of ``done`` (of one workspace); returns those whose fence still held.

    Index row, job and attempt in one statement. The rows of the others were taken over by another
    worker: nothing of them is written.
    """
    rows = [_finished(one, worker) for one in done]
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, [list(column) for column in zip(*rows, strict=True)])
        held = {row[0] for row in cursor.fetchall()}
    kept = [one for one in done if one.claim.id in held]
    index.wake_blocked(key for one in kept for key in one.job.concurrency_keys)
    for queue in {one.job.queue for one in kept if one.outcome.run_at is not None}:
        ring(queue)
    return kept


def drop(claims: Sequence[Claimed]) -> None:
    """Remove index rows without a job behind them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {TABLE} WHERE job_id = ANY(%s)",  # noqa: S608
            [[one.id for one in claims]],
        )


def _finished(one: Done, worker: str) -> tuple[Any, ...]:
    """The values of ``_FINISH`` for one row; also brings the job in hand up to date."""
    job, outcome = one.job, one.outcome
    job.state = outcome.state
    job.attempts -= 0 if outcome.counts else 1
    job.run_at = outcome.run_at or job.run_at
    job.output = outcome.output if outcome.state == "succeeded" else job.output
    job.error_code, job.error_message = outcome.code[:64], outcome.message
    job.error_fingerprint = outcome.fingerprint
    job.finished_at = one.finished_at if outcome.is_end else None
    return (
        job.pk,
        one.claim.fence,
        outcome.is_end,
        outcome.kind,
        outcome.run_at,
        job.state,
        job.attempts,
        None if job.output is None else json.dumps(job.output),
        job.error_code,
        job.error_message,
        job.error_fingerprint,
        job.finished_at,
        outcome.message[:200] if outcome.attempt is None else "",
        outcome.attempt,
        uuid7(),
        worker[:80],
        one.started_at,
        one.finished_at,
        outcome.traceback,
    )


def _claim_values(ids: Sequence[uuid.UUID]) -> list[Any]:
    return [settings.CANDY_JOB_LEASE_SECONDS, list(ids)]


def _job(row: Sequence[Any]) -> Job:
    values = [
        json.loads(value) if name in _JSON and isinstance(value, str) else value
        for name, value in zip(_JOB_FIELDS, row, strict=True)
    ]
    job = Job(**dict(zip(_JOB_FIELDS, values, strict=True)))
    job._state.adding = False
    return job


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


_JSON = {"input", "actor", "output"}
_JOB_FIELDS = [field.attname for field in Job._meta.concrete_fields]
_CLAIMED = "job_id, workspace_id, kind, effect, fence, signals, cancel_wanted"

_LOOK = f"""
SELECT job_id, workspace_id, kind, effect, concurrency_keys <> '{{}}' FROM {TABLE}
WHERE job_id = ANY(%s) AND state IN ('dispatched', 'ready')
ORDER BY workspace_id, priority, run_at
"""  # noqa: S608

_CLAIM = f"""
UPDATE {TABLE} SET state = 'running', fence = fence + 1,
    lease_until = now() + %s * interval '1 second'
WHERE job_id = ANY(%s) AND state IN ('dispatched', 'ready')
"""  # noqa: S608  no outside text in any of these: names of our own table and columns

# ``job`` is read as it was before this statement, which is how a lost attempt is seen.
_CLAIM_JOBS = f"""
WITH claimed AS ({_CLAIM} RETURNING {_CLAIMED}),
marked AS (
    UPDATE orchestrator_job AS job SET fence = claimed.fence,
        state = CASE claimed.kind WHEN 'recover' THEN 'unknown' ELSE 'running' END,
        attempts = job.attempts + CASE claimed.kind WHEN 'recover' THEN 0 ELSE 1 END,
        started_at = CASE claimed.kind WHEN 'recover' THEN job.started_at ELSE now() END
    FROM claimed WHERE job.id = claimed.job_id
)
SELECT {", ".join(f"claimed.{name.strip()}" for name in _CLAIMED.split(","))},
       {", ".join(f"job.{name}" for name in _JOB_FIELDS)}
FROM claimed LEFT JOIN orchestrator_job AS job ON job.id = claimed.job_id
"""  # noqa: S608

_FINISH = f"""
WITH t AS MATERIALIZED (SELECT * FROM unnest(
    %s::uuid[], %s::bigint[], %s::bool[], %s::text[], %s::timestamptz[], %s::text[], %s::int[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[],
    %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
    AS t(id, fence, is_end, kind, run_at, state, attempts, output, code, message, fingerprint,
         ended_at, note, attempt, attempt_id, worker, started_at, finished_at, traceback)),
gone AS (
    DELETE FROM {TABLE} AS due USING t
    WHERE due.job_id = t.id AND due.fence = t.fence AND due.state = 'running' AND t.is_end
    RETURNING due.job_id
),
again AS (
    UPDATE {TABLE} AS due SET lease_until = NULL, kind = t.kind,
        run_at = coalesce(t.run_at, due.run_at),
        priority = due.priority + CASE due.kind WHEN 'recover' THEN {DOUBT_FIRST} ELSE 0 END
                                - CASE t.kind WHEN 'recover' THEN {DOUBT_FIRST} ELSE 0 END,
        signals = CASE t.kind WHEN 'recover' THEN due.signals + 1 ELSE 0 END,
        state = CASE WHEN t.run_at IS NULL THEN 'unknown'
                     WHEN t.run_at <= now() THEN 'ready' ELSE 'scheduled' END
    FROM t WHERE due.job_id = t.id AND due.fence = t.fence AND due.state = 'running' AND NOT t.is_end
    RETURNING due.job_id
),
held AS (SELECT job_id FROM gone UNION ALL SELECT job_id FROM again),
jobs AS (
    UPDATE orchestrator_job AS job SET state = t.state, attempts = t.attempts,
        run_at = coalesce(t.run_at, job.run_at), output = t.output::jsonb, error_code = t.code,
        error_message = t.message, error_fingerprint = t.fingerprint, finished_at = t.ended_at,
        progress = CASE t.state WHEN 'succeeded' THEN 1 ELSE job.progress END,
        progress_message = t.note
    FROM t JOIN held ON held.job_id = t.id WHERE job.id = t.id
),
attempts AS (
    INSERT INTO orchestrator_jobattempt (id, job_id, number, fence, worker, outcome, started_at,
        finished_at, error_code, error_message, traceback)
    SELECT t.attempt_id, t.id, t.attempts, t.fence, t.worker, t.attempt, t.started_at,
           t.finished_at, t.code, t.message, t.traceback
    FROM t JOIN held ON held.job_id = t.id WHERE t.attempt IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT job_id FROM held
"""  # noqa: S608
