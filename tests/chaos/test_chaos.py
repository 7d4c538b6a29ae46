"""The proof of `make chaos` in every run of the tests: a thousand posts over all networks.

It runs after the others, with the machine to itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from apps.integrations import providers
from tests.support.fleet import ROOT


@pytest.mark.slow
def test_workers_broker_and_database_may_die_and_each_post_goes_out_once(tmp_path: Path) -> None:
    result = tmp_path / "chaos.json"
    command = [sys.executable, "-m", "tests.chaos", "--only", "real", "--json", str(result)]
    command += ["--publishes", "1000", "--workspaces", "26", "--limit", "600"]
    command += ["--database-stops", "2", "--flushes", "2"]
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
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    (run,) = json.loads(result.read_text())
    assert (run["lost"], run["doubled"], run["stuck"]) == (0, 0, 0)
    assert run["publishes"] == 1000
    assert {line["network"] for line in run["networks"]} == {
        provider.key for provider in providers.all_publishers()
    }
    assert run["faults"] >= 100
    assert run["workers killed"] >= 5
    assert run["PostgreSQL stopped"] == run["Valkey emptied"] == 2
