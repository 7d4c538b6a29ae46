"""Pages and the API under the production server, on a workspace with 500 posts."""

from __future__ import annotations

import gzip
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.seeding import Seeded, seed
from tests.bench.table import Line, median
from tests.bench.web_server import Browser, web_server

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "120"))
CLIENTS, SECONDS = 8, 6.0
MAX_QUERIES = 12


class Goal(NamedTuple):
    """``ms`` is the p50 to reach, ``kb`` the compressed size; None where none was set."""

    name: str
    path: str
    ms: float | None
    kb: float | None = None


def measure() -> Iterator[Line]:
    seeded = seed()
    goals = _goals(seeded)
    with tempfile.TemporaryDirectory() as name, web_server(Path(name), workers=2) as port:
        page = Browser(port, {"Cookie": f"__Host-candy-session={seeded.session}"})
        program = Browser(port, {"Authorization": f"Bearer {seeded.key}"})
        base, _ = _p50(page, "/livez")
        yield Line("GET /livez, no database", f"{base:.1f} ms")
        bare, _ = _p50(program, "/api/v1/me")
        yield Line("GET /api/v1/me, one query", f"{bare:.1f} ms")
        for goal in goals:
            browser = program if goal.path.startswith("/api/") else page
            yield from _lines(goal, browser, seeded)
        rate = _per_second(port, seeded, "/api/v1/w/acme/posts?limit=50")
        yield Line(
            f"list API of 50 posts, {CLIENTS} clients", f"{rate:.0f}/s", "200/s", rate >= 200
        )


def _goals(seeded: Seeded) -> list[Goal]:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = {
        "start": (today - timedelta(days=15)).isoformat(),
        "end": (today + timedelta(days=30)).isoformat(),
    }
    return [
        Goal("dashboard", "/w/acme/", None),
        Goal("composer", f"/w/acme/posts/{seeded.post}/edit/", 40),
        Goal("calendar, the page", "/w/acme/calendar/", 50, 60),
        Goal("calendar, its 500 posts", f"/w/acme/calendar/feed/?{urlencode(span)}", 50, 60),
        Goal("list API of 50 posts", "/api/v1/w/acme/posts?limit=50", 10),
    ]


def _lines(goal: Goal, browser: Browser, seeded: Seeded) -> Iterator[Line]:
    ms, body = _p50(browser, goal.path)
    wanted = "" if goal.ms is None else f"{goal.ms:.0f} ms p50"
    yield Line(goal.name, f"{ms:.1f} ms", wanted, None if goal.ms is None else ms <= goal.ms)
    if goal.kb is not None:
        size = len(gzip.compress(body, 6)) / 1000
        yield Line(
            f"{goal.name}, compressed", f"{size:.1f} kB", f"{goal.kb:.0f} kB", size <= goal.kb
        )
    queries = _queries(goal.path, seeded)
    yield Line(
        f"{goal.name}, queries", str(queries), f"at most {MAX_QUERIES}", queries <= MAX_QUERIES
    )


def _p50(browser: Browser, path: str) -> tuple[float, bytes]:
    """Milliseconds in the middle of ROUNDS, after a few to warm up; and the last body."""
    times = []
    body = b""
    for number in range(ROUNDS + 10):
        started = time.perf_counter()
        status, body = browser.get(path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}: {body[:300]!r}")
        if number >= 10:
            times.append((time.perf_counter() - started) * 1000)
    return median(times), body


def _queries(path: str, seeded: Seeded) -> int:
    client = Client()
    client.cookies["sessionid"] = seeded.session
    headers = {"Authorization": f"Bearer {seeded.key}"} if path.startswith("/api/") else {}
    client.get(path, headers=headers)  # what is learnt once is not of every request
    with CaptureQueriesContext(
        connection,
    ) as seen:
        response = client.get(path, headers=headers)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}")
    return sum(not query["sql"].startswith("SET search_path") for query in seen.captured_queries)


def _per_second(port: int, seeded: Seeded, path: str) -> float:
    """Answers per second over SECONDS, from CLIENTS keep-alive connections."""
    counts = [0] * CLIENTS
    end = time.perf_counter() + SECONDS

    def ask(number: int) -> None:
        browser = Browser(port, {"Authorization": f"Bearer {seeded.key}"})
        while time.perf_counter() < end:
            status, _ = browser.get(path)
            if status == 200:
                counts[number] += 1
        browser.close()

    threads = [threading.Thread(target=ask, args=[number]) for number in range(CLIENTS)]
    started = time.perf_counter()
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return sum(counts) / (time.perf_counter() - started)
