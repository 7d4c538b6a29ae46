"""A picture of the library on networks that fetch files themselves: they get it from us, by address."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from PIL import Image

from apps.integrations.providers.base import ErrorKind, ProviderError
from apps.integrations.services import sandbox
from apps.knisoci import content
from apps.knisoci.models import Target
from apps.knisoci.services import channels, posts
from apps.knisoci.transitions import TargetState
from apps.media.services import assets
from tests.knisoci.stage import step
from tests.support.networks import Networks

pytestmark = pytest.mark.django_db(transaction=True)


def picture() -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (1200, 1200), "teal").save(out, "PNG")
    out.seek(0)
    return out


def fetched(address: str) -> int:
    """The status that somebody out there gets."""
    try:
        with urlopen(address, timeout=10) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        return error.code


@pytest.mark.parametrize("key", ["instagram", "threads"])
def test_the_network_fetches_it_and_readers_see_it(
    key: str, actor: Any, network: Networks, settings: Any, live_server: Any
) -> None:
    settings.CANDY_PUBLIC_URL = live_server.url
    network.control(key, scenario="success", reset=True)
    channel = channels.add(
        actor=actor, connection=sandbox.connect(actor=actor, provider=key, login="maren")
    )
    asset, _ = assets.upload(actor=actor, file=picture(), name="wall.png", alt_text="A teal wall")
    made = posts.create(
        actor=actor,
        title="Wall",
        variants=[{"channel": channel, "text": "Our wall", "media": [asset.pk]}],
    )
    posts.schedule(actor=actor, post=made, when="now")
    target = Target.objects.get(post=made)
    for _ in range(10):
        step(target)
        target.refresh_from_db()
        if target.state == TargetState.PUBLISHED:
            break
    assert (target.state, target.error) == (TargetState.PUBLISHED, "")
    store = network.sandbox.store  # type: ignore[union-attr]
    (shown,) = store.post(key, target.remote_id)["media"]
    assert shown["alt"] == "A teal wall"
    with Image.open(BytesIO(store.blob(key, shown["blob"])[1])) as image:
        assert image.format == "JPEG" or key == "threads"
        assert image.getpixel((5, 5))[2] > 100


def test_a_planned_posts_file_is_fetched_out_of_the_trash_and_no_longer_once_it_is_out(
    actor: Any, network: Networks, settings: Any, live_server: Any
) -> None:
    settings.CANDY_PUBLIC_URL = live_server.url
    network.control("threads", scenario="success", reset=True)
    channel = channels.add(
        actor=actor, connection=sandbox.connect(actor=actor, provider="threads", login="maren")
    )
    asset, _ = assets.upload(actor=actor, file=picture(), name="wall.png", alt_text="A teal wall")
    made = posts.create(
        actor=actor,
        title="Wall",
        variants=[{"channel": channel, "text": "Our wall", "media": [asset.pk]}],
    )
    posts.schedule(actor=actor, post=made, when="now")
    (item,) = content.build_from(channel=channel, text="x", media_ids=[asset.pk]).media
    address = item.url()
    assets.delete(actor=actor, asset=asset)
    assert fetched(address) == 200
    target = Target.objects.get(post=made)
    for _ in range(10):
        step(target)
        target.refresh_from_db()
        if target.state == TargetState.PUBLISHED:
            break
    assert (target.state, target.error) == (TargetState.PUBLISHED, "")
    assert fetched(address) == 404


def test_an_installation_that_nobody_can_reach_says_so_for_real_networks(
    actor: Any, network: Networks, settings: Any
) -> None:
    settings.CANDY_PUBLIC_URL = "http://localhost:8000"
    channel = channels.add(
        actor=actor, connection=sandbox.connect(actor=actor, provider="threads", login="maren")
    )
    asset, _ = assets.upload(actor=actor, file=picture(), name="wall.png", alt_text="A teal wall")
    (item,) = content.build_from(channel=channel, text="x", media_ids=[asset.pk]).media
    assert item.url().startswith("http://localhost:8000/")
    assert item.part(0, 4) == item.read()[:4]
    channel.connection.host = "https://graph.threads.net"
    (item,) = content.build_from(channel=channel, text="x", media_ids=[asset.pk]).media
    with pytest.raises(ProviderError) as caught:
        item.url()
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    settings.CANDY_PUBLIC_URL = "https://candy.example.com"
    (item,) = content.build_from(channel=channel, text="x", media_ids=[asset.pk]).media
    assert item.url().startswith("https://candy.example.com/")
