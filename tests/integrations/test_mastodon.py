"""What only Mastodon has: media that take their time, polls, replies, a server's own limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import GuardedClient, guarded_client
from apps.integrations.providers.base import (
    Account,
    Connected,
    Content,
    ErrorKind,
    Found,
    NotFound,
    Piece,
    Poll,
    ProviderError,
    PublishProvider,
    Unreadable,
    Wait,
)
from apps.integrations.providers.mastodon.client import MastodonApi
from apps.integrations.providers.mastodon.errors import from_answer
from tests.support import publishing as kit
from tests.support.networks import Networks
from tests.support.publication import Publication, image, video

from .conftest import form_for


@pytest.fixture
def client(networks: Networks) -> Iterator[GuardedClient]:
    with guarded_client(timeout=10) as client:
        yield client


@pytest.fixture
def mastodon() -> PublishProvider:
    return providers.get("mastodon")


@pytest.fixture
def connected(mastodon: PublishProvider, networks: Networks, client: GuardedClient) -> Connected:
    return mastodon.connect(form_for(networks, "mastodon"), client)


@pytest.fixture
def publication(mastodon: PublishProvider, connected: Connected, client: GuardedClient) -> Any:
    def make(text: str, **more: Any) -> Publication:
        settle = lambda seconds: time.sleep(0.15)  # noqa: E731
        return Publication(mastodon, connected, client, Content(text, **more), settle)

    return make


def status(networks: Networks, handles: dict[str, str]) -> dict[str, Any]:
    assert networks.sandbox is not None
    found: dict[str, Any] = networks.sandbox.store.post("mastodon", handles["remote_id"])
    return found


# --- Threads and comments ------------------------------------------------------------------------


def test_each_part_answers_the_one_before_and_the_comment_answers_the_post(
    networks: Networks, publication: Any
) -> None:
    out = publication(
        "One", thread=(Piece("Two", (image(),)), Piece("Three")), first_comment="By the way"
    ).run_all()
    ids = [handles["remote_id"] for handles in out]
    answered = [status(networks, handles)["reply_to"] for handles in out]
    assert answered == [None, ids[0], ids[1], ids[0]]
    assert len(status(networks, out[1])["media"]) == 1
    assert networks.posts("mastodon") == 4


@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_before_accept"])
def test_a_part_in_doubt_is_found_as_the_answer_to_its_parent_only(
    networks: Networks, publication: Any, mastodon: PublishProvider, scenario: str
) -> None:
    """The same words stand in the thread twice; only the one with this parent is this part."""
    made = publication("Again", thread=(Piece("Again"), Piece("Again")))
    first = made.run(0)["remote_id"]
    second = made.run(1)["remote_id"]
    networks.control("mastodon", scenario=scenario)
    with pytest.raises(ProviderError) as caught:
        made.run(2)
    assert caught.value.ambiguous
    networks.control("mastodon", scenario="success")
    found = mastodon.reconcile(made.context(2))
    if scenario == "accept_then_drop":
        assert isinstance(found, Found)
        assert found.remote_id not in (first, second)
    else:
        assert isinstance(found, NotFound)
    made.run(2)
    assert networks.posts("mastodon") == 3


def test_a_reply_to_a_post_that_is_gone_is_refused_for_good(
    networks: Networks, publication: Any
) -> None:
    made = publication("One", thread=(Piece("Two"),))
    handles = made.run(0)
    assert networks.sandbox is not None
    networks.sandbox.store.drop_post("mastodon", handles["remote_id"])
    with pytest.raises(ProviderError) as caught:
        made.run(1)
    assert caught.value.kind is ErrorKind.VALIDATION


# --- Media ---------------------------------------------------------------------------------------


def test_a_video_is_asked_about_until_it_is_ready_and_has_its_cover(
    networks: Networks, publication: Any, mastodon: PublishProvider
) -> None:
    film = video(cover=image(7))
    made = publication("Moving", media=(film,), options={"focus": "0.0,0.7"})
    step = mastodon.run_stage("upload", made.context())
    assert isinstance(step, Wait)
    handles = made.run()
    assert networks.state("mastodon")["requests"]["upload"] == 1, "it went up once"
    media_id = status(networks, handles)["media"][0]
    assert networks.sandbox is not None
    media = networks.sandbox.store.get("mastodon", "media", media_id)
    assert media["focus"] == "0.0,0.7"
    assert media["description"] == film.alt_text
    assert networks.sandbox.store.blob("mastodon", media["cover"]) is not None


def test_a_video_that_the_server_gives_up_on_is_invalid_and_starts_afresh(
    networks: Networks, publication: Any
) -> None:
    made = publication("Broken", media=(video(),))
    networks.control("mastodon", scenario="container_error")
    with pytest.raises(ProviderError) as caught:
        made.run()
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert not made.context().handles.get("media.0")
    networks.control("mastodon", scenario="success")
    made.run()
    assert networks.posts("mastodon") == 1


def test_a_file_that_the_server_threw_away_is_sent_again(
    networks: Networks, publication: Any, mastodon: PublishProvider
) -> None:
    made = publication("Lost", media=(video(),))
    ctx = made.context()
    mastodon.run_stage("upload", ctx)
    assert networks.sandbox is not None
    networks.sandbox.store.drop("mastodon", "media", ctx.handles["media.0"])
    with pytest.raises(ProviderError) as caught:
        mastodon.run_stage("upload", ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    made.run()
    assert networks.posts("mastodon") == 1


# --- Polls and options ---------------------------------------------------------------------------


def test_a_poll_goes_out_with_its_answers_and_its_time(
    networks: Networks, publication: Any
) -> None:
    poll = Poll(("Tea", "Coffee", "Water"), minutes=60, multiple=True)
    handles = publication("What?", poll=poll).run()
    assert status(networks, handles)["poll"] == {
        "options": ["Tea", "Coffee", "Water"],
        "seconds": 3600,
        "multiple": True,
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("What?", poll=Poll(("a", "b", "c", "d", "e"))), "poll.options"),
        (Content("What?", poll=Poll(("a" * 51, "b"))), "poll.option_too_long"),
        (Content("What?", poll=Poll(("a", "a"))), "poll.option_twice"),
        (Content("What?", poll=Poll(("a", "b"), minutes=4)), "poll.minutes"),
        (Content("", poll=Poll(("a", "b"))), "text.empty"),
        (Content("What?", (image(),), poll=Poll(("a", "b"))), "poll.media"),
        (Content("x", (image(), video())), "media.mixed"),
        (Content("x", (video(), video(1))), "media.too_many"),
        (Content("x", (video(size=200_000_000),)), "media.too_large"),
        (Content("x", first_comment="é" * 501), "comment.too_long"),
        (Content("x", thread=(Piece("é" * 501),)), "text.too_long"),
        (Content("x" * 495, options={"spoiler_text": "Beware"}), "text.too_long"),
        (Content("x" * 490, link="https://example.com/a"), "text.too_long"),
    ],
)
def test_what_the_server_would_refuse_is_found_before(
    mastodon: PublishProvider, content: Content, code: str
) -> None:
    codes = [one.code for one in mastodon.validate(content) if one.level == "error"]
    assert code in codes


def test_a_server_s_own_limits_win(mastodon: PublishProvider, connected: Connected) -> None:
    assert connected.account.limits["video_bytes"] == 103_809_024
    assert connected.account.limits["poll_max_minutes"] == 43_829
    small = {"text": 11_000, "poll_options": 10, "poll_option_text": 200, "images": 8}
    roomy = replace(connected.account, limits={**connected.account.limits, **small})
    content = Content("y" * 6000, poll=Poll(tuple(f"{n}" * 60 for n in range(9))))
    assert not [i for i in mastodon.validate(content, roomy) if i.level == "error"]
    eight = Content("x", tuple(image(n) for n in range(8)), first_comment="z" * 900)
    assert not [i for i in mastodon.validate(eight, roomy) if i.level == "error"]
    tight = Account("1", "@a", "a", limits={"video_bytes": 10, "video_fps": 24, "video_pixels": 9})
    codes = {i.code for i in mastodon.validate(Content("x", (video(),)), tight)}
    assert {"media.too_large", "media.frame_rate", "media.too_many_pixels"} <= codes


def test_a_quote_policy_is_for_public_posts_only(networks: Networks, publication: Any) -> None:
    open_post = publication("Quote me", options={"quotes": "followers"}).run()
    closed = publication("Not me", options={"quotes": "public", "visibility": "private"}).run()
    assert status(networks, open_post)["quotes"] == "followers"
    assert status(networks, closed)["quotes"] == "nobody"


# --- Shapes --------------------------------------------------------------------------------------


def test_calls_and_answers_have_the_recorded_shapes(
    networks: Networks, mastodon: PublishProvider
) -> None:
    def held(name: str, number: int = -1) -> None:
        kit.held_to(calls[number], kit.recorded("mastodon", name))

    with kit.listening() as (client, calls):
        connected = mastodon.connect(form_for(networks, "mastodon"), client)
        held("verify_credentials", 0)
        held("instance", 1)
        options = {"spoiler_text": "Beware", "quotes": "followers"}
        whole = Content("Hello", language="en", options=options)
        Publication(mastodon, connected, client, whole).run()
        held("create_status")
        made = Publication(mastodon, connected, client, Content("One", first_comment="And"))
        made.run_all()
        held("create_reply")
        poll = Poll(("Yes", "No"), minutes=60, multiple=True)
        asked = Content("Tea?", poll=poll, options={"hide_totals": True})
        Publication(mastodon, connected, client, asked).run()
        held("create_poll")
        film = Publication(mastodon, connected, client, Content("Film", (video(8),)))
        mastodon.run_stage("upload", film.context())
        held("upload")
        mastodon.run_stage("upload", film.context())
        held("media_processing")
        networks.control("mastodon", scenario="rate_limit")
        with pytest.raises(ProviderError):
            Publication(mastodon, connected, client, Content("Later")).run()
        held("too_many_requests")


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (401, "The access token is invalid", ErrorKind.AUTH_REVOKED),
        (403, "This action is outside the authorized scopes", ErrorKind.SCOPE_MISSING),
        (403, "Your login is currently disabled", ErrorKind.POLICY_BLOCKED),
        (413, "", ErrorKind.MEDIA_INVALID),
        (422, "Validation failed: Text character limit of 500 exceeded", ErrorKind.VALIDATION),
        (422, "Cannot attach files that have not finished processing.", ErrorKind.MEDIA_NOT_READY),
        (422, "Cannot attach more than 4 files", ErrorKind.MEDIA_INVALID),
        (429, "Too many requests", ErrorKind.RATE_LIMITED),
        (410, "", ErrorKind.API_SUNSET),
        (500, "", ErrorKind.AMBIGUOUS),
        (503, "", ErrorKind.AMBIGUOUS),
    ],
)
def test_its_words_become_kinds(code: int, said: str, kind: ErrorKind) -> None:
    body = f'{{"error": "{said}"}}'.encode()
    assert from_answer(code, body, {}, mutating=True).kind is kind


def test_a_posts_list_that_may_not_be_read_leaves_the_key_for_an_hour(
    networks: Networks, publication: Any, mastodon: PublishProvider
) -> None:
    made = publication("Blind")
    networks.control("mastodon", scenario="unreadable")
    assert isinstance(mastodon.reconcile(made.context()), NotFound)
    late = made.context()
    late.started_at = late.started_at.replace(year=late.started_at.year - 1)
    assert isinstance(mastodon.reconcile(late), Unreadable)


# --- Rights --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "granted"),
    [("sandbox-maren", "write:media"), ("sandbox-maren:read write:statuses", "write:statuses")],
)
def test_a_token_made_by_hand_tells_its_rights(
    mastodon: PublishProvider, networks: Networks, client: GuardedClient, token: str, granted: str
) -> None:
    values = form_for(networks, "mastodon") | {"token": token}
    scopes = mastodon.connect(values, client).scopes
    assert granted in scopes
    assert ("write:media" in scopes) is (granted == "write:media")


@pytest.mark.parametrize("answer", [{"name": "Old", "website": None}, ["no app"]])
def test_a_server_that_does_not_tell_the_rights_is_connected_all_the_same(
    mastodon: PublishProvider,
    networks: Networks,
    client: GuardedClient,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
) -> None:
    def app(self: MastodonApi) -> Any:
        if isinstance(answer, list):
            raise ProviderError(ErrorKind.VALIDATION, "Not found.")
        return answer

    monkeypatch.setattr(MastodonApi, "app", app)
    assert mastodon.connect(form_for(networks, "mastodon"), client).scopes == ()
