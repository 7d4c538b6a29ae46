"""``make test``: the checks, then every test, on a cluster of its own. Arguments go to pytest.

With arguments only pytest runs. Both parts always run, so that one round shows all that is wrong;
either failing fails the whole.
"""

from __future__ import annotations

import os
import sys

from deploy.local import chromium, services
from deploy.local.paths import LocalError, load_dotenv, paint, say

ALONE = ("tests/chaos", "tests/lighthouse")


def workers() -> str:
    """Processes for pytest: one a core, at most four, because each has a database of its own."""
    return os.environ.get("PYTEST_WORKERS") or str(min(os.cpu_count() or 1, 4))


def run_tests(env: dict[str, str], arguments: list[str]) -> int:
    """Spread over the cores; what needs the machine to itself comes after it: servers that are killed
    under load, and the scores of pages. Arguments run as they are."""
    pytest = [sys.executable, "-m", "pytest"]
    spread = ["-n", workers(), "--dist", "loadfile"]
    if arguments:
        return services.run_with(env, [*pytest, *spread, *arguments])
    spread_out = services.run_with(env, [*pytest, *spread, *(f"--ignore={one}" for one in ALONE)])
    if spread_out > 128:  # someone pressed Ctrl-C
        return spread_out
    return spread_out or services.run_with(env, [*pytest, *ALONE])


def main(arguments: list[str]) -> int:
    load_dotenv()
    try:
        browser = chromium.environment()
        with services.running(test=True) as servers:
            env = {**servers.env, **browser, "OMP_NUM_THREADS": "1"}
            checked = 0
            if not arguments:
                checked = services.run_with(env, [sys.executable, "-m", "deploy.local.check"])
                if checked > 128:  # someone pressed Ctrl-C
                    return checked
            tested = run_tests(env, arguments)
    except LocalError as error:
        say(paint(str(error), "31"))
        return 1
    if checked:
        say(paint("the tests ran, but checks failed before them: see above", "31"))
    return tested or checked


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
