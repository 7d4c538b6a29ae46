"""The servers and processes of one run, and the hands that break them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from deploy.local.postgres import Postgres
from deploy.local.processes import end_with_parent
from deploy.local.valkey import Valkey, free_port
from tests.support.fleet import ROOT, Fleet
from tests.support.networks import Networks

LEASE_SECONDS = 5
CALL_SECONDS = 2
WORKS_SECONDS = (
    1.5  # a worker works at least that long before it is killed, and as long as it started
)


@dataclass
class Arena:
    """`broken` counts what was done to whom."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    redis_url: str
    networks: Networks
    web_port: int
    settings: dict[str, str]
    broken: dict[str, int] = field(
        default_factory=lambda: {"workers killed": 0, "Valkey emptied": 0, "PostgreSQL stopped": 0}
    )


@contextmanager
def arena(folder: Path, *, blind: bool) -> Iterator[Arena]:
    """A cluster, a Valkey and the networks, all this run's own. Sets the environment for Django."""
    # Durable: an immediate stop must lose nothing that was committed.
    postgres = Postgres(folder / "postgres", durable=True)
    valkey = Valkey(folder / "valkey", durable=False)
    port, web_port = free_port(), free_port()
    try:
        database_url, redis_url = postgres.start(), valkey.start()
        settings = {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "CANDY_OUTBOUND_ALLOW": f"127.0.0.1:{port}",
            "CANDY_SANDBOX_URL": f"http://127.0.0.1:{port}",
            "CANDY_PUBLIC_URL": f"http://127.0.0.1:{web_port}",
            "CANDY_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "CANDY_DISPATCH_SECONDS": "3",
            "CANDY_PUBLISH_TIMEOUT": str(CALL_SECONDS),
            **({"CHAOS_BLIND": "1"} if blind else {}),
        }
        os.environ.update(settings)
        sandbox = _sandbox(port, folder)
        try:
            yield Arena(folder, postgres, valkey, redis_url, Networks(port), web_port, settings)
        finally:
            sandbox.kill()
            sandbox.wait(10)
    finally:
        valkey.stop(number=signal.SIGKILL)
        postgres.stop(number=signal.SIGQUIT)


def _sandbox(port: int, folder: Path) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if k != "CANDY_VAR"}
    command = [sys.executable, "-m", "uvicorn", "apps.integrations.sandbox.asgi:application"]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--no-access-log", "--log-level", "warning"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent,
        )
    networks = Networks(port)
    for _ in range(200):
        try:
            networks.state()
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise RuntimeError(f"The sandbox did not start: {(folder / 'sandbox.log').read_text()}")


class Crew:
    """Workers that are always `size`, and one for pictures as in production, however often one is
    killed."""

    def __init__(self, fleet: Fleet, size: int) -> None:
        self.fleet = fleet
        self.started: dict[int, float] = {}  # by process id
        self.ready_since: dict[int, float] = {}
        self.workers = [self._start(n) for n in range(size + 1)]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        if number == 0:
            worker = self.fleet.worker(queues="media", threads=1, nice=10, wait=False)
        else:
            worker = self.fleet.worker(queues="default,publish,ai", wait=False)
        self.started[worker.pid] = time.monotonic()
        return worker

    def kill_one(self, chance: random.Random) -> bool:
        """Kill a worker that works; False while none has yet, however slow the machine."""
        ready = [n for n, worker in enumerate(self.workers) if self._has_worked(worker)]
        if not ready:
            return False
        index = chance.choice(ready)
        self.workers[index].send_signal(signal.SIGKILL)
        self.workers[index].wait(10)
        self.workers[index] = self._start(index)
        return True

    def _has_worked(self, worker: subprocess.Popen[bytes]) -> bool:
        if not self.fleet.is_ready(worker):
            return False
        since = self.ready_since.setdefault(worker.pid, time.monotonic())
        start_took = since - self.started[worker.pid]
        return time.monotonic() - since > max(WORKS_SECONDS, start_took)


class Breaker(threading.Thread):
    """Kills a worker every few seconds, empties the broker, stops the database; until told to end."""

    def __init__(
        self,
        place: Arena,
        crew: Crew,
        *,
        every: float,
        kills: int,
        database_stops: int,
        flushes: int,
        seed: int,
        is_over: Callable[[], bool],
    ) -> None:
        super().__init__(daemon=True)
        self.place, self.crew, self.every = place, crew, every
        self.kills = kills
        self.database_stops, self.flushes = database_stops, flushes
        self.chance = random.Random(seed)
        self.is_over = is_over
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._break_things()
        except BaseException as error:
            self.failure = error

    def _break_things(self) -> None:
        turn = 0
        while not self.is_over():
            time.sleep(self.every * self.chance.uniform(0.6, 1.4))
            if self.is_over():
                return
            if self.place.broken["workers killed"] >= self.kills:
                continue
            if not self.crew.kill_one(self.chance):
                continue
            turn += 1
            self.place.broken["workers killed"] += 1
            if turn % 3 == 1 and self.place.broken["PostgreSQL stopped"] < self.database_stops:
                self.place.postgres.stop(number=signal.SIGQUIT)
                self.place.broken["PostgreSQL stopped"] += 1
                time.sleep(0.5)
                self.place.postgres.start()
            if turn % 3 == 2 and self.place.broken["Valkey emptied"] < self.flushes:
                redis.Redis.from_url(self.place.redis_url).flushall()
                self.place.broken["Valkey emptied"] += 1
