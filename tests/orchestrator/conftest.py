"""What the orchestrator's tests share: probe actions and a worker that runs in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from apps.orchestrator.engine import worker
from apps.orchestrator.engine.clock import Clock
from tests.orchestrator import actions  # noqa: F401  declares them


@pytest.fixture
def effects(db: None) -> Iterator[Any]:
    """A table that probe actions write to; reads back ``(what, job)`` in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS public.probe_effects ("
            "id bigserial, job text, what text, fence bigint, at timestamptz DEFAULT clock_timestamp())"
        )
        cursor.execute("TRUNCATE public.probe_effects")

    def read(what: str | None = None) -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT what, job FROM public.probe_effects ORDER BY id")
            return [row for row in cursor.fetchall() if what in (None, row[0])]

    yield read
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS public.probe_effects")


class Direct:
    """A doorbell that keeps what it was told, for a worker in this process."""

    def __init__(self) -> None:
        self.rung: list[list[Any]] = []

    def ring(self, queue: str, ids: list[Any]) -> None:
        self.rung.append(ids)


def run_until_idle(seconds: float = 5.0, until: Any = None) -> None:
    """Clock and worker in this thread until nothing is alive but what waits for more than a second."""
    bell = Direct()
    clock = Clock(bell)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        clock._next_take_back = 0
        wait = clock.tick()
        while bell.rung:
            worker.run_batch(bell.rung.pop(0))
            wait = 0
        if (until is not None and until()) or wait >= 0.9:
            return
        time.sleep(min(wait, 0.02))
    if until is not None:
        raise AssertionError("It did not happen in time")


@pytest.fixture
def drive() -> Any:
    return run_until_idle


@pytest.fixture
def system(workspace: Any) -> Iterator[Any]:
    from apps.workspaces.tenancy import workspace_context
    from apps.workspaces.types import Actor

    with workspace_context(workspace):
        yield Actor.system(workspace)
