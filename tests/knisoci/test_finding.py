"""The command bar finds posts, campaigns, channels, files and sources by what people call them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.knisoci.services import campaigns, channels, posts
from apps.knowledge.models import Brand, Source
from apps.media.services import assets
from apps.workspaces.types import Actor
from tests.knisoci.test_composer import image


@pytest.fixture
def things(actor: Actor, channel: Any) -> None:
    posts.create(
        actor=actor,
        title="Rhubarb week",
        variants=[{"channel": channel, "text": "Tart and sweet."}],
    )
    posts.create(actor=actor, variants=[{"channel": channel, "text": "Plum cake on Sunday."}])
    paused = campaigns.create(actor=actor, name="Rhubarb season")
    campaigns.pause(actor=actor, campaign=paused)
    channels.update(actor=actor, channel=channel, name="Rhubarb news")
    assets.upload(actor=actor, file=image("red"), name="rhubarb.jpg")
    brand = Brand.objects.create(name="Acme")
    Source.objects.create(brand=brand, kind="file", address="rhubarb.pdf", state="ready")


@pytest.fixture
def find(things: None, workspace: Any, viewer: Any, client_for: Callable[..., Any]) -> Any:
    def found(words: str) -> dict[str, list[str]]:
        html = client_for(viewer).get("/w/acme/command", {"q": words}).content.decode()
        groups: dict[str, list[str]] = {}
        for label, rest in re.findall(r'role="presentation">(.*?)</p>(.*?)(?=<p |\Z)', html, re.S):
            texts = re.findall(r"<span[^>]*>(.*?)</span>", rest)
            pairs = zip(texts[::2], texts[1::2], strict=True)
            groups[label] = [" | ".join(filter(None, pair)) for pair in pairs]
        return groups

    return found


def test_each_kind_of_thing_is_found_by_its_name(find: Any) -> None:
    assert find("rhubarb") == {
        "Posts": ["Rhubarb week | Draft"],
        "Campaigns": ["Rhubarb season | Paused"],
        "Channels": ["Rhubarb news | Connected"],
        "Files": ["rhubarb.jpg | Image"],
        "Sources": ["rhubarb.pdf | Ready"],
    }


def test_a_post_without_a_name_is_found_by_its_text(find: Any) -> None:
    assert find("plum") == {"Posts": ["Plum cake on Sunday. | Draft"]}


def test_unasked_it_shows_the_latest_posts(find: Any) -> None:
    groups = find("")
    assert groups["Posts"] == ["Plum cake on Sunday. | Draft", "Rhubarb week | Draft"]
    assert {"Campaigns", "Channels", "Files", "Sources"}.isdisjoint(groups)


def test_what_no_database_can_keep_finds_nothing(find: Any) -> None:
    assert find("zzz\x00zzz") == {}
