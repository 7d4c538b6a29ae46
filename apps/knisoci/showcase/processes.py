"""The programs a run needs, started where none is running: sandbox, worker, clock."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

START_SECONDS = 30.0


@contextmanager
def sandbox(log: Path) -> Iterator[str]:
    """The sandbox networks at ``CANDY_SANDBOX_URL``; starts them for the body where nobody answers."""
    address = urlsplit(settings.CANDY_SANDBOX_URL)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    if listens(host, port):
        yield settings.CANDY_SANDBOX_URL
        return
    command = [
        *("-m", "uvicorn", "apps.integrations.sandbox.asgi:application"),
        *("--host", host, "--port", str(port), "--no-access-log", "--log-level", "warning"),
    ]
    with _running("sandbox", command, log):
        _wait(lambda: listens(host, port), "The sandbox did not start", log)
        yield settings.CANDY_SANDBOX_URL


@contextmanager
def workers(log: Path) -> Iterator[None]:
    """One worker for all queues and one clock, besides any that run already."""
    worker = [
        *("-m", "celery", "-A", "config.celery", "worker", "--queues", "default,publish,ai,media"),
        *("--pool", "threads", "--concurrency", "8", "--hostname", f"demo{os.getpid()}@%h"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"),
    ]
    with _running("worker", worker, log), _running("clock", ["manage.py", "clock"], log):
        yield


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


@contextmanager
def _running(name: str, arguments: list[str], log: Path) -> Iterator[None]:
    """A child of ours for the body; its output goes to ``log``/name.log."""
    log.mkdir(parents=True, exist_ok=True)
    with (log / f"{name}.log").open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=dict(os.environ),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _wait(ready: Callable[[], bool], words: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError(f"{words}; see {log}.")
