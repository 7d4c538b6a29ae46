"""Jobs per second, start delay, lateness under load, cost of the clock."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.db import connection
from django.utils import timezone

from apps.orchestrator import services
from apps.orchestrator.engine import dispatch
from apps.orchestrator.engine.clock import Clock
from apps.orchestrator.models import Job, JobAttempt
from apps.workspaces.models import DueWork, Workspace
from apps.workspaces.services import provisioning
from apps.workspaces.tenancy import provision, workspace_context
from apps.workspaces.types import Actor
from tests.bench import tasks  # noqa: F401  declares the actions
from tests.bench.table import Line, median, percentile
from tests.support.fleet import Fleet, database_url, fleet, own_valkey, wait_until

JOBS = int(os.environ.get("BENCH_JOBS", "3000"))
SPACES, PER_SPACE = 50, 20


def measure() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with own_valkey(folder) as (_, url), fleet(folder, url, BENCH="1") as crew:
            workspace = Workspace.objects.get(slug="acme")
            clock = crew.clock()
            worker = crew.worker(include="tests.bench.tasks", threads=8, queues="default")
            yield from _throughput(workspace, crew, [clock, worker])
            yield from _start_delay(workspace)
            # As the Procfile has it: publishing waits for networks, so it has 16 threads.
            crew.worker(include="tests.bench.tasks", threads=16, queues="publish")
            yield from _all_at_once(crew)
        yield from _clock_cost()


# --- jobs per second ------------------------------------------------------------------------------


def _throughput(workspace: Workspace, crew: Fleet, processes: list[Any]) -> Iterator[Line]:
    bare = _bare_celery(crew, processes)
    raw = _raw_sql(workspace)
    ours = [_our_jobs(workspace, crew, processes) for _ in range(2)][-1]
    yield Line("Celery alone, no-op tasks", f"{bare:,.0f}/s")
    yield Line("claim and complete in SQL, one connection, no worker", f"{raw:,.0f}/s")
    yield Line("jobs", f"{ours:,.0f}/s", "0.6 × Celery alone", ours >= 0.6 * bare)
    yield Line("jobs / Celery alone", f"{ours / bare:.2f}")


def _bare_celery(crew: Fleet, processes: list[Any]) -> float:
    from config.celery import app

    app.conf.broker_url = crew.redis_url
    broker = redis.Redis.from_url(crew.redis_url)
    with _held(processes[1:]), app.connection_for_write(crew.redis_url) as channel:
        producer = app.amqp.Producer(channel)
        for _ in range(JOBS):
            app.send_task("bench.noop", queue="default", producer=producer, ignore_result=True)
        began = time.monotonic()
    wait_until(lambda: not broker.llen("default") and not broker.hlen("unacked"), 60, crew.logs)
    return JOBS / (time.monotonic() - began)


def _our_jobs(workspace: Workspace, crew: Fleet, processes: list[Any]) -> float:
    with workspace_context(workspace):
        with _held(processes):
            services.enqueue_many(
                actor=Actor.system(workspace), action="bench.noop", inputs=[None] * JOBS
            )
            began = time.monotonic()
        wait_until(lambda: not DueWork.objects.filter(kind="job").exists(), 60, crew.logs)
        seconds = time.monotonic() - began
        assert Job.objects.filter(state="succeeded").count() >= JOBS
        return JOBS / seconds


@contextmanager
def _held(processes: list[Any]) -> Iterator[None]:
    """Stand still while the work is laid out, so that only the work itself is measured."""
    for process in processes:
        os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGCONT)


def _raw_sql(workspace: Workspace, count: int = 1000) -> float:
    """The floor: one row claimed and one removed, two commits, and nothing done in between."""
    with psycopg.connect(database_url(), autocommit=True) as raw:
        raw.execute("CREATE TABLE public.bench_raw (id bigint PRIMARY KEY, state text)")
        raw.execute(
            "INSERT INTO public.bench_raw SELECT n, 'ready' FROM generate_series(1, %s) n", [count]
        )
        began = time.monotonic()
        for _ in range(count):
            row = raw.execute(
                "UPDATE public.bench_raw SET state = 'running' WHERE id = (SELECT id FROM "
                "public.bench_raw WHERE state = 'ready' LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
            ).fetchone()
            raw.execute("DELETE FROM public.bench_raw WHERE id = %s", row)
        seconds = time.monotonic() - began
        raw.execute("DROP TABLE public.bench_raw")
    return count / seconds


# --- start delay ----------------------------------------------------------------------------------


def _start_delay(workspace: Workspace, samples: int = 80) -> Iterator[Line]:
    delays = []
    with workspace_context(workspace):
        for _ in range(samples):
            job = services.enqueue(actor=Actor.system(workspace), action="bench.noop")
            committed_at = timezone.now()
            wait_until(lambda: JobAttempt.objects.filter(job=job).exists(), 5)  # noqa: B023
            started_at = JobAttempt.objects.get(job=job).started_at
            delays.append((started_at - committed_at).total_seconds() * 1000)
            time.sleep(0.03)
    p50, p95 = median(delays), percentile(delays, 0.95)
    yield Line("start delay of a job for now, p50", f"{p50:.1f} ms", "20 ms", p50 <= 20)
    yield Line("start delay of a job for now, p95", f"{p95:.1f} ms")


# --- many at once ---------------------------------------------------------------------------------


def _all_at_once(crew: Fleet) -> Iterator[Line]:
    spaces = [_workspace(number) for number in range(SPACES)]
    due = timezone.now() + timedelta(seconds=6)
    for space in spaces:
        with workspace_context(space):
            services.enqueue_many(
                actor=Actor.system(space),
                action="bench.publish",
                inputs=[None] * PER_SPACE,
                run_at=due,
            )
    assert timezone.now() < due
    wait_until(lambda: not DueWork.objects.filter(kind="job").exists(), 120, crew.logs)
    late: list[float] = []
    for space in spaces:
        with workspace_context(space):
            started = JobAttempt.objects.values_list("started_at", flat=True)
            late += [(at - due).total_seconds() for at in started]
    assert len(late) == SPACES * PER_SPACE
    p50, p99, first = median(late), percentile(late, 0.99), min(late)
    yield Line("1,000 jobs at once, 50 workspaces: lateness p50", f"{p50:.2f} s", "2 s", p50 <= 2)
    yield Line("1,000 jobs at once, 50 workspaces: lateness p99", f"{p99:.2f} s", "10 s", p99 <= 10)
    yield Line("1,000 jobs at once: earliest", f"{first:+.3f} s", "none early", first >= 0)


def _workspace(number: int) -> Workspace:
    workspace = provisioning._new_row("ready", f"bench-{number}", f"Bench {number}", "UTC", False)
    provision.replay(provisioning.template_sql(), workspace.schema_name)
    return workspace


# --- the clock ------------------------------------------------------------------------------------


class _Silent:
    def ring(self, queue: str, ids: list[uuid.UUID]) -> None:
        """Nobody is told: what is measured is finding the work."""


def _clock_cost() -> Iterator[Line]:
    """One round with 100 due jobs of ten workspaces, while N workspaces have work for later."""
    costs = {}
    for count in (10, 1_000, 10_000):
        _fill(count)
        costs[count] = _round_ms()
        yield Line(f"clock, a round at {count:,} workspaces", f"{costs[count]:.2f} ms")
    ratio = costs[10_000] / costs[10]
    yield Line("clock, 10,000 workspaces / 10", f"{ratio:.2f}", "at most 1.2", ratio <= 1.2)


def _fill(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM workspaces_duework")
        cursor.execute(
            "INSERT INTO workspaces_workspace (schema_name, slug, name, state, time_zone, is_system,"
            " is_sandbox, settings, created_at, state_changed_at, suspended_reason) "
            "SELECT 'no_' || n, 'no-' || n, 'x', 'ready', 'UTC', false, false, '{}', now(), now(), '' "
            "FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
            [count],
        )
        cursor.execute(
            "INSERT INTO workspaces_duework (job_id, workspace_id, queue, run_at, state) "
            "SELECT gen_random_uuid(), w.id, 'default', now() + k * interval '1 day', 'scheduled' "
            "FROM (SELECT id FROM workspaces_workspace WHERE slug LIKE 'no-%%' ORDER BY id LIMIT %s) w,"
            " generate_series(1, 5) k",
            [count],
        )
        cursor.execute(
            "INSERT INTO workspaces_duework (job_id, workspace_id, queue, run_at, state) "
            "SELECT gen_random_uuid(), w.id, 'default', now(), 'ready' "
            "FROM (SELECT id FROM workspaces_workspace WHERE slug LIKE 'no-%%' "
            "      ORDER BY md5(slug) LIMIT 10) w, generate_series(1, 10)"
        )
        cursor.execute("VACUUM ANALYZE workspaces_duework")


def _round_ms(rounds: int = 150) -> float:
    clock = Clock(_Silent())
    clock.flows["default"].window = 128
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        dispatch.take_back()
        dispatch.promote()
        for queue in clock.queues:
            clock.flows[queue].window = 128
            clock._serve(queue)
        dispatch.seconds_to_next()
        taken.append((time.perf_counter() - began) * 1000)
        dispatched = DueWork.objects.filter(state="dispatched")
        assert dispatched.update(state="ready", lease_until=None) == 100
        if len(taken) % 50 == 0:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM workspaces_duework")
    return median(taken)
