"""Questions about processes that the standard library does not answer, on Linux and macOS."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def is_alive(pid: int) -> bool:
    """Whether ``pid`` runs; a zombie that nobody has waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():
        try:
            return stat.read_text(errors="replace").rpartition(")")[2].split()[0] not in {"Z", "X"}
        except (OSError, IndexError):
            return False
    return True


def command_of(pid: int) -> str:
    """The command line of ``pid``; empty when it cannot be read."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        shown = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
        )
        return shown.stdout.strip()


def wait_gone(pid: int, timeout: float, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait until ``pid`` has ended; ``process`` is reaped when it is our own child."""
    deadline = time.monotonic() + timeout
    while True:
        if process is not None and process.pid == pid:
            process.poll()
        if not is_alive(pid):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)


def adopt_orphans() -> None:
    """Make this process the parent of what its children leave behind (Linux), so none gets away."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """In a new child: be told to stop when the supervisor dies, even by kill -9 (Linux)."""
    _prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prctl(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, value, 0, 0, 0)


def children() -> dict[int, list[int]]:
    """Child process ids by parent, of every process that can be seen."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    found: dict[int, list[int]] = {}
    if shown.returncode == 0:
        for line in shown.stdout.splitlines():
            pid, parent = map(int, line.split())
            found.setdefault(parent, []).append(pid)
        return found
    for entry in Path("/proc").glob("[0-9]*/stat"):  # no ps: slim containers
        with contextlib.suppress(OSError, IndexError, ValueError):
            parent = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(entry.parent.name))
    return found


def descendants(pid: int, *, without: frozenset[int] = frozenset()) -> list[int]:
    """Everything below ``pid``, leaving out the trees of ``without``."""
    table = children()
    found: list[int] = []
    todo = [pid]
    while todo:
        for child in table.get(todo.pop(), []):
            if child not in without:
                found.append(child)
                todo.append(child)
    return found
