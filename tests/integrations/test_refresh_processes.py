"""Fifty workers on one account whose tokens die, rotate, and are cut off from their keeper."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations.models import Connection
from apps.integrations.services import sandbox
from apps.knisoci.models import Target
from apps.knisoci.services import channels, posts
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.fleet import Fleet, fleet, own_valkey, wait_until
from tests.support.networks import Networks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PROCESSES, THREADS, WAVE = 5, 10, 20


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    folder = tmp_path / "traps"
    folder.mkdir()
    return folder


@pytest.fixture
def crew(networks: Networks, tmp_path: Path, traps: Path) -> Iterator[Fleet]:
    with own_valkey(tmp_path) as (_, url):
        settings = {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CANDY_JOB_LEASE_SECONDS": "5",
            "CANDY_DISPATCH_SECONDS": "2",
            "CANDY_OUTBOUND_ALLOW": f"127.0.0.1:{networks.port}",
            "CANDY_SANDBOX_URL": networks.url,
            "CANDY_SETTLE_SCALE": "0.05",
            "CANDY_TEST_TRAPS": str(traps),
        }
        with fleet(tmp_path, url, **settings) as made:
            yield made


def test_one_refresh_for_each_expiry_and_no_post_lost(
    networks: Networks, crew: Fleet, traps: Path, workspace: Any
) -> None:
    """Three waves of posts; before each the token dies. Before two a worker is to be killed (-9)
    between the network's answer and our commit, with a refresh token that works once."""
    desk = networks.sandbox.simulators["x"].desk  # type: ignore[union-attr]
    desk.refreshed.clear()
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        kept = sandbox.connect(actor=actor, provider="x", login="maren")
        channel = channels.add(actor=actor, connection=kept)
    crew.clock()
    for _ in range(PROCESSES):
        crew.worker(
            threads=THREADS,
            include="tests.integrations.sabotaged_refresh",
            queues="publish,default",
        )
    sent = 0
    for wave, is_trapped in enumerate((True, False, True), start=1):
        if is_trapped:
            (traps / f"trap-{wave}").touch()
        with workspace_context(workspace):
            _end_access(networks, by_clock=wave == 2)
            for number in range(WAVE):
                post = posts.create(
                    actor=actor,
                    title="wave",
                    variants=[{"channel": channel, "text": f"Wave {wave}, post {number}"}],
                )
                posts.schedule(actor=actor, post=post, when="now")
            sent += WAVE
            out = Target.objects.filter(state="published")
            wait_until(lambda: out.count() >= sent, 60, lambda: _report(crew))  # noqa: B023
        assert sum(desk.refreshed.values()) == wave, "exactly one refresh for each expiry"
        for victim in [one for one in crew.processes if one.poll() == -signal.SIGKILL]:
            crew.processes.remove(victim)
            crew.worker(
                threads=THREADS,
                include="tests.integrations.sabotaged_refresh",
                queues="publish,default",
            )
    assert len(list(traps.glob("sprung-*"))) == 2
    assert networks.posts("x") == sent  # none lost, none doubled
    with workspace_context(workspace):
        assert Connection.objects.get().state == Connection.State.ACTIVE


def _end_access(networks: Networks, *, by_clock: bool) -> None:
    """Either our own clock knows that it ends, or the network refuses it in the middle of a call."""
    time.sleep(0.01)
    if by_clock:
        Connection.objects.update(expires_at=timezone.now() + timedelta(seconds=5))
    else:
        networks.control("x", scenario="expired")


def _report(crew: Fleet) -> str:
    states = Target.objects.values_list("state", "error")
    return f"{list(states)}\n{crew.logs()}"
