"""Files leave as what they are: to members by range, to networks by an address that ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from apps.media import usage
from apps.media.models import Asset
from apps.media.services import assets, captions, handout, renditions
from apps.media.types import SHOWN
from apps.media.web import ranges
from apps.workspaces.tenancy import reverse, workspace_context
from apps.workspaces.types import Actor
from tests.media import samples


@pytest.fixture
def kept(workspace: Any) -> dict[str, Asset]:
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        sent = {
            "photo": samples.noise((300, 200)),
            "clip": samples.video(),
            "paper": samples.pdf(),
        }
        made = {
            name: assets.upload(actor=actor, file=data, name=f"{name} ü")[0]
            for name, data in sent.items()
        }
        captions.set_captions(
            actor=actor,
            asset=made["clip"],
            language="en",
            text="1\n00:00:00,500 --> 00:00:01,500\nHello",
        )
    return made


def address(workspace: Any, name: str, asset: Asset, **more: Any) -> str:
    return reverse(f"media:{name}", workspace=workspace, kwargs={"asset": asset.pk, **more})


RANGES = [
    ("bytes=0-99", 0, 99),
    ("bytes=100-", 100, -1),
    ("bytes=-50", -50, -1),
    ("bytes=10-10", 10, 10),
    ("bytes=5-99999999", 5, -1),
]


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_player_gets_the_range_it_asks_for(
    workspace: Any,
    viewer: Any,
    client_for: Callable[..., Client],
    kept: dict[str, Asset],
    monkeypatch: Any,
    is_streamed: bool,
) -> None:
    if is_streamed:
        monkeypatch.setattr(ranges, "_AT_ONCE", 0)
    with workspace_context(workspace):
        whole = assets.read(kept["clip"])
    client, size = client_for(viewer), len(whole)
    for wanted, first, last in RANGES:
        response = client.get(
            address(workspace, "stream", kept["clip"]),
            headers={"Range": wanted, "Accept-Encoding": "gzip"},
        )
        first, last = first % size, last % size
        assert response.status_code == 206
        assert response.streaming is is_streamed
        assert body_of(response) == whole[first : last + 1]
        assert response["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert response["Content-Length"] == str(last + 1 - first)
        assert (response["Content-Type"], response["Accept-Ranges"]) == ("video/mp4", "bytes")
        assert not response.has_header("Content-Encoding")


def body_of(response: Any) -> bytes:
    return b"".join(response) if response.streaming else response.content


def test_odd_ranges_are_answered_as_the_rules_say(
    workspace: Any, viewer: Any, client_for: Callable[..., Client], kept: dict[str, Asset]
) -> None:
    client, where = client_for(viewer), address(workspace, "stream", kept["clip"])
    whole = client.get(where)
    assert (whole.status_code, whole["Accept-Ranges"]) == (200, "bytes")
    for odd in ("bytes=5-1,7-9", "bytes=-", "lines=1-2", "bytes=a-b"):
        assert client.get(where, headers={"Range": odd}).status_code == 200, odd
    behind = client.get(where, headers={"Range": "bytes=999999999-"})
    assert (behind.status_code, behind["Content-Range"]) == (
        416,
        f"bytes */{whole['Content-Length']}",
    )
    changed = client.get(where, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert changed.status_code == 200
    head = client.head(where, headers={"Range": "bytes=0-9"})
    assert (head.status_code, head["Content-Length"], head.content) == (206, "10", b"")
    assert client.get(where, headers={"If-None-Match": whole["ETag"]}).status_code == 304


def test_a_document_is_a_download_that_can_do_no_harm(
    workspace: Any, viewer: Any, client_for: Callable[..., Client], kept: dict[str, Asset]
) -> None:
    response = client_for(viewer).get(address(workspace, "download", kept["paper"]))
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.content == samples.pdf() or response.content[:5] == b"%PDF-"
    picture = address(workspace, "image", kept["paper"], rendition="thumb")
    assert client_for(viewer).get(picture).status_code == 404


def test_a_video_shows_its_cover_and_its_captions(
    workspace: Any, viewer: Any, client_for: Callable[..., Client], kept: dict[str, Asset]
) -> None:
    client = client_for(viewer)
    cover = client.get(address(workspace, "image", kept["clip"], rendition="card"))
    assert (cover.status_code, cover["Content-Type"]) == (200, "image/webp")
    text = client.get(address(workspace, "caption", kept["clip"], language="en"))
    assert text["Content-Type"].startswith("text/vtt")
    assert text.content.decode().startswith("WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nHello")
    assert client.get(address(workspace, "caption", kept["clip"], language="de")).status_code == 404


def test_nobody_else_gets_a_byte(
    workspace: Any,
    other_workspace: Any,
    outsider: Any,
    other_owner: Any,
    client: Client,
    client_for: Callable[..., Client],
    kept: dict[str, Asset],
) -> None:
    with workspace_context(workspace):
        made = renditions.image(asset=kept["photo"], spec=SHOWN["card"])
    paths = [
        address(workspace, "stream", kept["clip"]),
        address(workspace, "download", kept["paper"]),
        address(workspace, "caption", kept["clip"], language="en"),
        reverse("media:made", workspace=workspace, kwargs={"rendition": made.pk}),
    ]
    for path in paths:
        assert client.get(path).status_code == 302, path
        assert client_for(outsider).get(path).status_code == 404, path
        theirs = path.replace(f"/w/{workspace.slug}/", f"/w/{other_workspace.slug}/")
        assert client_for(other_owner).get(theirs).status_code == 404, path


def test_a_network_fetches_without_a_session_until_the_time_is_over(
    workspace: Any, kept: dict[str, Asset], client: Client, monkeypatch: Any
) -> None:
    with workspace_context(workspace):
        made = renditions.image(asset=kept["photo"], spec=SHOWN["large"])
        links = [handout.public_url(made, seconds=60), handout.public_url(kept["clip"])]
        contents = [assets.read(made), assets.read(kept["clip"])]
    for link, content in zip(links, contents, strict=True):
        path = urlsplit(link).path
        head = client.head(path)
        assert (head.status_code, head["Content-Length"]) == (200, str(len(content)))
        assert head["Accept-Ranges"] == "bytes"
        response = client.get(path)
        assert body_of(response) == content
        assert response["Content-Type"] in ("image/webp", "video/mp4")
        assert "Set-Cookie" not in response
        part = client.get(path, headers={"Range": "bytes=3-5"})
        assert (part.status_code, part.content) == (206, content[3:6])
    later = timezone.now() + timedelta(seconds=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert client.get(urlsplit(links[0]).path).status_code == 410
    assert client.get(urlsplit(links[1]).path, headers={"Range": "bytes=0-1"}).status_code == 206


def test_no_copy_outlives_the_address(
    workspace: Any, kept: dict[str, Asset], client: Client, monkeypatch: Any
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    with workspace_context(workspace):
        path = urlsplit(handout.public_url(kept["photo"], seconds=90)).path
    for passed in (0, 60, 90):
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=passed))  # noqa: B023
        for response in (client.get(path), client.head(path)):
            assert response.status_code == 200
            assert response["Cache-Control"] == f"private, max-age={90 - passed}"
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=91))
    assert client.get(path).status_code == 410


def test_what_was_thrown_away_is_fetched_only_for_what_is_still_planned(
    workspace: Any, kept: dict[str, Asset], client: Client
) -> None:
    photo, open_posts = kept["photo"], [True]
    with workspace_context(workspace):
        made = renditions.image(asset=photo, spec=SHOWN["large"])
        paths = [urlsplit(handout.public_url(one)).path for one in (photo, made)]
        assets.delete(actor=Actor.system(workspace), asset=photo)

    def posts(ids: Sequence[UUID]) -> dict[UUID, list[usage.Use]]:
        return {photo.pk: [usage.Use("post", "1", "A post", is_open=one) for one in open_posts]}

    def answers() -> list[int]:
        return [client.get(path).status_code for path in paths]

    assert answers() == [404, 404]
    usage.register(posts)
    try:
        assert answers() == [200, 200]
        open_posts[:] = [False]  # it is out
        assert answers() == [404, 404]
    finally:
        usage.forget(posts)
    with workspace_context(workspace):
        assets.restore(actor=Actor.system(workspace), asset=photo)
    assert answers() == [200, 200]


def test_an_address_that_was_tampered_with_is_of_nothing(
    workspace: Any, kept: dict[str, Asset], client: Client
) -> None:
    with workspace_context(workspace):
        made = renditions.image(asset=kept["photo"], spec=SHOWN["card"])
        path = urlsplit(handout.public_url(made)).path
    assert client.get(path).status_code == 200
    token = path.split("/")[2]
    place, kind, rest = token.split("-", 2)
    expiry, _, signature = rest.partition(".")
    for spoilt in (
        token[:-3] + "AAA",
        f"zz-{kind}-{rest}",
        f"{place}-r{made.pk + 1}-{rest}",
        f"{place}-a{kept['paper'].pk.hex}-{rest}",
        f"{place}-{kind}-zzzzzzz.{signature}",
        f"{place}-{kind}-{expiry}",
        "x",
    ):
        assert client.get(path.replace(token, spoilt)).status_code == 404, spoilt


def test_whether_the_outside_can_fetch_is_said(settings: Any, workspace: Any) -> None:
    for origin, reachable in (
        ("http://localhost:8000", False),
        ("http://192.168.1.9", False),
        ("https://candy.local", False),
        ("http://candy.example.com", False),
        ("https://candy.example.com", True),
    ):
        settings.CANDY_PUBLIC_URL = origin
        assert handout.is_reachable() is reachable, origin


def test_a_part_of_a_file_is_read_as_such(workspace: Any, kept: dict[str, Asset]) -> None:
    with workspace_context(workspace):
        whole = assets.read(kept["clip"])
        assert assets.read_part(kept["clip"], 10, 20) == whole[10:30]
        assert assets.read_part(kept["clip"], len(whole) - 1, 20) == whole[-1:]
        assert assets.read_part(kept["clip"], len(whole), 20) == b""
        assert assets.read_part(kept["clip"], -1, 20) == b""
