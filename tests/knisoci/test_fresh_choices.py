"""Networks that want their account's choices read for every form get them read when one is drawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations.models import Connection
from apps.integrations.services import sandbox
from apps.knisoci.models import Channel
from apps.knisoci.services import channels
from apps.workspaces.types import Actor
from tests.knisoci.test_pages import BASE, Signed, client_for
from tests.support.networks import Networks

__all__ = ["client_for"]  # a fixture


@pytest.fixture
def channel(actor: Actor, network: Networks) -> Channel:
    """A TikTok channel that was checked two minutes ago, when its creator could choose nothing."""
    network.control("tiktok", scenario="success", reset=True)
    connection = sandbox.connect(actor=actor, provider="tiktok", login="maren")
    made = channels.add(actor=actor, connection=connection)
    Connection.objects.filter(pk=connection.pk).update(
        limits=connection.limits | {"privacy": []},
        last_checked_at=timezone.now() - timedelta(minutes=2),
    )
    return made


def test_opening_the_composer_reads_what_the_creator_may_choose(
    channel: Channel, network: Networks, client_for: Signed, owner: Any
) -> None:
    page = client_for(owner).get(f"{BASE}/compose/")
    assert "MUTUAL_FOLLOW_FRIENDS" in page.content.decode()
    channel.connection.refresh_from_db()
    assert channel.connection.limits["privacy"]
    before = network.state("tiktok")["requests"]["all"]
    client_for(owner).get(f"{BASE}/compose/")
    assert network.state("tiktok")["requests"]["all"] == before, "read a moment ago"


def test_a_network_that_is_down_holds_up_no_page(
    channel: Channel, network: Networks, client_for: Signed, owner: Any
) -> None:
    network.control("tiktok", scenario="down")
    page = client_for(owner).get(f"{BASE}/compose/")
    network.control("tiktok", scenario="success")
    assert page.status_code == 200
    channel.connection.refresh_from_db()
    assert channel.connection.state == Connection.State.ACTIVE
