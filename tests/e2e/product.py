"""The whole product on this test's database: web, worker, clock, sandbox, each a real process."""

from __future__ import annotations

import os
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.fleet import Fleet, fleet, own_valkey, wait_until

ARTEFACTS = Path(os.environ.get("CANDY_ARTEFACTS", "var/artefacts/e2e"))


@dataclass
class Product:
    url: str
    sandbox: str
    mail: Path
    fleet: Fleet


@contextmanager
def running(folder: Path, *, allow: tuple[str, ...] = ()) -> Iterator[Product]:
    """Start everything; ``allow`` are host:port pairs that the crawler may reach."""
    web_port, sandbox_port = free_port(), free_port()
    url, sandbox = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{sandbox_port}"
    mail = folder / "mail"
    with own_valkey(folder) as (_, redis_url):
        settings = {
            "CANDY_PUBLIC_URL": url,
            "CANDY_SANDBOX_URL": sandbox,
            "CANDY_OUTBOUND_ALLOW": ",".join((f"127.0.0.1:{sandbox_port}", *allow)),
            "CANDY_VAR": str(folder),
            "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
            "CANDY_TEST_MAIL": str(mail),
        }
        with fleet(folder, redis_url, **settings) as processes:
            _serve(processes, "apps.integrations.sandbox.asgi:application", sandbox_port)
            _serve(processes, "config.asgi:application", web_port)
            processes.worker()
            processes.clock()
            for address in (f"{sandbox}/", f"{url}/livez"):
                wait_until(lambda address=address: _answers(address), 40, processes.logs)
            yield Product(url, sandbox, mail, processes)


@contextmanager
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CANDY_CHROMIUM", "/usr/bin/chromium")
    default = "--no-sandbox --disable-gpu --disable-background-networking"
    arguments = os.environ.get("CANDY_CHROMIUM_ARGS", default).split()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(processes: Fleet, application: str, port: int) -> None:
    command = ["-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    processes._start("web", [sys.executable, *command, "--no-access-log"])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
