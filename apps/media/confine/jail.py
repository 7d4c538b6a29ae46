"""The last thing that runs before a confined program: takes rights away, then becomes the program.

Started by path with ``python -I -S``, so nothing of ours and no Django is loaded. Argument one is a
JSON object, the rest is the command::

    {
        "memory": bytes or null,
        "cpu": seconds,
        "file": bytes,
        "tasks": n,
        "open_files": n,
        "folder": path,
        "read": [paths],
        "list": [paths],
    }

Hard limits (``setrlimit``) hold everywhere. What the kernel offers comes on top, each by itself, so
that a refusal of one leaves the others: a network namespace without interfaces, no new privileges,
Landlock (only the paths given can be read, only the folder written, no TCP), death with the parent.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 1, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on x86-64 and arm64
_EXECUTE, _READ_FILE, _LIST = 1 << 0, 1 << 2, 1 << 3
_O_PATH = 0o10000000


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def main() -> None:
    wishes, command = json.loads(sys.argv[1]), sys.argv[2:]
    with contextlib.suppress(OSError, AttributeError):  # not on every system that Candy runs on
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        is_apart = not libc.unshare(_NEW_USER | _NEW_NET) or not libc.unshare(_NEW_NET)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _landlock(libc, wishes)
        if is_apart:  # in a namespace of its own only its own tasks count
            _limit(resource.RLIMIT_NPROC, wishes["tasks"])
    _limit(resource.RLIMIT_CPU, wishes["cpu"])
    _limit(resource.RLIMIT_FSIZE, wishes["file"])
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, wishes["open_files"])
    if wishes["memory"] is not None:
        _limit(resource.RLIMIT_AS, wishes["memory"])
    place = {"HOME": wishes["folder"], "TMPDIR": wishes["folder"], "LANG": "C.UTF-8"}
    # Fewer threads, and fewer of the 64 MB that each of them would reserve.
    few = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    os.execve(command[0], command, place | few)  # noqa: S606  this is what it is for


def _limit(which: int, value: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(which, (value, value))


def _landlock(libc: ctypes.CDLL, wishes: Any) -> None:
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    everything = (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1
    rules = _Ruleset(everything, 3 if version >= 4 else 0, 0)
    size = 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return
    allowed = [(path, _READ_FILE | _LIST | _EXECUTE) for path in wishes["read"]]
    allowed += [(path, _LIST) for path in wishes["list"]]
    allowed.append((wishes["folder"], everything & ~_EXECUTE))
    for path, access in allowed:
        with contextlib.suppress(OSError):
            parent = os.open(path, _O_PATH)
            is_folder = os.path.isdir(path)  # noqa: PTH112  pathlib would take longer than the rest
            beneath = _Beneath(access if is_folder else access & ~_LIST, parent)
            libc.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(beneath), 0)
            os.close(parent)
    libc.syscall(_RESTRICT_SELF, ruleset, 0)


if __name__ == "__main__":
    main()
