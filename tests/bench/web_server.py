"""The production server on a port of its own, and a client that costs next to nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.support.fleet import database_url

ROOT = Path(__file__).resolve().parent.parent.parent


def production_env() -> dict[str, str]:
    """This process's environment turned into production's, on the same database and keys."""
    return {
        # A key in a file would win over the one given here.
        **{name: text for name, text in os.environ.items() if not name.endswith("_KEY_FILE")},
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,  # the same: it is in the session's digest
        "CANDY_MASTER_KEY": settings.CANDY_MASTER_KEY,
        "CANDY_PUBLIC_URL": "https://127.0.0.1",
        "CANDY_ALLOWED_HOSTS": "127.0.0.1",
        "CANDY_SSL_REDIRECT": "0",
        "CANDY_API_RATE_READ": "10000000/1000000",  # the limiter runs, and never says no
    }


@contextmanager
def web_server(folder: Path, *, workers: int, **changed: str) -> Iterator[int]:
    """The Procfile's web process under production settings, DEBUG off; yields its port."""
    port = _free_port()
    env = {**production_env(), **changed}
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)]
    command += ["--workers", str(workers), "--no-access-log", "--no-server-header"]
    command += ["--lifespan", "off", "--log-level", "warning"]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)
        try:
            _wait(port, process, folder / "web.log")
            yield port
        finally:
            process.terminate()
            process.wait(30)


class Browser:
    """One keep-alive connection. ``get`` answers status and body, asked for without compression."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port = port
        self._connect()
        lines = [f"{name}: {value}" for name, value in headers.items()]
        self._head = "\r\n".join(["Host: 127.0.0.1", *lines, "", ""])

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def get(self, path: str) -> tuple[int, bytes]:
        request = f"GET {path} HTTP/1.1\r\n{self._head}".encode()
        self._socket.sendall(request)
        first = self._file.readline()
        if not first:  # idle for so long that the server has hung up
            self.close()
            self._connect()
            self._socket.sendall(request)
            first = self._file.readline()
        status = int(first.split()[1])
        length, is_chunked = 0, False
        while (line := self._file.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            is_chunked = is_chunked or line == b"transfer-encoding: chunked"
        if not is_chunked:
            return status, self._file.read(length)
        body = b""
        while (size := int(self._file.readline(), 16)) > 0:
            body += self._file.read(size)
            self._file.readline()
        self._file.readline()
        return status, body

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            browser = Browser(port, {})
            status, _ = browser.get("/livez")
            browser.close()
            if status == 200:
                return
        except (OSError, IndexError, ValueError):
            time.sleep(0.2)
    raise RuntimeError(f"The web server did not start:\n{log.read_text()[-3000:]}")
