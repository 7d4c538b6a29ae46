"""One program under the supervisor: started in a group of its own, restarted with back-off."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path
from string import Template

from deploy.local.paths import ROOT
from deploy.local.processes import end_with_parent

FIRST_DELAY = 0.5  # seconds before the first restart; doubles with each further one
LONGEST_DELAY = 30.0
# Programs whose coming up takes a while and shows in their log only.
SAYS_WHEN_UP = {
    "worker": b" ready.",
    "media": b" ready.",
    "clock": b"started",
    "sandbox": b"running on",
}
STEADY_AFTER = 30.0  # seconds of life after which a crash counts as the first one again


class Child:
    """``command`` is a Procfile line; ``$NAME`` in it is taken from ``env``."""

    def __init__(self, name: str, command: str, env: dict[str, str]) -> None:
        self.name = name
        self.arguments = shlex.split(Template(command).substitute(env))
        self.env = env
        self.process: subprocess.Popen[bytes] | None = None
        self.restart_at: float | None = None
        self.once = False  # ends by itself; never restarted
        self.may_fail = False  # then nothing else ends with it
        self.up = name not in SAYS_WHEN_UP
        self._delay = FIRST_DELAY
        self._started_at = time.monotonic()

    def start(self) -> None:
        self.restart_at = None
        self._started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.arguments,
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    def heard(self, data: bytes) -> None:
        """Look for the words by which a program says that it is up."""
        self.up = self.up or SAYS_WHEN_UP.get(self.name, b"") in data

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def plan_restart(self) -> float:
        """Set the moment of the next start after a crash and return the seconds until then."""
        now = time.monotonic()
        if now - self._started_at >= STEADY_AFTER:
            self._delay = FIRST_DELAY
        delay = self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)
        self.restart_at = now + delay
        return delay

    def signal_group(self, number: int) -> None:
        """Tell the program and everything it started in its group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal_group(signal.SIGKILL)


def parse_procfile(path: Path) -> dict[str, str]:
    """Command by name, in the file's order."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, sep, command = line.partition(":")
        if sep and not name.lstrip().startswith("#"):
            found[name.strip()] = command.strip()
    return found
