"""One thread per process that keeps the leases of everything the process runs, in one statement.

It also brings back what people and the database have to say: cancelled, lost, out of time, shutting
down. A running action meets that at ``ctx.raise_if_cancelled()``; one whose time is up gets the
exception raised in its thread at the next Python instruction.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from apps.orchestrator.engine.index import TABLE
from apps.orchestrator.errors import Cancelled, Defer, JobTimeout, LeaseLost
from apps.orchestrator.types import RunControl

log = logging.getLogger(__name__)

LOOK_EVERY = 0.1
PROGRESS_EVERY = 0.5
# After its time an action that does not react is given this long; then its lease is let go.
DEAF_SECONDS = 30.0


class Stopping(BaseException):
    """The worker shuts down and the job's time to end by itself is over."""


@dataclass(slots=True)
class Held(RunControl):
    """A claimed piece of work in this process, and what has become known about it meanwhile."""

    id: uuid.UUID
    fence: int
    deadline: float | None = None  # monotonic, set while the action's own code runs
    thread: int = 0
    is_lost: bool = False
    is_cancelled: bool = False
    is_late: bool = False
    is_interrupted: bool = False
    progress_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, timeout: float) -> None:
        with self.lock:
            self.thread = threading.get_ident()
            self.deadline = time.monotonic() + timeout

    def end(self) -> None:
        """From here on no exception is raised in the thread any more."""
        with self.lock:
            self.deadline = None

    def raise_if_cancelled(self) -> None:
        if self.is_lost:
            raise LeaseLost
        if self.is_cancelled:
            raise Cancelled("This job was cancelled.")
        if self.is_late:
            raise JobTimeout

    def heartbeat(self) -> None:
        _extend([self])
        self.raise_if_cancelled()

    def progress(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        if now - self.progress_at < PROGRESS_EVERY and fraction < 1:
            return
        self.progress_at = now
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE orchestrator_job SET progress = %s, progress_message = %s "
                "WHERE id = %s AND fence = %s AND state = 'running'",
                [min(1.0, max(0.0, fraction)), message[:200], self.id, self.fence],
            )

    def interrupt(self, error: type[BaseException]) -> None:
        """Raise ``error`` in the thread that runs the action, once, unless it has just ended."""
        with self.lock:
            if self.deadline is None or self.is_interrupted:
                return
            self.is_interrupted = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self.thread), ctypes.py_object(error)
            )


_lock = threading.Lock()
_held: dict[uuid.UUID, Held] = {}
_pid = 0
_stop_at: float | None = None


def hold(items: list[Held]) -> None:
    """Keep the leases of ``items`` until they are let go."""
    global _pid
    with _lock:
        if _pid != os.getpid():  # first use in this process; a forked child has no thread yet
            _pid = os.getpid()
            _held.clear()
            threading.Thread(target=_beat, name="candy-heartbeat", daemon=True).start()
        _held.update({item.id: item for item in items})


def let_go(items: list[Held]) -> None:
    with _lock:
        for item in items:
            if _held.get(item.id) is item:
                del _held[item.id]


def held_now() -> list[Held]:
    with _lock:
        return list(_held.values())


def stop_within(seconds: float) -> None:
    """The worker shuts down: nothing new begins, and what runs has ``seconds`` to end by itself."""
    global _stop_at
    _stop_at = time.monotonic() + seconds


def is_stopping() -> bool:
    return _stop_at is not None


def resume() -> None:
    """Take ``stop_within`` back: for tests."""
    global _stop_at
    _stop_at = None


def stopped() -> Defer:
    """What an interrupted job becomes when it can be run again."""
    from django.utils import timezone

    return Defer(timezone.now(), "Given back while the worker stopped")


def _beat() -> None:
    next_extension = 0.0
    while True:
        time.sleep(LOOK_EVERY)
        now = time.monotonic()
        items = held_now()
        for item in items:
            _check_time(item, now)
        # Often enough that a lease survives three misses, and that cancelling is felt at once.
        if items and now >= next_extension:
            next_extension = now + min(1.0, settings.CANDY_JOB_LEASE_SECONDS / 4)
            try:
                _extend(items)
            except Exception as error:
                log.warning("heartbeat.failed", extra={"error": str(error).strip()})
                connection.close()


def _check_time(item: Held, now: float) -> None:
    deadline = item.deadline
    if deadline is None:
        return
    if now > deadline:
        item.is_late = True
        item.interrupt(JobTimeout)
        if now > deadline + DEAF_SECONDS:
            log.error("job.deaf", extra={"job_id": str(item.id)})
            let_go([item])
    elif _stop_at is not None and now > _stop_at:
        item.interrupt(Stopping)


def _extend(items: list[Held]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {TABLE} AS due SET lease_until = now() + %s * interval '1 second'
            FROM unnest(%s::uuid[], %s::bigint[]) AS t(id, fence)
            WHERE due.job_id = t.id AND due.fence = t.fence AND due.state = 'running'
            RETURNING due.job_id, due.cancel_wanted
            """,  # noqa: S608
            [
                settings.CANDY_JOB_LEASE_SECONDS,
                [item.id for item in items],
                [item.fence for item in items],
            ],
        )
        found = dict(cursor.fetchall())
    for item in items:
        if item.id in found:
            item.is_cancelled = item.is_cancelled or found[item.id]
        else:
            item.is_lost = True
