"""What production is started from: Procfile, compose file, image, CI."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.child import parse_procfile
from deploy.local.compose import client
from deploy.local.valkey import free_port
from tests.deploy.conftest import ROOT

COMPOSE = ROOT / "deploy" / "compose.yaml"
SECRETS = {
    "SECRET_KEY": "x" * 64,
    "CANDY_MASTER_KEY": "0" * 64,
    "CANDY_PUBLIC_URL": "https://candy.example",
    "CANDY_ALLOWED_HOSTS": "candy.example",
}

SLOW_APP = """
import asyncio
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive(); await send({"type": "lifespan.startup.complete"})
        await receive(); await send({"type": "lifespan.shutdown.complete"}); return
    await asyncio.sleep(1.0 if scope["path"] == "/slow" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"whole answer"})
"""


def test_the_web_process_finishes_requests_in_flight_on_sigterm(tmp_path: Path) -> None:
    """Ten requests are waiting for their answer when SIGTERM arrives: all ten get it."""
    (tmp_path / "slow.py").write_text(SLOW_APP)
    port = free_port()
    line = parse_procfile(ROOT / "Procfile")["web"].replace("config.asgi", "slow")
    process = subprocess.Popen(
        ["sh", "-c", f"exec {line}".replace("python", sys.executable, 1)],
        cwd=tmp_path,
        env={**os.environ, "PORT": str(port), "WEB_CONCURRENCY": "1"},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_answering(f"http://127.0.0.1:{port}/")
        answers: list[bytes] = []

        def ask() -> None:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/slow", timeout=10) as answer:
                answers.append(answer.read())

        threads = [threading.Thread(target=ask) for _ in range(10)]
        for thread in threads:
            thread.start()
        time.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert answers == [b"whole answer"] * 10
        process.wait(10)
    finally:
        process.kill()
        process.wait()


def wait_until_answering(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"{url} never answered"
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


def test_compose_starts_every_line_of_the_procfile(compose: dict[str, Any]) -> None:
    lines = set(parse_procfile(ROOT / "Procfile"))
    commands = {
        service["command"][0] for service in compose["services"].values() if service.get("build")
    }
    assert commands == lines


def test_compose_serves_only_after_the_release_step(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service.get("build") and name != "release":
            waits = service["depends_on"]
            assert waits == {"release": {"condition": "service_completed_successfully"}}, name


def test_compose_opens_no_port_of_the_inside_to_the_network(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert name == "proxy" or str(port).startswith("127.0.0.1:"), f"{name} opens {port}"


def test_compose_holds_no_secret_of_its_own(compose: dict[str, Any]) -> None:
    for name in ("SECRET_KEY", "CANDY_MASTER_KEY"):
        assert compose["services"]["web"]["environment"][name].startswith(f"${{{name}:?")


def config(file: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What the compose client says of ``file``, with every profile."""
    return subprocess.run(
        [*client(), "-f", str(file), "--env-file", os.devnull, "--profile", "*", "config", "--format", "json"],
        env={**{name: text for name, text in os.environ.items() if name not in SECRETS}, **env},
        capture_output=True, text=True,
    )  # fmt: skip


def test_the_compose_client_accepts_the_file(compose: dict[str, Any]) -> None:
    done = config(COMPOSE, **SECRETS)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["services"]) == set(compose["services"])


@pytest.mark.parametrize("name", SECRETS)
def test_the_compose_client_asks_for_what_has_no_default(name: str) -> None:
    given = {other: text for other, text in SECRETS.items() if other != name}
    done = config(COMPOSE, **given)
    assert done.returncode != 0
    assert f"set {name}" in done.stderr


def test_the_compose_client_refuses_a_key_that_means_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("stop_grace_period", "stop_grace_priod", 1))
    done = config(wrong, **SECRETS)
    assert done.returncode != 0
    assert "stop_grace_priod" in done.stderr


def test_the_image_copies_only_what_exists_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    sources = []
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            sources += line.split()[1:-1]
    allowed = (ROOT / ".dockerignore").read_text().split()
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(f"!{source.rstrip('/')}".startswith(rule) for rule in allowed if rule != "*"), (
            f"{source} is hidden by .dockerignore"
        )
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["candy"]
    assert "--require-hashes" in "\n".join(lines)


def test_the_entrypoint_runs_the_procfiles_line_and_anything_else_as_it_stands(
    tmp_path: Path,
) -> None:
    script = (ROOT / "deploy" / "entrypoint").read_text()
    (tmp_path / "Procfile").write_text("web: echo serving on ${PORT:-8000}\nclock: echo tick\n")
    entry = tmp_path / "entrypoint"
    entry.write_text(script.replace("/app/Procfile", str(tmp_path / "Procfile")))

    def said(*arguments: str, **env: str) -> str:
        command = ["sh", str(entry), *arguments]
        return subprocess.check_output(command, env={**os.environ, **env}, text=True).strip()

    assert said("web", PORT="9000") == "serving on 9000"
    assert said("clock") == "tick"
    assert said("printf", "%s", "as it stands") == "as it stands"


def test_ci_runs_what_a_person_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step.get("run") for step in workflow["jobs"]["test"]["steps"]]
    assert ".ci/run" in steps
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_help_lists_every_command_with_what_it_does() -> None:
    shown = subprocess.check_output(["make", "--no-print-directory", "help"], cwd=ROOT, text=True)
    names = "run test check fmt demo bench chaos lighthouse clean help"
    for name in names.split():
        assert re.search(rf"^  make {name} +\S+", shown, re.MULTILINE), name


def test_every_setting_of_the_example_is_read_somewhere() -> None:
    example = (ROOT / ".env.example").read_text()
    names = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    assert len(names) > 20
    sources = "".join(path.read_text() for path in (ROOT / "config").rglob("*.py"))
    sources += (ROOT / "Procfile").read_text()
    by_others = {"FORWARDED_ALLOW_IPS"}  # uvicorn
    assert {name for name in names if name not in sources} - by_others == set()
