"""What each network's headers say of its rates stands on the channel's page, with the time in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.http import Exchange
from apps.integrations.models import Connection
from apps.integrations.services import connections, meters, sandbox
from apps.knisoci.models import Channel
from apps.knisoci.services import channels
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.networks import Networks

# What each sends with every answer, as its documentation has it; the others send none.
TELL = {
    "bluesky": "3,000",
    "discord": "5",
    "facebook": "%",
    "instagram": "%",
    "mastodon": "300",
    "pinterest": "100",
    "threads": "%",
    "x": "100",
}
SILENT = {"linkedin", "slack", "telegram", "tiktok", "youtube"}


@pytest.fixture(autouse=True)
def empty_valkey(settings: Any) -> Any:
    """No memory of what networks said before; returns it, to be emptied again."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    return client


def connected(workspace: Any, key: str) -> Channel:
    actor = Actor.system(workspace)
    return channels.add(
        actor=actor, connection=sandbox.connect(actor=actor, provider=key, login="maren")
    )


def page_of(client: Any, workspace: Any, channel: Channel) -> str:
    found = client.get(f"/w/{workspace.slug}/channels/{channel.pk}/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


def test_every_network_is_in_one_of_the_lists() -> None:
    assert {one.key for one in providers.all_publishers()} == set(TELL) | SILENT


@pytest.mark.parametrize("key", TELL)
def test_headers_of_a_call_become_a_gauge(
    key: str, network: Networks, workspace: Any, admin: Any, client_for: Any
) -> None:
    """Through the adapter, the guarded client and the simulator's real headers."""
    with workspace_context(workspace):
        channel = connected(workspace, key)
        connections.check(actor=Actor.system(workspace), connection_id=channel.connection_id)
        told = [one for one in meters.meters(channel.connection) if one.kind == "rate"]
    assert told, "the network's headers were not read"
    assert all(one.by_network for one in told)
    groups = providers.get(key).capabilities.rates
    words = {f"Calls: {one.label}" if one.label else "Calls" for one in groups}
    assert {one.label for one in told} <= words | {"Calls", "Calls of the app"}
    page = page_of(client_for(admin), workspace, channel)
    assert "Calls" in page
    assert re.search(rf"\d (of )?{TELL[key]} ", page)


HOUR = 3600


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"x-rate-limit-limit": "900", "x-rate-limit-remaining": "880",
          "x-rate-limit-reset": "{epoch}"}, "20 of 900 · resets {at}"),
        ({"ratelimit-limit": "3000", "ratelimit-remaining": "0", "ratelimit-reset": "{epoch}"},
         "3,000 of 3,000 · room again {at}"),
        ({"x-ratelimit-limit": "300", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "{iso}"},
         "299 of 300 · resets {at}"),
        ({"x-ratelimit-limit": "100, 100;w=3600", "x-ratelimit-remaining": "40",
          "x-ratelimit-reset": "3600"}, "60 of 100 · resets {at}"),
        ({"x-ratelimit-limit": "5", "x-ratelimit-remaining": "1",
          "x-ratelimit-reset-after": "3600.0"}, "4 of 5 · resets {at}"),
        ({"x-business-use-case-usage":
          '{"1": [{"call_count": 100, "estimated_time_to_regain_access": 60}]}'},
         "Calls 100 % · room again {at}"),
        ({"x-app-usage": '{"call_count": 28, "total_time": 12}'}, "Calls of the app 28 %"),
    ],
)  # fmt: skip
def test_every_form_is_told_with_its_time_in_words(
    headers: dict[str, str],
    said: str,
    network: Networks,
    empty_valkey: Any,
    workspace: Any,
    admin: Any,
    client_for: Any,
) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=HOUR)
    spelt = {"{epoch}": str(int(ends.timestamp())), "{iso}": ends.isoformat()}
    with workspace_context(workspace):
        channel = connected(workspace, "mastodon")
        empty_valkey.flushdb()
        answered(channel.connection, 200, {n: spelt.get(v, v) for n, v in headers.items()})
    page = page_of(client_for(admin), workspace, channel)
    assert any(
        said.replace("{at}", moment(admin, ends + timedelta(seconds=late))) in page
        for late in (-60, 0, 60)
    ), page


def test_a_network_that_only_asks_to_wait_is_shown_as_resting(
    network: Networks, workspace: Any, admin: Any, client_for: Any
) -> None:
    """As Slack, LinkedIn and YouTube do: a 429 with a time, and no figures."""
    with workspace_context(workspace):
        channel = connected(workspace, "slack")
        answered(channel.connection, 429, {"retry-after": str(HOUR)})
    page = page_of(client_for(admin), workspace, channel)
    ends = timezone.now() + timedelta(seconds=HOUR)
    assert any(
        f"none for now · room again {moment(admin, ends + timedelta(seconds=late))}" in page
        for late in (-60, 0, 60)
    ), page


def answered(connection: Connection, status: int, headers: dict[str, str]) -> None:
    meters.learn(
        connection,
        Exchange(timezone.now(), "GET", connection.host, status, "", 5, "", "", 0, headers),
    )


def moment(person: Any, at: datetime) -> str:
    """As the page of `person` writes it."""
    local = timezone.localtime(at, person.tz if hasattr(person, "tz") else None)
    if local.date() == timezone.localtime(timezone.now(), local.tzinfo).date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b, %H:%M}"
