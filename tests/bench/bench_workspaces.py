"""Making a workspace: claimed from the pool, and replayed when the pool is empty."""

from __future__ import annotations

import time
from collections.abc import Iterator

from apps.accounts.models import User
from apps.workspaces.services import access, provisioning
from tests.bench.table import Line, median

ROUNDS = 5
CLAIM, REPLAY, DOOR = 0.050, 3.0, 0.010  # seconds


def measure() -> Iterator[Line]:
    owner = User.objects.create_user("bench@candy.example")
    provisioning.refill_pool(size=ROUNDS)
    for name, goal in (("claimed from the pool", CLAIM), ("replayed, empty pool", REPLAY)):
        took = []
        for number in range(ROUNDS):
            started = time.perf_counter()
            slug = f"bench-{goal}-{number}".replace(".", "-")
            provisioning.create_workspace(owner=owner, name="Bench", slug=slug)
            took.append(time.perf_counter() - started)
        found = median(took)
        yield Line(
            f"workspace, {name}", f"{found * 1000:.1f} ms", f"< {goal * 1000:.0f} ms", found < goal
        )
    took = []
    for _ in range(200):
        started = time.perf_counter()
        access.by_person(user=owner, slug="bench-3-0-0")
        took.append(time.perf_counter() - started)
    found = median(took)
    yield Line("the door: person to actor", f"{found * 1000:.2f} ms", "< 10 ms", found < DOOR)
