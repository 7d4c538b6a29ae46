"""Production settings: they pass Django's own check, and refuse to start without their secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.check import production_env

ROOT = Path(__file__).resolve().parents[2]
NEEDED = [
    "SECRET_KEY",
    "CANDY_MASTER_KEY",
    "CANDY_ALLOWED_HOSTS",
    "CANDY_PUBLIC_URL",
    "DATABASE_URL",
    "REDIS_URL",
]


def manage(
    *arguments: str, tmp_path: Path, without: str = "", **changed: str
) -> subprocess.CompletedProcess[str]:
    """``manage.py`` in production, on an empty var folder, as a container starts it."""
    env = {"PATH": os.environ["PATH"], "CANDY_VAR": str(tmp_path)}
    env |= {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    env.setdefault("DATABASE_URL", "postgresql://candy@/candy?host=/nowhere")
    env.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
    env |= production_env() | changed
    env.pop(without, None)
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=env, capture_output=True, text=True,
    )  # fmt: skip


def test_production_passes_check_deploy(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", tmp_path=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NEEDED)
def test_production_does_not_start_without(name: str, tmp_path: Path) -> None:
    done = manage("check", tmp_path=tmp_path, without=name)
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "too-short"),
        ("CANDY_ALLOWED_HOSTS", "*"),
        ("CANDY_PUBLIC_URL", "http://candy.example"),
        ("CANDY_SSL_REDIRECT", "perhaps"),
        ("CANDY_HSTS_SECONDS", "-1"),
        ("CANDY_LOG_FORMAT", "xml"),
    ],
)
def test_production_refuses_nonsense_by_name(name: str, value: str, tmp_path: Path) -> None:
    done = manage("check", tmp_path=tmp_path, **{name: value})
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


SHOW = """
import json, sys
from django.conf import settings as s
from django.test import Client
answer = Client().get('/accounts/login/', headers={'host': 'candy.example'})
secure = Client().get('/livez', secure=True, headers={'host': 'candy.example'})
print(json.dumps({
    'debug': s.DEBUG, 'session': s.SESSION_COOKIE_NAME, 'csrf': s.CSRF_COOKIE_NAME,
    'secure': [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE],
    'redirect': [answer.status_code, answer.get('Location', '')], 'live': secure.status_code,
}))
"""


def test_production_is_https_only_with_host_bound_cookies(tmp_path: Path) -> None:
    done = manage("shell", "--no-imports", "-c", SHOW, tmp_path=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])
    assert shown["debug"] is False
    assert shown["session"].startswith("__Host-")
    assert shown["csrf"].startswith("__Host-")
    assert shown["secure"] == [True, True]
    assert shown["redirect"] == [301, "https://candy.example/accounts/login/"]
    assert shown["live"] == 200
