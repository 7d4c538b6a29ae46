"""The proof of `make chaos`, small enough for every run of the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fleet import ROOT


@pytest.mark.slow
def test_workers_broker_and_database_may_die_and_each_post_goes_out_once(tmp_path: Path) -> None:
    result = tmp_path / "chaos.json"
    command = [sys.executable, "-m", "tests.chaos", "--only", "real", "--json", str(result)]
    command += ["--publishes", "60", "--workspaces", "6", "--spread", "5", "--kill-every", "2"]
    command += ["--networks", "mastodon,bluesky,x,threads,linkedin,pinterest"]
    command += ["--kills", "6", "--database-stops", "1", "--flushes", "1", "--limit", "240"]
    # The arena brings its own servers and settings.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "CANDY_VAR")
    }
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    (run,) = json.loads(result.read_text())
    assert (run["lost"], run["doubled"], run["stuck"]) == (0, 0, 0)
    assert run["accepted"] == run["publishes"] == 60
    assert run["workers killed"] >= 2
    assert run["PostgreSQL stopped"] == run["Valkey emptied"] == 1
