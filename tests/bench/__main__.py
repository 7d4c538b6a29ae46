"""``python -m tests.bench [name …]``: run every ``bench_<name>.py`` here, or those named.

Each has ``measure() -> Iterator[Line]`` and gets a test database of its own.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"

import django

django.setup()

from tests.bench.table import Line, render  # noqa: E402  Django first
from tests.support import database  # noqa: E402


def main(wanted: list[str]) -> int:
    names = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    chosen = [name for name in names if not wanted or name.removeprefix("bench_") in wanted]
    lines: list[Line] = []
    for name in chosen:
        made = database.create(f"bench_{os.getpid()}")
        try:
            for line in import_module(f"tests.bench.{name}").measure():
                lines.append(line)
                print(f"… {line.name}: {line.value}", file=sys.stderr, flush=True)
        finally:
            database.destroy(made)
    print(render(lines))
    return 1 if any(line.is_met is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
