"""A workspace with a channel on a simulated network that answers over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.knisoci.models import Target
from apps.knisoci.services import channels, posts, publishing, settling
from apps.orchestrator import Defer, Landed, OutcomeUnknown, StillUnknown
from apps.workspaces.types import Actor
from tests.support.networks import Networks, running_networks
from tests.support.publishing import Files, media_files


@pytest.fixture(scope="session")
def network_server() -> Iterator[Networks]:
    with running_networks() as networks:
        yield networks


@pytest.fixture
def network(network_server: Networks, settings: Any, tmp_path: Any) -> Networks:
    """A fresh Mastodon that accepts everything; settle times of a tenth."""
    network_server.control(scenario="success", reset=True)
    settings.CANDY_OUTBOUND_ALLOW = [f"127.0.0.1:{network_server.port}"]
    settings.CANDY_SANDBOX_URL = network_server.url
    settings.CANDY_SETTLE_SCALE = 0.05
    settings.CANDY_PUBLISH_TIMEOUT = 2
    settings.MEDIA_ROOT = tmp_path
    return network_server


@pytest.fixture
def actor(in_workspace: Any) -> Actor:
    return Actor.system(in_workspace)


@pytest.fixture
def make_channel(actor: Actor, network: Networks) -> Callable[..., Any]:
    from apps.integrations.services import connections

    def make(login: str = "maren", **details: Any) -> Any:
        connection = connections.connect(
            actor=actor,
            provider="mastodon",
            values={"host": f"{network.url}/mastodon", "token": f"sandbox-{login}"},
        )
        return channels.add(actor=actor, connection=connection, name=login.title(), **details)

    return make


@pytest.fixture
def channel(make_channel: Callable[..., Any]) -> Any:
    return make_channel(time_zone="Europe/Berlin")


@pytest.fixture
def make_target(actor: Actor, channel: Any) -> Callable[..., Target]:
    """A post with one variant, scheduled for now unless `when` says otherwise (None: a draft)."""

    def make(
        text: str = "Hello there", *, when: Any = "now", on: Any = None, **more: Any
    ) -> Target:
        where = on or channel
        post = posts.create(
            actor=actor, title=text[:40], variants=[{"channel": where, "text": text, **more}]
        )
        if when is not None:
            posts.schedule(actor=actor, post=post, when=when)
        return Target.objects.select_related("channel__connection", "post", "variant").get(
            post=post
        )

    return make


def again(target: Target) -> Target:
    return Target.objects.select_related("channel__connection", "post", "variant").get(pk=target.pk)


def run(target: Target, *, seconds: float = 10) -> Target:
    """What the clock and a worker do: run, look when in doubt, come back when told to."""
    end = time.monotonic() + seconds
    doubt = False
    while time.monotonic() < end:
        row = again(target)
        if doubt:
            verdict = settling.reconcile(target=row.pk, job_id=row.job_id)
            if isinstance(verdict, Landed):
                return again(target)
            if isinstance(verdict, StillUnknown):
                assert verdict.retry_at is not None
                _sleep_until(verdict.retry_at)
                continue
            doubt = False
        try:
            publishing.publish(target=row.pk, job_id=row.job_id)
        except OutcomeUnknown:
            doubt = True
        except Defer as later:
            if later.run_at > timezone.now() + timedelta(seconds=seconds):
                return again(target)
            _sleep_until(later.run_at)
        else:
            return again(target)
    raise AssertionError(f"{target} did not come to rest: {again(target).state}")


def _sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - timezone.now()).total_seconds()) + 0.01)


@pytest.fixture
def files(settings: Any, network: Networks) -> Iterator[Files]:
    with media_files(settings) as found:
        yield found


@pytest.fixture
def stage(
    key: str, actor: Actor, network: Networks, files: Files, monkeypatch: Any, settings: Any
) -> Any:
    """A channel on the simulated network `key`; see tests.knisoci.stage."""
    from apps.integrations import providers
    from apps.knisoci import content
    from tests.knisoci.stage import Stage

    settings.CANDY_PUBLISH_TIMEOUT = 1
    made = Stage(providers.get(key), actor, network, files)
    monkeypatch.setattr(content, "build", made.build)
    return made
