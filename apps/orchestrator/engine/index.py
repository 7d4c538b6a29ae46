"""The due-work index in SQL: every statement that touches ``public.workspaces_duework``.

All of them work from inside any workspace (``public`` is on the search path) and take part in the
caller's transaction. Times are the database's own, so clocks of machines need not agree.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection

TABLE = "public.workspaces_duework"
CHANNEL = "candy_work"
# A doubt goes before all that is merely due in its workspace, however long that has waited.
DOUBT_FIRST = 10_000
EVENTS_NAMESPACE = uuid.UUID("6d5b1c8e-52a3-4f0c-9a34-0e2f5a3c7d10")


@dataclass(frozen=True, slots=True)
class NewWork:
    """A row to be added. ``run_at`` None means now."""

    id: uuid.UUID
    workspace_id: int
    queue: str
    run_at: datetime | None = None
    kind: str = "job"
    effect: str = "none"
    priority: int = 100
    fence: int = 0
    keys: Sequence[str] = field(default=())
    limits: Sequence[int] = field(default=())


def as_recovery(row: NewWork) -> NewWork:
    """The same work, to be looked into before anything else."""
    return replace(row, kind="recover", run_at=None, priority=row.priority - DOUBT_FIRST)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row this worker holds: writes must carry ``fence``."""

    id: uuid.UUID
    workspace_id: int
    kind: str
    effect: str
    fence: int
    signals: int
    cancel_wanted: bool


def prepared(statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """Run a statement of the hot path as a prepared one; returns its cursor.

    Planning these costs several times what running them does, and Django's own cursors plan anew
    each time. The search path is left as it is, so
    tables are named in full.
    """
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 0
    return psycopg.Cursor(raw).execute(statement, values or None, prepare=True)


def add(rows: Iterable[NewWork]) -> None:
    """Insert ``rows`` and, where one is due (nearly) now, wake the clocks at commit."""
    rows = list(rows)
    if not rows:
        return
    # Arrays of arrays must be rectangular, so keys travel joined; \x1f occurs in no key.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {TABLE} (job_id, workspace_id, kind, effect, queue, priority, run_at, state,
                                 fence, signals, cancel_wanted, concurrency_keys, concurrency_limits)
            SELECT id, ws, kind, effect, queue, priority, coalesce(run_at, now()),
                   CASE WHEN coalesce(run_at, now()) <= now() THEN 'ready' ELSE 'scheduled' END,
                   fence, 0, false,
                   CASE WHEN keys = '' THEN '{{}}' ELSE string_to_array(keys, E'\\x1f') END,
                   CASE WHEN limits = '' THEN '{{}}'
                        ELSE string_to_array(limits, ',')::smallint[] END
            FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::int[],
                        %s::timestamptz[], %s::bigint[], %s::text[], %s::text[])
                 AS t(id, ws, kind, effect, queue, priority, run_at, fence, keys, limits)
            RETURNING queue, run_at < now() + interval '1.5 seconds'
            """,  # noqa: S608  no outside text: the table's own name
            [
                [row.id for row in rows],
                [row.workspace_id for row in rows],
                [row.kind for row in rows],
                [row.effect for row in rows],
                [row.queue for row in rows],
                [row.priority for row in rows],
                [row.run_at for row in rows],
                [row.fence for row in rows],
                ["\x1f".join(row.keys) for row in rows],
                [",".join(map(str, row.limits)) for row in rows],
            ],
        )
        for queue in {queue for queue, is_soon in cursor.fetchall() if is_soon}:
            ring(queue)


def ring(queue: str = "") -> None:
    """Wake the clocks when this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, queue])


def signal_events(workspace_id: int) -> None:
    """There are events to deliver in this workspace; also while a delivery is under way."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {TABLE} AS due (job_id, workspace_id, kind, effect, queue, priority, run_at,
                state, fence, signals, cancel_wanted, concurrency_keys, concurrency_limits)
            VALUES (%s, %s, 'events', 'none', 'default', 50, now(), 'ready',
                -- beyond any fence of a row that was there before and has been removed
                (extract(epoch FROM clock_timestamp()) * 1000)::bigint, 1, false, '{{}}', '{{}}')
            ON CONFLICT (job_id) DO UPDATE SET
                signals = due.signals + 1,
                state = CASE due.state WHEN 'scheduled' THEN 'ready' ELSE due.state END
            """,  # noqa: S608
            [events_id(workspace_id), workspace_id],
        )
    ring("default")


