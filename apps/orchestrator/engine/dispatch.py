"""What the clock does, in SQL: find what is due, hand it out fairly, take back what was lost."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from apps.orchestrator.engine.index import DOUBT_FIRST, TABLE, prepared

PROMOTE_AT_ONCE = 2000
LONGEST_WAIT = 30.0  # seconds that a job blocked by a key waits at most, see claims


@dataclass(frozen=True, slots=True)
class Handed:
    """What one pass handed out. ``last_workspace`` is where the next pass goes on, 0 from the start."""

    ids: list[uuid.UUID]
    room: int
    oldest_seconds: float
    last_workspace: int


def promote() -> int:
    """Make what has become due ready; returns how many. Costs as much as became due."""
    return int(prepared(_PROMOTE, [PROMOTE_AT_ONCE]).rowcount)


def seconds_to_next() -> float | None:
    """Seconds until the next scheduled row is due; None without one, 0 or less when it is late."""
    (seconds,) = prepared(_SECONDS_TO_NEXT).fetchone()
    return None if seconds is None else float(seconds)


def hand_out(queue: str, *, window: int, after: int) -> Handed:
    """Mark ready rows of ``queue`` dispatched, fairly between workspaces; at most ``window`` are out.

    A loose scan hops from workspace to workspace in the index of ready rows (so neither workspaces
    without due work nor the depth of one backlog cost anything), a lateral join takes the first few
    of each. ``after`` is the workspace that the last pass ended at.
    """
    rows = prepared(
        _HAND_OUT, {"queue": queue, "window": window, "after": after, "lease": lease_seconds()}
    ).fetchall()
    ids = [row[0] for row in rows if row[0] is not None]
    _, _, room, oldest, spaces, last = rows[0]
    if room <= 0:
        last = after  # nobody's turn was used up
    elif spaces < room:
        last = 0
    return Handed(ids, room, float(oldest or 0.0), last)


def take_back() -> int:
    """Return work whose lease is over; returns how many rows changed.

    What a worker was told but never took is ready again. What ran is run again, except where a lost
    outcome is a doubt (checkable, unsafe): that is looked into first, kind ``recover``.
    """
    return int(prepared(_TAKE_BACK).rowcount)


def wall_clock() -> float:
    """The database's time in seconds, which all leases are counted in."""
    (seconds,) = prepared(_WALL_CLOCK).fetchone()
    return float(seconds)


def hold_leases(*, over: bool) -> int:
    """Begin leases anew that end further ahead than any can, and those that are `over` too.

    For a clock that was set: who is alive renews in time, and who is dead is found one lease later
    instead of an hour (back) or while it is alive (forward).
    """
    seconds = max(lease_seconds(), float(settings.CANDY_JOB_LEASE_SECONDS), LONGEST_WAIT)
    return int(prepared(_HOLD_LEASES, {"lease": seconds, "over": over}).rowcount)


def give_back(ids: list[uuid.UUID]) -> None:
    """Rows that were handed out but could not be sent (or taken up) are ready again."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {TABLE} SET state = 'ready', lease_until = NULL
            WHERE job_id = ANY(%s) AND state = 'dispatched'
            """,  # noqa: S608
            [ids],
        )


def lease_seconds() -> float:
    """Read late, so that tests can shorten it."""
    return float(settings.CANDY_DISPATCH_SECONDS)


_PROMOTE = f"""
UPDATE {TABLE} SET state = 'ready' WHERE job_id IN (
    SELECT job_id FROM {TABLE} WHERE state = 'scheduled' AND run_at <= now()
    ORDER BY run_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""  # noqa: S608  no outside text in any of these: the table's own name

_SECONDS_TO_NEXT = f"""
SELECT extract(epoch FROM (
    SELECT run_at FROM {TABLE} WHERE state = 'scheduled' ORDER BY run_at LIMIT 1
) - now())::float
"""  # noqa: S608

_TAKE_BACK = f"""
UPDATE {TABLE} AS due SET
    state = 'ready', lease_until = NULL,
    kind = CASE WHEN over.is_doubt THEN 'recover' ELSE due.kind END,
    priority = due.priority - CASE WHEN over.is_doubt THEN {DOUBT_FIRST} ELSE 0 END
FROM (SELECT job_id, state = 'running' AND kind = 'job'
                     AND effect IN ('checkable', 'unsafe') AS is_doubt
      FROM {TABLE}
      WHERE state IN ('blocked', 'dispatched', 'running') AND lease_until < now()
      ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED) AS over
WHERE due.job_id = over.job_id
"""  # noqa: S608

_WALL_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float"

_HOLD_LEASES = f"""
UPDATE {TABLE} SET lease_until = now() + %(lease)s::float * interval '1 second'
WHERE state IN ('blocked', 'dispatched', 'running')
  AND (lease_until > now() + 2 * %(lease)s::float * interval '1 second'
       OR (%(over)s::bool AND lease_until < now()))
"""  # noqa: S608

_HAND_OUT = f"""
WITH RECURSIVE out AS MATERIALIZED (
    SELECT greatest(0, %(window)s::int - count(*)) AS room,
           extract(epoch FROM now() - (min(lease_until) - %(lease)s::float * interval '1 second')) AS oldest
    FROM {TABLE} WHERE state = 'dispatched' AND queue = %(queue)s::text
),
spaces (workspace_id, n) AS (
    SELECT * FROM (
        SELECT workspace_id, 1 FROM {TABLE}
        WHERE state = 'ready' AND queue = %(queue)s::text AND workspace_id > %(after)s::int
        ORDER BY workspace_id LIMIT 1) AS first
    UNION ALL
    SELECT following.workspace_id, spaces.n + 1
    FROM spaces CROSS JOIN LATERAL (
        SELECT workspace_id FROM {TABLE}
        WHERE state = 'ready' AND queue = %(queue)s::text AND workspace_id > spaces.workspace_id
        ORDER BY workspace_id LIMIT 1) AS following
    WHERE spaces.n < (SELECT room FROM out)
),
share AS MATERIALIZED (
    SELECT greatest(1, ceil((SELECT room FROM out)::float / greatest(1, count(*))))::int AS size,
           count(*) AS spaces, max(workspace_id) AS last
    FROM spaces
),
picked AS MATERIALIZED (
    SELECT mine.job_id, mine.workspace_id
    FROM spaces CROSS JOIN LATERAL (
        SELECT job_id, workspace_id FROM {TABLE}
        WHERE state = 'ready' AND queue = %(queue)s::text AND workspace_id = spaces.workspace_id
        ORDER BY priority, run_at LIMIT (SELECT size FROM share)
        FOR UPDATE SKIP LOCKED) AS mine
    LIMIT (SELECT room FROM out)
),
marked AS (
    UPDATE {TABLE} AS due SET state = 'dispatched',
        lease_until = now() + %(lease)s::float * interval '1 second'
    FROM picked WHERE due.job_id = picked.job_id AND due.state = 'ready'
    RETURNING due.job_id, due.workspace_id
)
SELECT marked.job_id, marked.workspace_id, out.room, out.oldest, share.spaces, share.last
FROM out CROSS JOIN share LEFT JOIN marked ON true
ORDER BY marked.workspace_id
"""  # noqa: S608
