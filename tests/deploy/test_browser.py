"""A start without a browser gets one beside everything else, once, and never stumbles over it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from deploy.local import chromium
from deploy.local.console import Console
from deploy.local.paths import LocalError
from deploy.local.supervisor import Supervisor


@pytest.fixture
def bare(monkeypatch: Any, tmp_path: Path) -> Path:
    """A Linux machine without a browser; gives where npm's would lie."""
    monkeypatch.delenv("CANDY_CHROMIUM", raising=False)
    monkeypatch.setenv("CANDY_VAR", str(tmp_path))
    monkeypatch.setattr(chromium, "on_path", lambda: None)
    monkeypatch.setattr(sys, "platform", "linux")
    return chromium.fetched()


def test_it_is_missing_until_it_was_fetched_or_said(bare: Path, monkeypatch: Any) -> None:
    assert chromium.is_missing()
    bare.parent.mkdir(parents=True)
    bare.write_text("#!/bin/sh\n", encoding="ascii")
    assert not chromium.is_missing()
    bare.unlink()
    monkeypatch.setenv("CANDY_CHROMIUM", "off")
    assert not chromium.is_missing()
    monkeypatch.delenv("CANDY_CHROMIUM")
    monkeypatch.setattr(chromium, "on_path", lambda: "/usr/bin/chromium")
    assert not chromium.is_missing()


def test_a_machine_that_cannot_have_one_is_told_and_goes_on(
    bare: Path, monkeypatch: Any, capfd: Any
) -> None:
    def refused() -> Any:
        raise LocalError("npm failed")

    monkeypatch.setattr(chromium, "from_npm", refused)
    monkeypatch.setattr(os, "nice", lambda by: by)
    assert chromium.main() == 0
    assert "previews are drawn instead: npm failed" in capfd.readouterr().out


@pytest.mark.parametrize("ending", ["sys.exit(3)", "os.kill(os.getpid(), 9)", "None"])
def test_what_runs_aside_ends_alone_and_is_not_started_again(ending: str) -> None:
    supervisor = Supervisor({}, dict(os.environ), Console())
    code = f"import os, sys; print(1, flush=True); {ending}"
    supervisor.start_aside("aside", f'{sys.executable} -c "{code}"', dict(os.environ))
    deadline = time.monotonic() + 10
    while supervisor.children and time.monotonic() < deadline:
        supervisor.turn(0.05)
    assert supervisor.children == []
