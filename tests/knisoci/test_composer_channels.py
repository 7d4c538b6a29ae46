"""Which channels the composer starts with, and that one which is not chosen costs next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.integrations.models import Connection
from apps.integrations.providers import all_publishers
from apps.integrations.services import sandbox
from apps.knisoci import queries
from apps.knisoci.models import Channel, Variant
from apps.knisoci.services import channels, posts
from apps.knisoci.web import drafts
from apps.workspaces.types import Actor
from tests.knisoci.test_composer import on
from tests.knisoci.test_pages import BASE, Signed, client_for
from tests.support.networks import Networks

__all__ = ["client_for", "on"]  # fixtures
CHIP = 2_500  # bytes for a channel's chip and the places of what comes when it is chosen
REST = [p.key for p in all_publishers() if p.key not in ("mastodon", "x")]


@pytest.fixture
def two(on: Callable[..., Channel]) -> list[Channel]:
    return [on("mastodon"), on("x")]


def test_a_channel_that_is_not_chosen_costs_no_statement_and_no_fields(
    two: list[Channel], on: Callable[..., Channel], actor: Actor, owner: Any, client_for: Signed
) -> None:
    post = posts.create(
        actor=actor, title="T", variants=[{"channel": row, "text": "Hi"} for row in two]
    )
    chosen = "&".join(f"channel={row.pk}" for row in two)
    pages = (f"{BASE}/compose/?{chosen}", f"{BASE}/posts/{post.pk}/edit/")
    client = client_for(owner)
    for page in pages:
        client.get(page)  # what is kept after the first visit is kept now
    few = [measured(client, page) for page in pages]
    for key in REST:
        on(key)
    for (statements, size), page in zip(few, pages, strict=True):
        more, bigger = measured(client, page)
        assert more == statements
        assert bigger - size < CHIP * len(REST)
        assert client.get(page).content.decode().count('name="drawn"') == 2


def measured(client: Any, page: str) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(page)
    assert answer.status_code == 200
    return sum(not one["sql"].startswith("SET search_path") for one in seen), len(answer.content)


def test_the_save_that_first_names_a_channel_brings_its_fields_and_later_ones_do_not(
    two: list[Channel], contributor: Any, client_for: Signed
) -> None:
    old, new = (str(row.pk) for row in two)
    client = client_for(contributor)
    sent = {"channel": [old, new], "drawn": [old], "text": "Rhubarb season"}
    first = client.post(f"{BASE}/compose/save/", sent).content.decode()
    assert f'id="line-{new}" hx-swap-oob="true"' in first
    assert f'id="tab-{new}" hx-swap-oob="true"' in first
    assert f'id="slot-{new}" hx-swap-oob="true"' in first
    assert f'name="option-{new}-reply_settings"' in first
    assert f'id="line-{old}"' not in first, "its fields are there, perhaps being typed in"
    assert f'id="status-{old}"' in first
    assert first.count("Rhubarb season") == 2  # a preview each
    # A piece that is swapped by itself must not stand in another one that is.
    assert f'id="status-{new}" data-composer-target="status"' in first
    post = Variant.objects.get(channel=new).post_id

    sent |= {"drawn": [old, new], "post": str(post), f"option-{new}-reply_settings": "following"}
    again = client.post(f"{BASE}/compose/save/", sent).content.decode()
    assert 'id="line-' not in again
    assert f'id="status-{new}"' in again
    assert Variant.objects.get(channel=new).options == {"reply_settings": "following"}


def test_a_refused_save_still_brings_the_fields_of_a_new_channel(
    two: list[Channel], contributor: Any, client_for: Signed
) -> None:
    sent = {"channel": str(two[0].pk), "text": "Hi", "title": "x" * 201}
    answer = client_for(contributor).post(f"{BASE}/compose/save/", sent)
    assert answer.status_code == 422
    assert f'id="line-{two[0].pk}"' in answer.content.decode()


def chosen(user: Any, client_for: Signed, query: str = "") -> set[str]:
    answer = client_for(user).get(f"{BASE}/compose/{query}")
    return {line.channel.provider for line in answer.context["form"].chosen}


def test_a_new_post_starts_with_the_channels_of_the_persons_last_one(
    two: list[Channel],
    on: Callable[..., Channel],
    owner: Any,
    contributor: Any,
    actor_for: Callable[..., Actor],
    in_workspace: Any,
    client_for: Signed,
) -> None:
    assert chosen(owner, client_for) == {"mastodon", "x"}, "few: all of them"
    for key in ("bluesky", "threads", "pinterest"):
        on(key)
    assert chosen(owner, client_for) == set(), "many: the person picks"
    for who, rows in ((owner, two[:1]), (contributor, two[1:])):
        form = drafts.empty(list(queries.channels()), rows, "Hi")
        drafts.store(actor=actor_for(who, in_workspace), form=form)
    assert chosen(owner, client_for) == {"mastodon"}
    assert chosen(contributor, client_for) == {"x"}
    assert chosen(owner, client_for, f"?channel={two[1].pk}") == {"x"}
    channels.pause(actor=Actor.system(in_workspace), channel=two[0])
    assert "mastodon" not in chosen(owner, client_for)


def test_an_account_is_asked_for_its_choices_when_its_channel_is_chosen_and_not_before(
    two: list[Channel], actor: Actor, network: Networks, contributor: Any, client_for: Signed
) -> None:
    network.control("tiktok", scenario="success", reset=True)
    row = sandbox.connect(actor=actor, provider="tiktok", login="maren")
    channel = channels.add(actor=actor, connection=row)
    Connection.objects.filter(pk=row.pk).update(
        limits=row.limits | {"privacy": []}, last_checked_at=timezone.now() - timedelta(minutes=2)
    )
    before = network.state("tiktok")["requests"]["all"]
    client, old = client_for(contributor), str(two[0].pk)
    client.get(f"{BASE}/compose/?channel={old}")
    assert network.state("tiktok")["requests"]["all"] == before
    sent = {"channel": [old, str(channel.pk)], "drawn": [old], "text": "Hi"}
    answer = client.post(f"{BASE}/compose/save/", sent).content.decode()
    assert "MUTUAL_FOLLOW_FRIENDS" in answer