def events_id(workspace_id: int) -> uuid.UUID:
    return uuid.uuid5(EVENTS_NAMESPACE, str(workspace_id))


def lock_key(key: str) -> None:
    """Hold a concurrency key until the transaction ends: who takes, gives back or waits does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def wake_blocked(keys: Iterable[str]) -> None:
    """Make the first of those who wait for each of ``keys`` ready: it was given back."""
    _wake(keys, _WAKE, {})


def wake_behind(item_id: uuid.UUID, keys: Iterable[str]) -> None:
    """Pass ``keys`` on, which have room but are no use to a row that waits for another one.

    To the first behind it, for each, that could run now. Only ever to those behind: so two who wait
    for each other's keys do not wake each other for ever.
    """
    _wake(keys, _WAKE_BEHIND, {"ahead": item_id})


def _wake(keys: Iterable[str], statement: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for key in sorted(set(keys)):
            lock_key(key)
            cursor.execute(statement, {**values, "key": [key]})
            for (queue,) in cursor.fetchall():
                ring(queue)


def remove_waiting(job_id: uuid.UUID) -> bool:
    """Take a row out that no worker holds; False where one does (or there is none)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {TABLE} WHERE job_id = %s AND state <> 'running' RETURNING concurrency_keys
            """,  # noqa: S608
            [job_id],
        )
        rows = cursor.fetchall()
    _leave(rows)
    return bool(rows)


def want_cancel(job_id: uuid.UUID) -> bool:
    """Ask the worker that runs the job to stop; it sees it at its next heartbeat."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET cancel_wanted = true WHERE job_id = %s",  # noqa: S608
            [job_id],
        )
        return bool(cursor.rowcount)


def move(item_id: uuid.UUID, run_at: datetime | None) -> bool:
    """Give a row that no worker holds another time; False where one does (or there is none)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {TABLE} SET run_at = coalesce(%s, now()), lease_until = NULL,
                state = CASE WHEN coalesce(%s, now()) <= now() THEN 'ready' ELSE 'scheduled' END
            WHERE job_id = %s AND state IN ('scheduled', 'ready', 'dispatched')
            RETURNING concurrency_keys
            """,  # noqa: S608
            [run_at, run_at, item_id],
        )
        rows = cursor.fetchall()
    if rows:
        _leave(rows)
        ring()
    return bool(rows)


def _leave(rows: Sequence[tuple[Sequence[str]]]) -> None:
    """A row that goes may have been woken for a key it has not taken yet: the next one's turn."""
    wake_blocked(key for (keys,) in rows for key in keys)


def remove(item_id: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE job_id = %s", [item_id])  # noqa: S608


def alive_in(workspace_id: int) -> int:
    """How many rows the workspace has in the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {TABLE} WHERE workspace_id = %s AND kind IN ('job', 'recover')",  # noqa: S608
            [workspace_id],
        )
        return int(cursor.fetchone()[0])


_WAKE = f"""
UPDATE {TABLE} SET state = 'ready', lease_until = NULL WHERE job_id = (
    SELECT job_id FROM {TABLE}
    WHERE state = 'blocked' AND concurrency_keys @> %(key)s
    ORDER BY priority, run_at, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING queue
"""  # noqa: S608  no outside text in any of these: the table's own name

# That the other keys have room is read without their locks. If one is being given back right now,
# whoever does that wakes the first in that key's line, which takes it or passes it on as well.
_WAKE_BEHIND = f"""
UPDATE {TABLE} SET state = 'ready', lease_until = NULL WHERE job_id = (
    SELECT job_id FROM {TABLE} AS waiting
    WHERE state = 'blocked' AND concurrency_keys @> %(key)s
      AND (priority, run_at, job_id) > (
          SELECT priority, run_at, job_id FROM {TABLE} WHERE job_id = %(ahead)s)
      AND NOT EXISTS (
          SELECT FROM unnest(waiting.concurrency_keys, waiting.concurrency_limits) AS own(key, most)
          WHERE own.most <= (
              SELECT count(*) FROM {TABLE} AS other
              WHERE other.state = 'running' AND other.concurrency_keys @> ARRAY[own.key]))
    ORDER BY priority, run_at, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING queue
"""  # noqa: S608
