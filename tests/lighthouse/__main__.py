"""``make lighthouse``: the table for desktop and, for comparison, for a phone; 1 below the goal."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"

import django

django.setup()

from deploy.local import chromium  # noqa: E402  Django first
from tests.lighthouse.audit import ARTEFACTS, GOAL, render  # noqa: E402
from tests.lighthouse.product import demo  # noqa: E402
from tests.support import database  # noqa: E402


def main() -> int:
    os.environ.update(chromium.environment())
    made = database.create(f"lighthouse_{os.getpid()}")
    try:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
            demo(Path(name)) as (browser, pages),
        ):
            counted = [browser.audit(page, address) for page, address in pages.items()]
            print(f"Desktop (the goal: {GOAL} each)\n{render(counted)}", flush=True)
            phones = [
                browser.audit(page, address, device="phone", tries=1)
                for page, address in pages.items()
            ]
            print(f"\nA phone on a slow network (told, not held)\n{render(phones)}")
    finally:
        database.destroy(made)
    print(f"\nReports: {ARTEFACTS}")
    missed = [audit for audit in counted if not audit.is_met()]
    for audit in missed:
        print("\n".join(audit.complaints()), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
