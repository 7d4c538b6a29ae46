"""Running a program that touches strangers' files, with as little as it needs.

It gets a folder of its own, the open files it is handed, an empty environment, no network, and limits
on memory, processor time, file size, tasks and the clock. It dies with its whole group when its time
is up, when the caller's ``tick`` raises, and when the calling thread ends. See ``jail.py``.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MB = 1_000_000
_JAIL = Path(__file__).with_name("jail.py")
_LOOK_EVERY = 0.2
_KEPT_OUT, _KEPT_ERR = 1 * MB, 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """``memory`` is address space and ``file`` one written file's size, in bytes. ``resident`` is for
    programs that reserve more addresses than there is memory: what all its processes together may
    have in memory instead, looked at five times a second (Linux).
    """

    seconds: float = 30.0
    memory: int = 512 * MB
    resident: int | None = None
    file: int = 256 * MB
    tasks: int = 64
    open_files: int = 64
    cpu_seconds: int | None = None  # None: as long as the clock allows on two processors


@dataclass(frozen=True, slots=True)
class Finished:
    """``code`` is negative for a signal. ``err`` is the end of what it said. Memory in bytes."""

    code: int
    out: str
    err: str
    peak_memory: int


class TimeIsUp(Exception):
    """The program was ended because it took longer than its limit."""


class TooMuchMemory(Exception):
    """The program was ended because it had more in memory than ``resident`` allows."""


def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    limits: Limits,
    fds: Sequence[int] = (),
    readable: Sequence[Path] = (),
    on_line: Callable[[str], None] | None = None,
    tick: Callable[[], None] | None = None,
) -> Finished:
    """Run ``command`` in ``folder`` and wait for it. ``fds`` keep their numbers in the child.

    ``on_line`` gets each line of standard output as it comes (which is then not kept), ``tick`` is
    called five times a second; what they raise ends the program and reaches the caller. Raises
    TimeIsUp, TooMuchMemory.
    """
    wishes = {
        "memory": None if limits.resident else limits.memory,
        "cpu": limits.cpu_seconds or int(limits.seconds * 2) + 1,
        "file": limits.file,
        "tasks": limits.tasks,
        "open_files": limits.open_files,
        "folder": str(folder),
        "read": [*_always_readable(), str(command[0]), *map(str, readable)],
        "list": [str(Path(__file__).parents[3])],  # names of our own files: imports look for them
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_JAIL), json.dumps(wishes), *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={},
        pass_fds=tuple(fds),
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + limits.seconds
        out, err = _listen(process, deadline, on_line, _watching(process.pid, limits, tick))
        code, peak = _reap(process, deadline)
    finally:
        _end(process)
    return Finished(code, out, err, peak)


def _watching(
    group: int, limits: Limits, tick: Callable[[], None] | None
) -> Callable[[], None] | None:
    """``tick``, after a look at the memory where that is limited."""
    most = limits.resident
    if most is None:
        return tick

    def look() -> None:
        if resident(group) > most:
            raise TooMuchMemory
        if tick is not None:
            tick()

    return look


def resident(session: int) -> int:
    """Bytes in memory that are not of a file, of all processes of ``session``; 0 without ``/proc``."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):  # ended meanwhile
            # The name, in brackets, may hold anything; session is the fourth after it.
            if int((process / "stat").read_text().rpartition(")")[2].split()[3]) != session:
                continue
            for line in (process / "status").read_text().splitlines():
                if line.startswith(("RssAnon:", "RssShmem:")):
                    found += int(line.split()[1]) * 1024
    return found


def _listen(
    process: subprocess.Popen[bytes],
    deadline: float,
    on_line: Callable[[str], None] | None,
    tick: Callable[[], None] | None,
) -> tuple[str, str]:
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, err)
        while selector.get_map():
            if time.monotonic() > deadline:
                raise TimeIsUp
            for key, _ in selector.select(_LOOK_EVERY):
                data = os.read(key.fd, 65_536)
                if not data:
                    selector.unregister(key.fileobj)
                key.data.extend(data)
            if on_line is not None:
                *lines, rest = bytes(out).split(b"\n")
                for line in lines:
                    on_line(line.decode("utf-8", "replace"))
                out[:] = rest
            if tick is not None:
                tick()
            del out[_KEPT_OUT:]
            del err[:-_KEPT_ERR]
    return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _reap(process: subprocess.Popen[bytes], deadline: float) -> tuple[int, int]:
    """Its exit code and the most memory it had. A program may close its pipes and go on: that counts."""
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if time.monotonic() > deadline:
            raise TimeIsUp
        time.sleep(0.005)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of the group may go on, whatever happened; its own children neither."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


@lru_cache
def _always_readable() -> tuple[str, ...]:
    """What Python and a static program need to start: libraries and our own code, no data."""
    paths = sysconfig.get_paths()
    found = {
        *("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/bin", "/usr/bin"),
        *("/dev/null", "/dev/urandom", "/dev/zero", "/etc/ld.so.cache", "/proc/cpuinfo"),
        *("/sys/devices/system/cpu",),
        *(paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"]),
        str(Path(sys.executable).parent.parent / "pyvenv.cfg"),
        str(Path(sys.executable).parent),
        str(Path(os.path.realpath(sys.executable)).parent.parent),
        str(Path(__file__).parents[1]),
        str(Path(__file__).parents[2] / "errors.py"),
        str(Path(__file__).parents[2] / "__init__.py"),
        str(_JAIL),
    }
    return tuple(sorted(found))
