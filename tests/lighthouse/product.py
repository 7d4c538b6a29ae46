"""The demo data on this test's database, and production's web server in front of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.knisoci.models import Post
from apps.knisoci.showcase import seed
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import workspace_context
from tests.bench.web_server import ROOT, production_env, web_server
from tests.e2e.product import free_port
from tests.lighthouse.audit import Browser, chromium

EMAIL, PASSWORD = seed.EMAIL, seed.PASSWORD


@contextmanager
def demo(folder: Path) -> Iterator[tuple[Browser, dict[str, str]]]:
    """A browser that is signed in, and the addresses of the pages that have a promise to keep."""
    settings = _settings(folder)
    env = {**production_env(), **settings}
    for command in (["collectstatic", "--no-input", "-v0"], ["seed_demo"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True)
    with web_server(folder, workers=1, **settings) as port, chromium() as browser:
        address = f"http://127.0.0.1:{port}"
        browser.sign_in(address, email=EMAIL, password=PASSWORD)
        yield browser, {name: address + path for name, path in _paths().items()}


def _settings(folder: Path) -> dict[str, str]:
    sandbox = free_port()
    return {
        "DJANGO_SETTINGS_MODULE": "tests.lighthouse.settings",
        "CANDY_TEST_STATIC": str(folder / "static"),
        "CANDY_VAR": str(folder),
        "CANDY_SANDBOX_URL": f"http://127.0.0.1:{sandbox}",
        "CANDY_OUTBOUND_ALLOW": f"127.0.0.1:{sandbox}",
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore"),
    }


def _paths() -> dict[str, str]:
    workspace = Workspace.objects.get(slug=seed.SLUG)
    with workspace_context(workspace):
        post = Post.objects.latest("created_at")
    root = f"/w/{seed.SLUG}"
    return {
        "dashboard": f"{root}/",
        "calendar": f"{root}/calendar/",
        "composer": f"{root}/posts/{post.pk}/edit/",
    }
