"""Real workers, clocks and a Valkey of their own, against this test's database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from deploy.local.processes import end_with_parent
from deploy.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent


class Fleet:
    """Processes that are ended with the test. ``folder`` gets a log of each."""

    def __init__(self, folder: Path, redis_url: str, **settings: str) -> None:
        self.folder = folder
        self.redis_url = redis_url
        self.settings = settings
        self.processes: list[subprocess.Popen[bytes]] = []

    def clock(self) -> subprocess.Popen[bytes]:
        return self._start("clock", [sys.executable, "manage.py", "clock"])

    def web(self, port: int) -> subprocess.Popen[bytes]:
        """What networks fetch files from, at CANDY_PUBLIC_URL."""
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--lifespan", "off"]
        return self._start(
            "web", [*command, "--port", str(port), "--no-access-log", "--log-level", "warning"]
        )

    def worker(
        self,
        *,
        threads: int = 8,
        queues: str = "default,publish,ai,media",
        pool: str = "threads",
        include: str = "tests.orchestrator.actions",
        nice: int = 0,
        wait: bool = True,
    ) -> subprocess.Popen[bytes]:
        """A Celery worker that knows the actions of ``include``; returns once it takes messages.

        Not with ``wait=False``: then it returns at once.
        """
        name = f"w{len(self.processes)}"
        command = [
            *["nice", "-n", str(nice)],
            *[sys.executable, "-m", "celery", "-A", "config.celery", "worker"],
            *["--queues", queues, "--pool", pool, "--concurrency", str(threads)],
            *["--hostname", f"{name}@test", "--loglevel", "INFO"],
            *["--without-gossip", "--without-mingle", "--without-heartbeat"],
            *["--include", include],
        ]
        process = self._start("worker", command)
        log = self._log(len(self.processes) - 1)
        if wait:
            wait_until(lambda: b"ready." in log.read_bytes(), 30, lambda: log.read_text())
        return process

    def is_ready(self, worker: subprocess.Popen[bytes]) -> bool:
        """Whether ``worker`` takes messages."""
        return b"ready." in self._log(self.processes.index(worker)).read_bytes()

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self.folder.glob("process*.log"))
        )

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        for process in self.processes:
            process.wait(10)

    def _start(self, kind: str, command: list[str]) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": database_url(),
            "REDIS_URL": self.redis_url,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }
        with self._log(len(self.processes)).open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def _log(self, number: int) -> Path:
        return self.folder / f"process{number}.log"


def database_url() -> str:
    """The URL of the database this process is connected to."""
    database = connection.settings_dict
    name, user = quote(str(database["NAME"])), quote(str(database["USER"] or ""))
    password = f":{quote(str(database['PASSWORD']))}" if database["PASSWORD"] else ""
    host = str(database["HOST"] or "")
    if host.startswith("/"):
        return f"postgresql://{user}{password}@/{name}?host={host}"
    port = f":{database['PORT']}" if database["PORT"] else ""
    return f"postgresql://{user}{password}@{host}{port}/{name}"


@contextmanager
def own_valkey(folder: Path) -> Iterator[tuple[Valkey, str]]:
    """A server that may be emptied and killed, and its URL."""
    server = Valkey(folder / "valkey", durable=False)
    url = server.start()
    try:
        yield server, url
    finally:
        server.stop(number=signal.SIGKILL)


@contextmanager
def fleet(folder: Path, redis_url: str, **settings: str) -> Iterator[Fleet]:
    made = Fleet(folder, redis_url, **settings)
    try:
        yield made
    finally:
        made.end()


def wait_until(
    happened: Callable[[], object], seconds: float, report: Callable[[], str] = lambda: ""
) -> None:
    """Wait for ``happened()``; fails with ``report()`` when it does not within ``seconds``."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise AssertionError(f"It did not happen within {seconds} s.\n{report()}")
        time.sleep(0.02)
