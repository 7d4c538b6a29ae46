"""``make check``: every rule that a machine can hold, in one table. CI runs the same.

Run inside ``deploy.local.services exec``: the migration check wants a database to ask.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.paths import ROOT, STATIC, node_env, paint, say


@dataclass(frozen=True)
class Check:
    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    folder: Path = ROOT


def production_env() -> dict[str, str]:
    """What production wants to be told, made up for the check and thrown away."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "CANDY_MASTER_KEY": secrets.token_hex(32),
        "CANDY_ALLOWED_HOSTS": "candy.example",
        "CANDY_PUBLIC_URL": "https://candy.example",
        "CANDY_METRICS_TOKEN": secrets.token_urlsafe(32),
    }


def checks() -> list[Check]:
    """Slowest first, so that two at a time end together."""
    python = sys.executable
    templates = [str(path) for path in [ROOT / "templates", *ROOT.glob("apps/*/templates")]]
    manage = [python, "manage.py"]
    found = [
        Check("types", [python, "-m", "mypy"]),
        Check("format", [python, "-m", "ruff", "format", "--check", "."]),
        Check("lint", [python, "-m", "ruff", "check", "."]),
        Check("import rules", [str(ROOT / ".venv/bin/lint-imports"), "--no-cache"]),
        Check("migrations", [*manage, "makemigrations", "--check", "--dry-run"]),
        Check(
            "deploy settings",
            [*manage, "check", "--deploy", "--fail-level", "WARNING"],
            production_env(),
        ),
    ]
    existing = [path for path in templates if os.path.isdir(path)]  # noqa: PTH112
    if existing:
        found.insert(
            1, Check("templates", [python, "-m", "djlint", "--lint", "--quiet", *existing])
        )
    if (STATIC / "tsconfig.json").is_file():
        compiler = STATIC / "node_modules/.bin/tsc"
        found.insert(
            1, Check("browser types", [str(compiler), "--noEmit", "-p", str(STATIC)], node_env())
        )
    if (STATIC / "node_modules/.bin/vitest").exists():
        found.insert(
            1, Check("browser units", ["node_modules/.bin/vitest", "run"], node_env(), STATIC)
        )
    return found


def run(check: Check) -> tuple[Check, int, str, float]:
    started = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=check.folder,
        env={**os.environ, **check.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return check, done.returncode, done.stdout, time.monotonic() - started


def main() -> int:
    """Run all of them, show what failed in full, and return how many failed (at most 1)."""
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, code, output, seconds in pool.map(run, checks()):
            if code:
                failed.append(check.name)
                say(f"{paint('✗', '31')} {check.name} ({seconds:.1f} s)")
                print(output.rstrip(), flush=True)
            else:
                say(f"{paint('✓', '32')} {check.name} ({seconds:.1f} s)")
    if failed:
        say(paint(f"checks failed: {', '.join(failed)}", "31"))
        return 1
    say("all checks passed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
