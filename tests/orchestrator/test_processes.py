"""With real workers, real clocks and a real broker, all of which may die at any moment."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection

from apps.orchestrator import services
from apps.orchestrator.models import Job, JobAttempt
from apps.workspaces.models import DueWork
from tests.support.fleet import Fleet, fleet, own_valkey, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SHORT = {"CANDY_JOB_LEASE_SECONDS": "2", "CANDY_DISPATCH_SECONDS": "2"}


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Any]:
    with own_valkey(tmp_path) as (server, url):
        yield server, url


@pytest.fixture
def crew(valkey: Any, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, valkey[1], **SHORT) as made:
        yield made


def ended(count: int, state: str = "succeeded") -> Any:
    return lambda: Job.objects.filter(state=state).count() >= count


def test_jobs_run_and_two_clocks_do_nothing_twice(system: Any, crew: Fleet, effects: Any) -> None:
    crew.clock()
    crew.clock()
    crew.worker()
    services.enqueue_many(
        actor=system, action="probe.script", inputs=[{"key": str(n)} for n in range(300)]
    )
    wait_until(ended(300), 30, crew.logs)
    assert set(Counter(job for _, job in effects("effect")).values()) == {1}
    assert JobAttempt.objects.count() == 300
    assert not DueWork.objects.filter(kind="job").exists()


def test_a_worker_keeps_its_connections_between_messages(system: Any, crew: Fleet) -> None:
    crew.clock()
    crew.worker(threads=1)
    services.enqueue(actor=system, action="probe.noop")
    wait_until(ended(1), 30, crew.logs)
    before = sessions()
    for number in range(2, 14):
        services.enqueue(actor=system, action="probe.noop")
        wait_until(ended(number), 30, crew.logs)
    made = sessions() - before
    assert made < 6, made


def sessions() -> int:
    """How many connections were ever made to this database, as PostgreSQL counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_a_killed_worker_loses_nothing_and_doubts_what_it_must(
    system: Any, crew: Fleet, effects: Any
) -> None:
    crew.clock()
    victim = crew.worker(threads=4)
    plain = services.enqueue(
        actor=system, action="probe.script", input={"seconds": 3, "key": "plain"}
    )
    checked = services.enqueue(
        actor=system, action="probe.checkable", input={"seconds": 3, "reconcile": "landed"}
    )
    unsafe = services.enqueue(actor=system, action="probe.unsafe", input={"seconds": 3})
    wait_until(lambda: len(effects("begin")) == 3, 10, crew.logs)
    victim.send_signal(signal.SIGKILL)
    crew.worker()
    wait_until(lambda: Job.objects.filter(pk=plain.pk, state="succeeded").exists(), 20, crew.logs)
    wait_until(lambda: Job.objects.filter(pk=checked.pk, state="succeeded").exists(), 20, crew.logs)
    wait_until(lambda: Job.objects.filter(pk=unsafe.pk, state="unknown").exists(), 20, crew.logs)
    begun = Counter(job for _, job in effects("begin"))
    assert begun == {str(plain.pk): 2, str(checked.pk): 1, str(unsafe.pk): 1}
    checked.refresh_from_db()
    assert checked.output == {"text": "found"}
    assert JobAttempt.objects.filter(outcome="lost").count() == 3


def test_workers_killed_again_and_again_finish_everything(
    system: Any, crew: Fleet, effects: Any
) -> None:
    crew.clock()
    services.enqueue_many(actor=system, action="probe.script", inputs=[{"seconds": 0.02}] * 200)
    for _ in range(3):
        worker = crew.worker(threads=4)
        time.sleep(0.7)
        worker.send_signal(signal.SIGKILL)
    crew.worker()
    wait_until(ended(200), 40, crew.logs)
    assert not DueWork.objects.filter(kind="job").exists()


def test_an_emptied_broker_loses_nothing(
    system: Any, crew: Fleet, effects: Any, valkey: Any
) -> None:
    crew.clock()
    services.enqueue_many(actor=system, action="probe.script", inputs=[None] * 60)
    broker = redis.Redis.from_url(valkey[1])
    wait_until(lambda: broker.llen("default"), 10, crew.logs)
    broker.flushall()
    crew.worker()
    wait_until(ended(60), 20, crew.logs)
    assert set(Counter(job for _, job in effects("effect")).values()) == {1}


def test_a_broker_that_is_away_holds_work_up_and_no_more(
    system: Any, crew: Fleet, effects: Any, valkey: Any
) -> None:
    crew.clock()
    crew.worker()
    services.enqueue(actor=system, action="probe.script")
    wait_until(ended(1), 10, crew.logs)
    server, _ = valkey
    server.stop(number=signal.SIGKILL)
    services.enqueue_many(actor=system, action="probe.script", inputs=[None] * 20)
    time.sleep(1.5)
    assert Job.objects.filter(state="succeeded").count() == 1
    server._launch(server._options())  # on the port it had
    wait_until(ended(21), 30, crew.logs)


def test_sigterm_lets_jobs_end_and_returns_the_rest(
    system: Any, tmp_path: Path, valkey: Any, effects: Any
) -> None:
    with fleet(tmp_path, valkey[1], **SHORT, CANDY_WORKER_GRACE_SECONDS="1") as crew:
        crew.clock()
        worker = crew.worker(threads=2)
        quick = services.enqueue(actor=system, action="probe.script", input={"seconds": 0.7})
        long = services.enqueue(actor=system, action="probe.script", input={"seconds": 30})
        wait_until(lambda: len(effects("begin")) == 2, 10, crew.logs)
        worker.send_signal(signal.SIGTERM)
        worker.wait(10)
        quick.refresh_from_db()
        long.refresh_from_db()
        assert quick.state == "succeeded"
        assert (long.state, long.attempts) == ("ready", 0)
        assert DueWork.objects.get(pk=long.pk).state in ("ready", "dispatched")


def test_cancelling_stops_a_running_job(system: Any, crew: Fleet, effects: Any) -> None:
    crew.clock()
    crew.worker()
    job = services.enqueue(actor=system, action="probe.script", input={"seconds": 30})
    wait_until(lambda: effects("begin"), 10, crew.logs)
    services.cancel(actor=system, job_id=job.pk)
    wait_until(lambda: Job.objects.filter(pk=job.pk, state="cancelled").exists(), 5, crew.logs)
    assert not effects("effect")


def test_one_account_is_served_one_at_a_time(system: Any, crew: Fleet, effects: Any) -> None:
    crew.clock()
    crew.worker(threads=6)
    crew.worker(threads=6)
    services.enqueue_many(
        actor=system,
        action="probe.one_at_a_time",
        inputs=[{"key": key, "seconds": 0.02} for key in ("a", "b") for _ in range(25)],
    )
    wait_until(ended(50), 40, crew.logs)
    key_of = {str(job.pk): job.input["key"] for job in Job.objects.all()}
    inside: Counter[str] = Counter()
    for what, job in effects():
        if what in ("in", "out"):
            inside[key_of[job]] += 1 if what == "in" else -1
            assert inside[key_of[job]] <= 1
    assert Job.objects.filter(attempts=1).count() == 50
