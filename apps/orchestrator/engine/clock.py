"""The clock: finds due work of all workspaces and rings for workers. Any number of them is safe.

It keeps no state that matters. Rows are handed out under SKIP LOCKED with a short lease, so two
clocks share the work, and what a dead one had handed out comes back by itself.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from django.db import OperationalError, connection
from django.db.utils import InterfaceError

from apps.orchestrator.engine import dispatch
from apps.orchestrator.engine.doorbell import BrokerAway, Doorbell
from apps.orchestrator.engine.index import CHANNEL
from apps.orchestrator.types import QUEUES

log = logging.getLogger(__name__)

LONGEST_SLEEP = 1.0
BUSY_SLEEP = 0.012  # between passes while there is more to hand out than workers take
TAKE_BACK_EVERY = 0.5
STEP_SECONDS = 5.0  # the time of day that differs from the time passed by more than this was set
SLOW_SECONDS = 0.25  # a message that waits longer than this for a worker means: send less
SMALLEST_WINDOW, FIRST_WINDOW, LARGEST_WINDOW = 8, 16, 1024


@dataclass(slots=True)
class Flow:
    """How much of a queue may be with the workers at once: doubles while they keep up, else halves.

    So the broker holds a fraction of a second of work: a flood waits in the table, where it is
    served in turns, and not in the broker, where it would be first come, first served.
    """

    window: int = FIRST_WINDOW
    after: int = 0

    def learn(self, oldest_seconds: float, was_filled: bool) -> None:
        if oldest_seconds > SLOW_SECONDS:
            self.window = max(SMALLEST_WINDOW, self.window // 2)
        elif was_filled:
            self.window = min(LARGEST_WINDOW, self.window * 2)


class Clock:
    def __init__(self, bell: Doorbell, queues: tuple[str, ...] = QUEUES) -> None:
        self.bell = bell
        self.queues = queues
        self.flows = {queue: Flow() for queue in queues}
        self._next_take_back = 0.0
        self._read_at: tuple[float, float] | None = None  # database's time, time passed
        self._next_full_round = 0.0
        self._resume_at = 0.0
        self._busy: set[str] = set()  # queues with more to hand out than was

    def tick(self, rung: set[str] | None = None) -> float:
        """One round; returns for how many seconds there is nothing to do (0.001 to 1).

        ``rung``: queues that a commit rang for; only they are looked at, unless something became
        due or a round of all queues is owed anyway.
        """
        now = time.monotonic()
        if now >= self._next_take_back:
            self._mind_steps(now)
            dispatch.take_back()
            self._next_take_back = now + TAKE_BACK_EVERY
        has_promoted = dispatch.promote() > 0
        if now < self._resume_at:
            return self._resume_at - now
        if not rung or has_promoted or now >= self._next_full_round:
            self._next_full_round = now + LONGEST_SLEEP
            self._busy |= set(self.queues)
        self._busy |= rung or set()
        try:
            self._busy = {
                queue for queue in self.queues if queue in self._busy and self._serve(queue)
            }
        except BrokerAway as error:
            log.warning("clock.broker_away", extra={"error": str(error)})
            self._resume_at = now + LONGEST_SLEEP
            return LONGEST_SLEEP
        if self._busy:
            return BUSY_SLEEP
        seconds = dispatch.seconds_to_next()
        return LONGEST_SLEEP if seconds is None else min(LONGEST_SLEEP, max(0.001, seconds))

    def _mind_steps(self, now: float) -> None:
        """Whoever sets the database's time by an hour neither ends leases nor makes them longer.

        A clock that has just started cannot know of a step, but sees leases that nobody gave.
        """
        wall = dispatch.wall_clock()
        before, self._read_at = self._read_at, (wall, now)
        if before is None:
            dispatch.hold_leases(over=False)
            return
        step = (wall - before[0]) - (now - before[1])
        if abs(step) > STEP_SECONDS:
            log.warning("clock.time_was_set", extra={"seconds": round(step)})
            dispatch.hold_leases(over=step > 0)

    def _serve(self, queue: str) -> bool:
        """Hand out what is ready in ``queue``; True while there may be more than was handed out."""
        flow = self.flows[queue]
        has_gone_on = flow.after > 0
        handed = dispatch.hand_out(queue, window=flow.window, after=flow.after)
        is_filled = len(handed.ids) >= handed.room
        flow.learn(handed.oldest_seconds, is_filled and bool(handed.ids))
        flow.after = handed.last_workspace
        if not handed.ids:
            # Nothing behind the last workspace served: look again from the first one.
            return handed.room == 0 or has_gone_on
        self._send(queue, handed.ids)
        return is_filled or flow.after > 0

    def _send(self, queue: str, ids: list[uuid.UUID]) -> None:
        try:
            self.bell.ring(queue, ids)
        except BrokerAway:
            dispatch.give_back(ids)
            raise


def run(clock: Clock, *, should_stop: Callable[[], bool]) -> None:
    """Tick until told to stop; sleeps until something is due or a commit rings."""
    while not should_stop():
        try:
            with _listener() as listener:
                _run_with(clock, listener, should_stop)
        except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
            log.warning("clock.database_away", extra={"error": str(error).strip()})
            connection.close()
            time.sleep(LONGEST_SLEEP)


def _run_with(
    clock: Clock, listener: psycopg.Connection[object], should_stop: Callable[[], bool]
) -> None:
    rung: set[str] = set()
    while not should_stop():
        wait = clock.tick(rung)
        rung = {
            notice.payload
            for notice in listener.notifies(timeout=wait, stop_after=1)
            if notice.payload
        }


def _listener() -> psycopg.Connection[object]:
    """A connection of its own: notices must not wait behind the clock's statements."""
    parameters = connection.get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
    listener = psycopg.connect(
        **{name: parameters[name] for name in wanted if parameters.get(name)}, autocommit=True
    )
    listener.execute(f"LISTEN {CHANNEL}")
    return listener
