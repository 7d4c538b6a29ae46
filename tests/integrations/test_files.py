"""A long video goes out in pieces, whatever the network's way of taking it is."""

from __future__ import annotations

import time
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import guarded_client
from apps.integrations.providers.base import Content
from apps.integrations.providers.files import length_of, opened
from tests.support import publishing as kit
from tests.support.networks import Networks
from tests.support.publication import Publication

from .conftest import form_for


def test_a_stored_file_reads_like_a_file_and_never_whole() -> None:
    film = kit.film(10_000_123)
    file = opened(film)
    assert length_of(file) == 10_000_123
    pieces = iter(lambda: file.read(65_536), b"")
    data = b"".join(pieces)
    assert len(data) == 10_000_123
    assert data[5_000_000:5_000_009] == film.part(5_000_000, 9)
    file.seek(3)
    assert file.read(2) == data[3:5]


@pytest.mark.parametrize("key", ["mastodon", "bluesky", "telegram", "discord", "slack"])
def test_a_film_arrives_as_it_is_without_being_held_whole(networks: Networks, key: str) -> None:
    """kit.film fails the test where somebody reads it at once."""
    film = kit.film(5_000_000, number=7)
    network, settle = providers.get(key), lambda seconds: time.sleep(0.15)
    with guarded_client(timeout=10) as client:
        who = network.connect(form_for(networks, key), client)
        Publication(network, who, client, Content("Long", (film,)), settle).run()
    assert networks.posts(key) == 1
    assert film.part(0, film.size) in _stored(networks, key)


def _stored(networks: Networks, key: str) -> list[Any]:
    assert networks.sandbox is not None
    rows = networks.sandbox.store._db.execute("SELECT data FROM blob WHERE network = ?", (key,))
    return [row[0] for row in rows]
