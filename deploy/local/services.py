"""The embedded servers: PostgreSQL 18 with pgvector and Valkey, with their data below ``var/``.

``python -m deploy.local.services exec [--test] -- command …`` runs a command with both servers up.
Given ``DATABASE_URL`` or ``REDIS_URL``, that server is used and none is started for it.

Several commands may share the servers of one ``var/``: each holds a shared lock, and the one that
leaves last stops them. A lock dies with its holder, so nothing is left to tidy after kill -9.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.paths import ROOT, VENV_BIN, LocalError, load_dotenv, say, var_dir
from deploy.local.postgres import Postgres
from deploy.local.processes import end_with_parent
from deploy.local.valkey import Valkey


@dataclass(frozen=True)
class Services:
    """What a program needs in its environment, and the servers behind it."""

    env: dict[str, str]
    postgres: Postgres | None
    valkey: Valkey | None


@contextlib.contextmanager
def running(*, test: bool = False) -> Iterator[Services]:
    """Both servers up inside the block. ``test`` takes a cluster of its own without fsync.

    Raises LocalError when a server does not start; what did start is stopped again.
    """
    prefix = "test-" if test else ""
    var = var_dir()
    ensure_private(var / "keys")
    postgres = (
        None
        if os.environ.get("DATABASE_URL")
        else Postgres(var / f"{prefix}postgres", durable=not test)
    )
    valkey = (
        None if os.environ.get("REDIS_URL") else Valkey(var / f"{prefix}valkey", durable=not test)
    )
    with shared_use(var / f".{prefix}services") as use:
        try:
            with use.starting():
                env = key_files(var / "keys")
                env["DATABASE_URL"] = postgres.start() if postgres else os.environ["DATABASE_URL"]
                env["REDIS_URL"] = valkey.start() if valkey else os.environ["REDIS_URL"]
            yield Services(env, postgres, valkey)
        finally:
            if use.is_last():
                for server in (valkey, postgres):
                    if server:
                        server.stop()


class SharedUse:
    """A count of holders that survives any crash: locks on two files, released by the kernel."""

    def __init__(self, path: Path) -> None:
        self._holders = path.with_suffix(".holders").open("a")
        self._starting = path.with_suffix(".starting").open("a")
        os.set_inheritable(self._holders.fileno(), False)

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """One holder at a time starts servers; the next finds them running."""
        fcntl.flock(self._starting, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._holders, fcntl.LOCK_SH)
            yield
        finally:
            fcntl.flock(self._starting, fcntl.LOCK_UN)

    def is_last(self) -> bool:
        """True when nobody else holds the servers; nobody can join until this process ends."""
        fcntl.flock(self._starting, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._holders.close()
        self._starting.close()


@contextlib.contextmanager
def shared_use(path: Path) -> Iterator[SharedUse]:
    use = SharedUse(path)
    try:
        yield use
    finally:
        use.close()


def ensure_private(folder: Path) -> None:
    """A folder for secrets; its parent stays passable for PostgreSQL's own account."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)


def key_files(folder: Path) -> dict[str, str]:
    """Paths of this installation's keys, made on the first start and then kept.

    The master key wraps every workspace's data key: without it stored credentials cannot be read.
    Names given in the environment win.
    """
    found = {}
    for name, file_name in (("SECRET_KEY", "secret.key"), ("CANDY_MASTER_KEY", "master.key")):
        if os.environ.get(name) or os.environ.get(f"{name}_FILE"):
            continue
        path = folder / file_name
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(
                    secrets.token_urlsafe(64) if name == "SECRET_KEY" else secrets.token_hex(32)
                )
        found[f"{name}_FILE"] = str(path)
    return found


def main(argv: list[str]) -> int:
    """``exec [--test] -- command …``: the command's exit code, with the servers up around it."""
    if argv[:1] != ["exec"] or "--" not in argv:
        print("usage: python -m deploy.local.services exec [--test] -- command …", file=sys.stderr)
        return 2
    split = argv.index("--")
    command = argv[split + 1 :]
    load_dotenv()
    try:
        with running(test="--test" in argv[:split]) as services:
            return run_with(services.env, command)
    except LocalError as error:
        say(str(error))
        return 1


def run_with(env: dict[str, str], command: list[str]) -> int:
    """Run ``command`` in its own process group and pass signals on to the whole group."""
    path = os.pathsep.join([str(VENV_BIN), os.environ.get("PATH", "")])
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **env, "PATH": path},
        process_group=0,
        preexec_fn=end_with_parent,
    )

    def forward(number: int, _frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    code = child.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # what the command left behind goes with it
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
