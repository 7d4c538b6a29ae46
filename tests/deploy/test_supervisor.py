"""``make run``: it starts in order, restarts what crashes, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.child import FIRST_DELAY, LONGEST_DELAY, Child, parse_procfile
from deploy.local.processes import is_alive
from deploy.local.valkey import free_port
from tests.deploy.conftest import ROOT, Run, wait_dead

READY = "Candy is ready"
Start = Callable[..., Run]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_ends_every_process_and_both_servers(run: Start, web: str, number: int) -> None:
    started = run({"web": web, "other": f"{sys.executable} -c 'import time; time.sleep(600)'"})
    started.wait_for(READY)
    pids = started.pids()
    assert len(pids) == 5, "web, two grandchildren, PostgreSQL, Valkey"
    assert all(is_alive(pid) for pid in pids)

    code = started.end(number)

    assert code == 0, started.text
    assert wait_dead(pids) == []
    assert "everything has ended" in started.text
    assert not (started.var / "runtime.env").exists()


def test_a_program_that_will_not_stop_is_ended(run: Start, web: str) -> None:
    stubborn = (
        "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " print('deaf', flush=True); time.sleep(600)"
    )
    started = run({"web": web, "deaf": f'{sys.executable} -c "{stubborn}"'})
    started.wait_for(READY)
    started.wait_for("| deaf")
    started.process.send_signal(signal.SIGINT)
    started.wait_for("stopping")
    began = time.monotonic()
    code = started.end(signal.SIGINT)  # the second one does not wait
    assert code == 0
    assert time.monotonic() - began < 8
    assert "deaf did not finish in time" in started.text


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells children on Linux only")
def test_a_killed_supervisor_takes_its_programs_along_and_the_next_start_works(
    run: Start, web: str
) -> None:
    started = run({"web": web})
    started.wait_for(READY)
    programs = started.pids()[:1]
    started.process.kill()
    started.process.wait()
    assert wait_dead(programs) == []

    again = run({"web": web})
    again.wait_for(READY)
    assert again.end() == 0


def test_addresses_come_last_and_lead_where_they_say(run: Start, web: str) -> None:
    started = run({"web": web})
    text = started.wait_for("Ctrl-C ends everything")
    lines = [line for line in text.splitlines() if line.strip()]
    assert "Ctrl-C" in lines[-1]
    address = f"http://localhost:{started.port}"
    assert address in text
    env = dict(line.split("=", 1) for line in (started.var / "runtime.env").read_text().split())
    assert env["CANDY_PUBLIC_URL"] == address
    assert f"127.0.0.1:{started.sandbox_port}" in env["CANDY_OUTBOUND_ALLOW"].split(",")
    assert stat.S_IMODE((started.var / "runtime.env").stat().st_mode) == 0o600
    for name in ("master.key", "secret.key"):
        key = started.var / "keys" / name
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert len(key.read_text()) >= 64


def test_a_port_in_use_gives_the_next_free_one_and_says_so(
    run: Start, web: str, taken_port: int
) -> None:
    started = run({"web": web}, PORT=str(taken_port))
    text = started.wait_for(READY)
    assert f"port {taken_port} is in use; Candy takes " in text
    assert f"http://localhost:{taken_port}\n" not in text


def test_a_second_start_on_the_same_folder_is_told_where_the_first_is(run: Start, web: str) -> None:
    first = run({"web": web})
    first.wait_for(READY)
    second = run({"web": web})
    assert second.process.wait(20) == 1
    assert "already runs" in second.text
    assert f"http://localhost:{first.port}" in second.text
    assert "Mail lands in:" in first.text
    assert first.process.poll() is None


def test_a_program_that_crashes_is_started_again_and_it_is_said(
    run: Start, web: str, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    crash = f"{sys.executable} -c \"open('{marks}', 'a').write('x'); raise SystemExit(3)\""
    started = run({"web": web, "crash": crash})
    text = started.wait_for("crash ended with code 3; starting it again in 1 s")
    assert "starting it again in 0.5 s" in text
    assert len(marks.read_text()) >= 2
    assert started.end() == 0


def test_the_wait_between_restarts_doubles_up_to_a_limit_and_forgets_after_a_steady_time() -> None:
    child = Child("x", "true", {})
    waits = [child.plan_restart() for _ in range(9)]
    assert waits[0] == FIRST_DELAY
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert waits[-1] == LONGEST_DELAY
    child._started_at = time.monotonic() - 31  # it has run well since
    assert child.plan_restart() == FIRST_DELAY


def test_lines_of_two_programs_never_mix(run: Start, web: str, tmp_path: Path) -> None:
    script = tmp_path / "shout.py"
    script.write_text(
        "import sys, time\n"
        "for _ in range(300):\n"
        "    sys.stdout.write('a' * 20); sys.stdout.flush(); sys.stdout.write('b' * 20 + chr(10))\n"
        "sys.stdout.flush(); time.sleep(600)\n"
    )
    shout = f"{sys.executable} {script}"
    started = run({"web": web, "one": shout, "two": shout})
    started.wait_for(READY)
    time.sleep(0.5)
    lines = [line for line in started.text.splitlines() if "aaa" in line]
    assert len(lines) >= 600
    assert {line.split("| ", 1)[1] for line in lines} == {"a" * 20 + "b" * 20}


def test_both_tables_serve_every_queue_once() -> None:
    tables = [parse_procfile(ROOT / "Procfile"), parse_procfile(ROOT / "deploy/local/Procfile")]
    for table in tables:
        queues: list[str] = []
        for line in table.values():
            if "--queues" in line:
                queues += line.split("--queues ")[1].split()[0].split(",")
        assert sorted(queues) == ["ai", "default", "media", "publish"]
        assert {"web", "clock"} <= set(table)
    assert "manage.py prepare" in tables[0]["release"]


def test_the_log_reader_leaving_ends_everything(run: Start, web: str, tmp_path: Path) -> None:
    """``make run | head``: a closed pipe is a request to stop, not a traceback for each line."""
    read, write = os.pipe()
    import subprocess

    from tests.deploy.conftest import DRIVER, clean_env

    procfile = tmp_path / "Procfile"
    procfile.write_text(f"web: {web}\n")
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(procfile)],
        cwd=ROOT,
        env=clean_env(tmp_path / "var", PORT=str(free_port()), SANDBOX_PORT=str(free_port())),
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert os.read(read, 10)
    os.close(read)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in errors


def test_nothing_but_the_web_process_starts_before_the_preparation_is_done(
    run: Start, web: str, tmp_path: Path
) -> None:
    done = tmp_path / "prepared"
    prepare = f"sh -c 'sleep 0.7; touch {done}; echo prepared'"
    worker = f"sh -c 'test -e {done} && echo worker ready. && sleep 600'"
    started = run({"prepare": prepare, "web": web, "worker": worker})
    text = started.wait_for(READY)
    assert text.index("prepared") < text.index("worker ready.") < text.index(READY)
    assert "worker ended" not in text


def test_a_preparation_that_fails_ends_the_start_with_its_words(run: Start, web: str) -> None:
    started = run({"prepare": "sh -c 'echo no such column; exit 4'", "web": web})
    assert started.process.wait(40) == 1
    assert "no such column" in started.text
    assert "prepare failed with code 4" in started.text
    assert wait_dead(started.told()) == []
