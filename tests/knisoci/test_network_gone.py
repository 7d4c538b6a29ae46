"""A network whose folder was deleted takes nothing with it: pages stand, plans rest, doubts are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.services import connections, meters, refreshing
from apps.knisoci.errors import ChannelDisconnected
from apps.knisoci.models import Target
from apps.knisoci.services import posts, publishing
from apps.knisoci.transitions import TargetState
from apps.knisoci.web import present, previews
from apps.orchestrator import OutcomeUnknown
from apps.workspaces.types import Actor
from tests.knisoci.conftest import again, run
from tests.knisoci.test_pages import BASE, Signed, client_for

__all__ = ["client_for"]  # a fixture
S = TargetState


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """As if the folder of network `key` had been deleted before this process began."""
    caches = (present.network, previews.look)

    def forget() -> None:
        for one in caches:
            one.cache_clear()

    def delete(key: str) -> None:
        left = {name: one for name, one in providers._registry().items() if name != key}
        monkeypatch.setattr(providers, "_registry", lambda: left)
        forget()

    yield delete
    monkeypatch.undo()
    forget()


@pytest.fixture
def planned(actor: Actor, channel: Any) -> Target:
    post = posts.create(
        actor=actor, title="Winter", variants=[{"channel": channel, "text": "Fit mudguards."}]
    )
    (target,) = posts.schedule(actor=actor, post=post, when=timezone.now() + timedelta(days=2))
    return target


def test_every_page_of_an_old_channel_is_drawn(
    planned: Target, owner: Any, client_for: Signed, without: Callable[[str], None]
) -> None:
    without("mastodon")
    client = client_for(owner)
    post, channel = planned.post_id, planned.channel_id
    pages = [
        "/compose/",
        f"/posts/{post}/edit/",
        f"/posts/{post}/",
        f"/posts/{post}/check/",
        "/posts/",
        f"/publications/{planned.pk}/",
        "/calendar/",
        "/calendar/feed/?start=2026-01-01T00:00:00Z&end=2027-12-31T00:00:00Z",
        "/channels/",
        f"/channels/{channel}/",
        "/analytics/",
        "/campaigns/",
        "/",
        "/settings/apps/",
    ]
    for page in pages:
        answer = client.get(f"{BASE}{page}", follow=True)
        assert answer.status_code == 200, page
    composer = client.get(f"{BASE}/posts/{post}/edit/").content.decode()
    assert "Fit mudguards." in composer
    assert "Mastodon is not part of this installation any more." in composer
    assert "Unavailable" in client.get(f"{BASE}/channels/").content.decode()


def test_nothing_more_is_planned_there_and_what_is_typed_stays(
    actor: Actor, channel: Any, without: Callable[[str], None]
) -> None:
    post = posts.create(actor=actor, title="W", variants=[{"channel": channel, "text": "Oil."}])
    without("mastodon")
    with pytest.raises(ChannelDisconnected, match="not part of this installation"):
        posts.schedule(actor=actor, post=post, when="now")
    assert Target.objects.get(post=post).state == S.DRAFT


def test_what_was_planned_is_held_and_goes_out_when_the_folder_is_back(
    make_target: Any, network: Any, actor: Actor, without: Callable[[str], None], monkeypatch: Any
) -> None:
    target = make_target("Fit mudguards")
    with monkeypatch.context() as gone:
        left = {k: v for k, v in providers._registry().items() if k != "mastodon"}
        gone.setattr(providers, "_registry", lambda: left)
        publishing.publish(target=target.pk, job_id=target.job_id)
        held = again(target)
        assert held.state == S.HELD
        assert network.posts() == 0
    posts.publish_now(actor=actor, target=held)
    run(held)
    assert again(target).state == S.PUBLISHED
    assert network.posts() == 1


def test_a_doubt_is_shown_to_a_person_and_never_sent_again(
    make_target: Any, network: Any, without: Callable[[str], None]
) -> None:
    target = make_target("In doubt", when="now")
    network.control(scenario="accept_then_drop")
    with pytest.raises(OutcomeUnknown):
        publishing.publish(target=target.pk, job_id=target.job_id)
    assert again(target).state == S.UNKNOWN
    without("mastodon")
    shown = run(target)
    assert shown.state == S.UNCONFIRMED
    assert "not part of this installation" in shown.error
    assert network.posts() == 1


def test_upkeep_of_its_account_does_no_harm(
    channel: Any, actor: Actor, without: Callable[[str], None]
) -> None:
    without("mastodon")
    connection = channel.connection
    checked = connections.check(actor=actor, connection_id=connection.pk)
    assert checked.state == "active"  # nothing is wrong with the access itself
    assert not checked.is_usable
    assert meters.meters(connection) == []
    assert refreshing.plan(connection) is None
    removed = connections.disconnect(actor=actor, connection_id=connection.pk)
    assert removed.state == "disconnected"
