"""The Mastodon adapter against a server that we did not write, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from mastodon_mock.testing import MockServer

from apps.integrations import providers
from apps.integrations.http import guarded_client
from apps.integrations.providers.base import (
    Content,
    ErrorKind,
    Piece,
    ProviderError,
    PublishContext,
)
from tests.support.publication import Publication, image


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = MockServer().start()
    try:
        yield f"http://127.0.0.1:{server._port}"
    finally:
        server.stop()


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    host, _, port = address.partition("://")[2].partition(":")
    with guarded_client(allow=[(host, int(port))]) as client:
        yield client


def test_connect_publish_and_count(address: str, client: Any, settings: Any) -> None:
    settings.CANDY_OUTBOUND_ALLOW = [address.partition("://")[2]]
    network = providers.get("mastodon")
    with pytest.raises(ProviderError) as caught:
        network.connect({"host": address, "token": "nobody"}, client)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED
    connected = network.connect({"host": address, "token": "alice_token"}, client)
    assert "alice" in connected.account.handle
    assert network.count("x", connected.account).limit >= 500
    key, ids = str(uuid.uuid4()), set()
    for _ in range(2):  # the same key: the server answers with the same post
        handles: dict[str, str] = {}
        ctx = PublishContext(
            connected.credentials,
            connected.account,
            Content("Once & only, #candy https://example.com/a?b=1"),
            key,
            handles,
            lambda name, value: None,
            client,
        )
        network.run_stage("upload", ctx)
        network.run_stage("submit", ctx)
        ids.add(handles["remote_id"])
    assert len(ids) == 1
    found = network.reconcile(ctx)
    assert getattr(found, "remote_id", None) in ids
    numbers = network.metrics(connected.credentials, connected.account, ids, client)
    assert numbers[ids.pop()]["likes"] == 0


def test_a_thread_with_a_picture_and_a_comment_go_out_there_too(
    address: str, client: Any, settings: Any
) -> None:
    settings.CANDY_OUTBOUND_ALLOW = [address.partition("://")[2]]
    network = providers.get("mastodon")
    connected = network.connect({"host": address, "token": "alice_token"}, client)
    content = Content(
        "One of three", (image(),), thread=(Piece("Two of three"),), first_comment="By the way"
    )
    out = Publication(network, connected, client, content).run_all()
    ids = [handles["remote_id"] for handles in out]

    def read(status_id: str) -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"{address}/api/v1/statuses/{status_id}").json()
        return found

    answered = [read(one)["in_reply_to_id"] for one in ids]
    assert [str(one) if one else None for one in answered] == [None, ids[0], ids[0]]
    picture = read(ids[0])["media_attachments"][0]
    assert picture["description"] == "A picture, 0"
