"""A local installation in a temporary folder, with a table of programs that the test writes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from deploy.local.processes import is_alive
from deploy.local.valkey import Valkey, free_port

ROOT = Path(__file__).resolve().parents[2]

DRIVER = """
import sys
from pathlib import Path
from deploy.local import supervisor
supervisor.PROCFILE = Path(sys.argv[1])
raise SystemExit(supervisor.main())
"""

# A web process in little: answers /readyz, and starts a grandchild that leaves its group.
WEB = """
import http.server, os, subprocess, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
runaway = subprocess.Popen(["sleep", "600"], start_new_session=True)
inside = subprocess.Popen(["sleep", "600"])
print("pids", os.getpid(), runaway.pid, inside.pid, flush=True)
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Answer).serve_forever()
"""


def clean_env(var: Path, **extra: str) -> dict[str, str]:
    """This environment without the servers of the test run, so that a start makes its own."""
    left_out = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY_FILE", "CANDY_MASTER_KEY_FILE", "PORT"}
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    return env | {"CANDY_VAR": str(var), "PYTHONUNBUFFERED": "1"} | extra


class Run:
    """``make run`` without make: the supervisor over ``commands``."""

    def __init__(self, folder: Path, commands: dict[str, str], **env: str) -> None:
        self.var = folder / "var"
        self.port, self.sandbox_port = env["PORT"], env["SANDBOX_PORT"]
        procfile = folder / "Procfile"
        procfile.write_text("".join(f"{name}: {line}\n" for name, line in commands.items()))
        self.output = folder / f"output-{time.monotonic_ns()}.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DRIVER, str(procfile)],
                cwd=ROOT,
                env=clean_env(self.var, **env),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 40) -> str:
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < deadline, f"never said {text!r}:\n{self.text}"
            assert self.process.poll() is None, f"ended early:\n{self.text}"
            time.sleep(0.05)
        return self.text

    def pids(self) -> list[int]:
        """Everyone that ``WEB`` told of, and the servers."""
        servers = [Postgres(self.var / "postgres", durable=True).pid()]
        servers.append(Valkey(self.var / "valkey", durable=True).pid())
        return self.told() + [pid for pid in servers if pid]

    def told(self) -> list[int]:
        """The ids that every ``WEB`` printed."""
        lines = [line for line in self.text.splitlines() if "| pids " in line]
        return [int(pid) for line in lines for pid in line.split("pids ")[1].split()]

    def end(self, number: int = signal.SIGINT, seconds: float = 40) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)


def wait_dead(pids: list[int], seconds: float = 10) -> list[int]:
    """Those of ``pids`` that still run after ``seconds``."""
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder outside of pytest's own: every other run of pytest closes that to other accounts, and
    as root PostgreSQL runs under one."""
    with tempfile.TemporaryDirectory(prefix="candy-test-") as folder:
        yield Path(folder)


@pytest.fixture
def web(tmp_path: Path) -> str:
    """A Procfile line that serves ``/readyz``."""
    script = tmp_path / "web.py"
    script.write_text(WEB)
    return f"{sys.executable} {script}"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """``run({"name": "line"}, NAME="value")``; whatever is left at the end is stopped."""
    runs: list[Run] = []
    web_port, sandbox_port = free_port(), free_port()

    def start(commands: dict[str, str], **env: str) -> Run:
        # The same for every start of a test: a second one has to meet the first.
        ports = {"PORT": str(web_port), "SANDBOX_PORT": str(sandbox_port)}
        started = Run(tmp_path, commands, **ports | env)
        runs.append(started)
        return started

    yield start
    for started in runs:
        if started.process.poll() is None:
            started.process.terminate()
            started.process.wait(40)
        for pid in started.told():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    Postgres(tmp_path / "var" / "postgres", durable=True).stop()
    Valkey(tmp_path / "var" / "valkey", durable=True).stop()
