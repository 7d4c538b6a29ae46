"""The flight check compares what a sign-in was given with what the post needs, network by network."""

from __future__ import annotations

from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.models import Connection
from apps.integrations.providers.base import Content, Piece
from apps.integrations.providers.linkedin.provider import COMMUNITY, SHARE
from apps.integrations.providers.mastodon.client import SCOPES as MASTODON
from apps.integrations.services import sandbox
from apps.knisoci.services import channels, flight, posts
from tests.knisoci.conftest import again
from tests.support.publishing import picture

PERSON, PAGE = "urn:li:person:1", "urn:li:organization:1"
DIRECT = {"mode": "direct"}
WORDS = Content("Words")
PICTURE = Content("Words", media=(picture(),))
COMMENTED = Content("Words", first_comment="Here")
THREAD = Content("Words", thread=(Piece("More"),))
APP_PASSWORD = ("com.atproto.appPass",)

# Network, who it is, what was granted, what goes out, the right that is missing.
TABLE = [
    ("linkedin", PERSON, SHARE, WORDS, ""),
    ("linkedin", PERSON, ("openid", "profile"), WORDS, "w_member_social"),
    ("linkedin", PERSON, ("w_organization_social",), WORDS, "w_member_social"),
    ("linkedin", PAGE, COMMUNITY, COMMENTED, ""),
    ("linkedin", PAGE, SHARE, WORDS, "w_organization_social"),
    ("tiktok", "", ("user.info.basic", "video.upload"), PICTURE, ""),
    ("tiktok", "", ("user.info.basic", "video.publish"), PICTURE, "video.upload"),
    ("tiktok", "", ("video.upload",), Content("W", (picture(),), options=DIRECT), "video.publish"),
    ("tiktok", "", ("video.publish",), Content("W", (picture(),), options=DIRECT), ""),
    ("mastodon", "", MASTODON.split(), PICTURE, ""),
    ("mastodon", "", ("read", "write"), PICTURE, ""),
    ("mastodon", "", ("read", "write:statuses"), THREAD, ""),
    ("mastodon", "", ("read", "write:statuses"), PICTURE, "write:media"),
    ("mastodon", "", ("read", "write:media"), COMMENTED, "write:statuses"),
    ("bluesky", "", APP_PASSWORD, THREAD, ""),
    ("bluesky", "", ("com.atproto.access",), WORDS, ""),
    ("bluesky", "", ("com.atproto.signupQueued",), WORDS, "com.atproto.appPass"),
]


@pytest.mark.parametrize(("key", "who", "granted", "ready", "missing"), TABLE)
def test_a_post_is_red_where_the_sign_in_lacks_its_right(
    key: str, who: str, granted: Any, ready: Content, missing: str, actor: Any, network: Any
) -> None:
    connection = sandbox.connect(actor=actor, provider=key, login="maren")
    channel = channels.add(actor=actor, connection=connection)
    post = posts.create(actor=actor, variants=[{"channel": channel, "text": ready.text}])
    target = post.targets.get()
    rows = Connection.objects.filter(pk=connection.pk)
    rows.update(scopes=list(granted), **({"remote_id": who} if who else {}))
    told = [one for one in flight.check(again(target), ready=ready).reasons if one.code == "scopes"]
    assert [one.level for one in told] == (["red"] if missing else [])
    if missing:
        assert told[0].message.endswith(f"without the right to {missing}.")
        assert told[0].repair == "channels.connect"


ASKED = {one.key: one.oauth2.scopes for one in providers.all_publishers() if hasattr(one, "oauth2")}


@pytest.mark.parametrize("key", sorted(ASKED.keys() - {"linkedin"}))
def test_what_is_asked_for_at_the_sign_in_is_enough_for_everything(key: str) -> None:
    whole = Content("Words", (picture(),), thread=(Piece("More"),), first_comment="Here")
    for ready in (whole, Content("Words", (picture(),), options=DIRECT)):
        for right in providers.get(key).rights(ready):
            assert not set(right.split("|")).isdisjoint(ASKED[key])
