"""Posts on their way to networks that take 100 ms for every answer: lateness, rate, fairness."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.integrations.services import sandbox
from apps.knisoci.models import Target
from apps.knisoci.services import channels
from apps.knisoci.transitions import TargetState
from apps.workspaces.models import Workspace
from apps.workspaces.services import provisioning
from apps.workspaces.tenancy import provision, workspace_context
from apps.workspaces.types import Actor
from deploy.local.processes import end_with_parent
from deploy.local.valkey import free_port
from tests.bench.table import Line, median, percentile
from tests.support import planning
from tests.support.fleet import ROOT, Fleet, fleet, own_valkey
from tests.support.networks import Networks

SPACES, PER_SPACE, LATENCY = 50, 20, 0.1
FLOOD, FEW = 10_000, 10
FULL_SECONDS = 20  # for so long all workers have as much to do as they can
NETWORKS = ("mastodon", "bluesky", "x", "linkedin")


def measure() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with own_valkey(folder) as (_, url), _networks(folder) as networks:
            allow = f"127.0.0.1:{networks.port}"
            settings.CANDY_OUTBOUND_ALLOW, settings.CANDY_SANDBOX_URL = [allow], networks.url
            told = {
                "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
                "CANDY_OUTBOUND_ALLOW": allow,
                "CANDY_SANDBOX_URL": networks.url,
            }
            with fleet(folder, url, **told) as crew:
                crew.clock()
                for _ in range(2):  # as the Procfile has it, one for each core
                    crew.worker(threads=16, queues="publish", include="apps.knisoci.actions")
                yield from _within_a_minute(crew, networks)
                yield from _few_beside_many(crew, networks)


def _within_a_minute(crew: Fleet, networks: Networks) -> Iterator[Line]:
    """1,000 posts over 50 workspaces and four networks, due in the course of one minute."""
    places = []
    for number in range(SPACES):
        space = _workspace(f"minute-{number}")
        with workspace_context(space):
            places.append((space, _channel(space, NETWORKS[number % len(NETWORKS)], number)))
    begin = timezone.now() + timedelta(seconds=45)
    step = 60 / (SPACES * PER_SPACE)
    for number, (space, channel) in enumerate(places):
        due = [begin + timedelta(seconds=step * (n * SPACES + number)) for n in range(PER_SPACE)]
        _plan(space, channel, due, f"minute {number}")
    assert timezone.now() < begin, "planning took too long"
    _latency(networks, LATENCY)
    spaces = [space for space, _ in places]
    _wait(spaces, SPACES * PER_SPACE, 240, crew)
    _latency(networks, 0)
    rows = [row for space in spaces for row in _starts(space)]
    late = [(started - due).total_seconds() for due, started, _ in rows]
    took = (max(done for _, _, done in rows) - min(due for due, _, _ in rows)).total_seconds()
    p50, p99, first = median(late), percentile(late, 0.99), min(late)
    name = "1,000 posts in a minute, 50 workspaces, 100 ms"
    yield Line(f"{name}: lateness p50", f"{p50:.2f} s", "2 s", p50 <= 2)
    yield Line(f"{name}: lateness p99", f"{p99:.2f} s", "10 s", p99 <= 10)
    yield Line(f"{name}: earliest", f"{first:+.3f} s", "none early", first >= 0)
    yield Line(f"{name}: publications", f"{len(rows) / took:.1f}/s")


def _few_beside_many(crew: Fleet, networks: Networks) -> Iterator[Line]:
    """Ten posts of one workspace, due together with ten thousand of another."""
    many, few = _workspace("flood"), _workspace("few")
    due = timezone.now() + timedelta(seconds=60)
    for space, posts, accounts in ((many, FLOOD, 20), (few, FEW, 2)):
        for number in range(accounts):
            with workspace_context(space):
                channel = _channel(space, "mastodon", number)
            _plan(space, channel, [due] * (posts // accounts), f"{space.slug} {number}")
    assert timezone.now() < due, "planning took too long"
    _latency(networks, LATENCY)
    _wait([few], FEW, 120, crew)
    time.sleep(max(0.0, (due - timezone.now()).total_seconds() + FULL_SECONDS))
    with workspace_context(few):
        last = max(Target.objects.values_list("published_at", flat=True))
    with workspace_context(many):
        now, out = timezone.now(), Target.objects.filter(state=TargetState.PUBLISHED).count()
    seconds, rate = (last - due).total_seconds(), out / (now - due).total_seconds()
    met = seconds <= 10 and out < FLOOD / 2
    yield Line(f"{FEW} posts beside {FLOOD:,} due: all out after", f"{seconds:.1f} s", "10 s", met)
    yield Line(f"{FLOOD:,} due at once, 20 accounts, 100 ms: publications", f"{rate:.1f}/s")


@contextmanager
def _networks(folder: Path) -> Iterator[Networks]:
    """The simulated networks in a process of their own."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "apps.integrations.sandbox.asgi:application"]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--no-access-log", "--log-level", "warning"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent,
        )
    try:
        networks = Networks(port)
        for _ in range(200):
            try:
                networks.state()
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield networks
    finally:
        process.kill()
        process.wait(10)


def _latency(networks: Networks, seconds: float) -> None:
    for key in NETWORKS:
        networks.control(key, latency=seconds)


def _workspace(slug: str) -> Workspace:
    workspace = provisioning._new_row("ready", slug, slug.title(), "UTC", True)
    provision.replay(provisioning.template_sql(), workspace.schema_name)
    return workspace


def _channel(space: Workspace, key: str, number: int) -> Any:
    actor = Actor.system(space)
    login = f"{space.slug}{number}".replace("-", "")
    account = sandbox.connect(actor=actor, provider=key, login=login)
    return channels.add(actor=actor, connection=account)


def _plan(space: Workspace, channel: Any, due: Sequence[datetime], name: str) -> None:
    texts = [f"Post {name} {number}" for number in range(len(due))]
    with workspace_context(space):
        planning.plan(actor=Actor.system(space), channel=channel, texts=texts, due=due)


def _wait(spaces: Sequence[Workspace], count: int, seconds: float, crew: Fleet) -> None:
    union = " UNION ALL ".join(
        f"SELECT count(*) AS n FROM \"{space.schema_name}\".knisoci_target WHERE state = 'published'"
        for space in spaces
    )
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT sum(n) FROM ({union}) AS t")
            if cursor.fetchone()[0] == count:
                return
        time.sleep(0.25)
    raise AssertionError(f"Not all {count} posts went out.\n{crew.logs()[-4000:]}")


def _starts(space: Workspace) -> list[tuple[datetime, datetime, datetime]]:
    """Due, begun and published, of every post of `space`."""
    with connection.cursor() as cursor:
        schema = space.schema_name
        cursor.execute(
            "SELECT t.due_at, min(a.created_at), t.published_at"
            f' FROM "{schema}".knisoci_target t JOIN "{schema}".knisoci_attempt a'
            " ON a.target_id = t.id GROUP BY t.id"
        )
        return list(cursor.fetchall())
