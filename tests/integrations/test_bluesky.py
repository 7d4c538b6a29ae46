"""What only Bluesky has: strong references, galleries, the video service, cards made by us, gates."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.providers.base import (
    Account,
    App,
    Connected,
    Content,
    ErrorKind,
    Found,
    Piece,
    ProviderError,
    PublishProvider,
    Wait,
)
from apps.integrations.providers.bluesky.client import BlueskyApi
from apps.integrations.providers.bluesky.errors import from_answer
from apps.integrations.providers.bluesky.publishing import permalink
from tests.support import publishing as kit
from tests.support.networks import Networks
from tests.support.publication import Publication, image, video

from .conftest import form_for


@pytest.fixture
def receipt() -> list[Exchange]:
    return []


@pytest.fixture
def client(networks: Networks, receipt: list[Exchange]) -> Iterator[GuardedClient]:
    with guarded_client(timeout=10, record=receipt.append) as client:
        yield client


@pytest.fixture
def bluesky() -> PublishProvider:
    return providers.get("bluesky")


@pytest.fixture
def connected(bluesky: PublishProvider, networks: Networks, client: GuardedClient) -> Connected:
    return bluesky.connect(form_for(networks, "bluesky"), client)


@pytest.fixture
def publication(bluesky: PublishProvider, connected: Connected, client: GuardedClient) -> Any:
    def make(text: str, **more: Any) -> Publication:
        settle = lambda seconds: time.sleep(0.15)  # noqa: E731
        return Publication(bluesky, connected, client, Content(text, **more), settle)

    return make


def record(networks: Networks, handles: dict[str, str]) -> dict[str, Any]:
    assert networks.sandbox is not None
    found: dict[str, Any] = networks.sandbox.store.post("bluesky", handles["remote_id"])["record"]
    return found


# --- Threads and comments ------------------------------------------------------------------------


def test_each_part_names_root_and_parent_with_their_cid(
    networks: Networks, publication: Any
) -> None:
    out = publication(
        "One", thread=(Piece("Two", (image(),)), Piece("Three")), first_comment="By the way"
    ).run_all()
    root = {"uri": out[0]["remote_id"], "cid": out[0]["cid"]}
    second = {"uri": out[1]["remote_id"], "cid": out[1]["cid"]}
    assert record(networks, out[1])["reply"] == {"root": root, "parent": root}
    assert record(networks, out[2])["reply"] == {"root": root, "parent": second}
    assert record(networks, out[3])["reply"] == {"root": root, "parent": root}
    assert networks.posts("bluesky") == 4


def test_a_part_whose_parent_was_found_by_a_check_asks_for_its_cid(
    networks: Networks, publication: Any, bluesky: PublishProvider
) -> None:
    """Adopting a post leaves no cid behind; the next part still has to name it."""
    made = publication("One", thread=(Piece("Two"),))
    bluesky.run_stage("upload", made.context())
    networks.control("bluesky", scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        bluesky.run_stage("submit", made.context())
    networks.control("bluesky", scenario="success")
    found = bluesky.reconcile(made.context())
    assert isinstance(found, Found)
    made.sent[0].handles |= {"remote_id": found.remote_id, "permalink": found.permalink}
    handles = made.run(1)
    assert record(networks, handles)["reply"]["parent"]["cid"].startswith("bafy")
    assert networks.posts("bluesky") == 2


# --- Media ---------------------------------------------------------------------------------------


def test_more_than_four_images_are_a_gallery(networks: Networks, publication: Any) -> None:
    four = publication("Four", media=tuple(image(n) for n in range(4))).run()
    five = publication("Five", media=tuple(image(n) for n in range(5))).run()
    assert record(networks, four)["embed"]["$type"] == "app.bsky.embed.images"
    gallery = record(networks, five)["embed"]
    assert gallery["$type"] == "app.bsky.embed.gallery"
    assert [one["alt"] for one in gallery["items"]] == [f"A picture, {n}" for n in range(5)]


def test_a_server_that_is_not_bluesky_s_own_gets_four_images(
    bluesky: PublishProvider,
) -> None:
    elsewhere = Account("did:plc:x", "@a", "a", host="https://pds.example", limits={"images": 4})
    five = Content("Five", tuple(image(n) for n in range(5)))
    assert "media.too_many" in {one.code for one in bluesky.validate(five, elsewhere)}
    assert not bluesky.validate(five)


def test_a_video_goes_through_the_video_service_once(
    networks: Networks, publication: Any, bluesky: PublishProvider, receipt: list[Exchange]
) -> None:
    film = video(captions=lambda: b"WEBVTT\n", captions_language="de")
    made = publication("Moving", media=(film,))
    assert isinstance(bluesky.run_stage("upload", made.context()), Wait)
    handles = made.run()
    embed = record(networks, handles)["embed"]
    assert embed["$type"] == "app.bsky.embed.video"
    assert embed["aspectRatio"] == {"width": 640, "height": 360}
    assert embed["alt"] == film.alt_text
    assert embed["captions"][0]["lang"] == "de"
    uploads = [one for one in receipt if "uploadVideo" in one.url]
    assert len(uploads) == 1, "polling never uploads again"


def test_a_film_that_was_uploaded_before_comes_back_as_the_same_job(
    networks: Networks, publication: Any, receipt: list[Exchange]
) -> None:
    """409 already_exists is no refusal: it names the job."""
    publication("First", media=(video(3),)).run()
    second = publication("Second", media=(video(3),)).run()
    assert 409 in [one.status for one in receipt if "uploadVideo" in one.url]
    assert record(networks, second)["embed"]["video"]["mimeType"] == "video/mp4"


def test_a_video_that_cannot_be_encoded_is_invalid_and_not_asked_about_again(
    networks: Networks, publication: Any
) -> None:
    made = publication("Broken", media=(video(4),))
    networks.control("bluesky", scenario="container_error")
    with pytest.raises(ProviderError) as caught:
        made.run()
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert "video.job" not in made.context().handles
    networks.control("bluesky", scenario="success")
    made.run()
    assert networks.posts("bluesky") == 1


def test_a_server_without_tokens_for_services_takes_the_film_itself(
    networks: Networks, publication: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: Any) -> str:
        raise from_answer(501, b'{"error": "MethodNotImplemented"}', {}, mutating=False)

    monkeypatch.setattr(BlueskyApi, "service_token", lacks)
    handles = publication("Plain", media=(video(6),)).run()
    assert record(networks, handles)["embed"]["video"]["mimeType"] == "video/mp4"


def test_a_full_quota_of_videos_waits(networks: Networks, publication: Any) -> None:
    networks.control("bluesky", scenario="quota_full")
    with pytest.raises(ProviderError) as caught:
        publication("Too many", media=(video(5),)).run()
    assert caught.value.kind is ErrorKind.QUOTA_EXHAUSTED
    assert caught.value.retryable


def test_files_that_the_server_has_lost_go_up_again(
    networks: Networks, publication: Any, bluesky: PublishProvider
) -> None:
    made = publication("Late", media=(image(9),))
    bluesky.run_stage("upload", made.context())
    networks.control("bluesky", reset=True)  # unnamed blobs are thrown away after a while
    with pytest.raises(ProviderError) as caught:
        bluesky.run_stage("submit", made.context())
    assert caught.value.kind is ErrorKind.MEDIA_NOT_READY
    made.run(stages=("submit",))
    assert networks.posts("bluesky") == 1


# --- Link cards ----------------------------------------------------------------------------------


def test_a_link_s_card_says_what_the_page_says_and_is_read_once(
    networks: Networks, publication: Any, bluesky: PublishProvider, receipt: list[Exchange]
) -> None:
    page = f"{networks.url}/site/"
    made = publication(f"Look: {page}")
    bluesky.run_stage("upload", made.context())
    title, description, _ = json.loads(made.sent[0].handles["card"])
    assert title
    assert description
    receipt.clear()
    handles = made.run()
    assert not [one for one in receipt if one.url == page], "each attempt writes the same record"
    card = record(networks, handles)["embed"]["external"]
    assert card["uri"] == page
    assert (card["title"], card["description"]) == (title, description)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/", "http://127.0.0.1:9/", "https://nowhere.invalid/a"]
)
def test_a_page_that_may_not_be_asked_or_does_not_answer_gives_the_bare_card(
    networks: Networks, publication: Any, url: str
) -> None:
    handles = publication("Look", link=url).run()
    card = record(networks, handles)["embed"]["external"]
    assert card == {"uri": url, "title": url.partition("://")[2].rstrip("/"), "description": ""}


def test_files_win_over_a_card_and_the_composer_says_so(bluesky: PublishProvider) -> None:
    content = Content("x", (image(),), link="https://example.com/")
    assert [one.code for one in bluesky.validate(content)] == ["link.hidden"]


# --- Gates and labels ----------------------------------------------------------------------------


def test_gates_stand_before_the_post_does(
    networks: Networks, publication: Any, bluesky: PublishProvider
) -> None:
    options = {"replies": "mentioned", "quotes": "nobody", "label": "graphic-media"}
    made = publication("Quiet", options=options, first_comment="And this")
    bluesky.run_stage("upload", made.context())
    assert networks.sandbox is not None
    gates = {one["$type"]: one for one in networks.sandbox.store.things("bluesky", "gate")}
    assert networks.posts("bluesky") == 0
    gate = gates["app.bsky.feed.threadgate"]
    assert gate["allow"] == [{"$type": "app.bsky.feed.threadgate#mentionRule"}]
    out = made.run_all()
    assert gate["post"] == out[0]["remote_id"]
    assert gates["app.bsky.feed.postgate"]["post"] == out[0]["remote_id"]
    labels = record(networks, out[0])["labels"]["values"]
    assert labels == [{"val": "graphic-media"}]


# --- Shapes --------------------------------------------------------------------------------------


def test_calls_and_answers_have_the_recorded_shapes(
    networks: Networks, bluesky: PublishProvider
) -> None:
    def held(name: str, path: str = "putRecord") -> None:
        call = next(one for one in reversed(calls) if path in one.path)
        kit.held_to(call, kit.recorded("bluesky", name))

    def publish(text: str, **more: Any) -> None:
        settle = lambda seconds: time.sleep(0.15)  # noqa: E731
        Publication(bluesky, connected, client, Content(text, **more), settle).run_all()

    with kit.listening() as (client, calls):
        connected = bluesky.connect(form_for(networks, "bluesky"), client)
        held("create_session", "createSession")
        publish("Hello", media=(image(),))
        held("upload_blob", "uploadBlob")
        held("put_images")
        publish("Hello", media=tuple(image(n) for n in range(5)))
        held("put_gallery")
        publish("Hello", first_comment="And")
        held("put_reply")
        publish("Hello", media=(video(11, captions=lambda: b"WEBVTT\n"),))
        held("put_video")
        held("service_auth", "getServiceAuth")
        held("upload_limits", "getUploadLimits")
        held("upload_video", "uploadVideo")
        made = Content("Quiet", options={"replies": "mentioned"})
        gated = Publication(bluesky, connected, client, made)
        bluesky.run_stage("upload", gated.context())
        held("put_threadgate")
        networks.control("bluesky", scenario="expired")
        with pytest.raises(ProviderError) as caught:
            bluesky.verify(connected.credentials, connected.account, client)
        held("expired", "getSession")
    assert caught.value.kind is ErrorKind.AUTH_EXPIRED
    job = next(one for one in calls if "getJobStatus" in one.path)
    kit.held_to(job, kit.recorded("bluesky", "job_status"))


# --- Any PDS -------------------------------------------------------------------------------------


def test_a_real_server_s_posts_are_read_in_the_app() -> None:
    """Whatever a server says of itself, the address we show is ours to choose."""
    account = Account("did:plc:x", "@a.example", "a", host="https://pds.example")
    assert permalink(account, "3kabc") == "https://bsky.app/profile/a.example/post/3kabc"


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        (400, "ExpiredToken", ErrorKind.AUTH_EXPIRED),
        (401, "InvalidToken", ErrorKind.AUTH_REVOKED),
        (401, "AccountTakedown", ErrorKind.AUTH_REVOKED),
        (429, "RateLimitExceeded", ErrorKind.RATE_LIMITED),
        (400, "BlobTooLarge", ErrorKind.MEDIA_INVALID),
        (400, "BlobNotFound", ErrorKind.MEDIA_NOT_READY),
        (400, "unconfirmed_email", ErrorKind.POLICY_BLOCKED),
        (400, "InvalidRequest", ErrorKind.VALIDATION),
        (501, "MethodNotImplemented", ErrorKind.API_SUNSET),
        (404, "MethodNotImplemented", ErrorKind.API_SUNSET),
        (502, "UpstreamFailure", ErrorKind.AMBIGUOUS),
    ],
)
def test_its_names_become_kinds(code: int, name: str, kind: ErrorKind) -> None:
    body = json.dumps({"error": name, "message": ""}).encode()
    assert from_answer(code, body, {}, mutating=True).kind is kind


# --- Rights --------------------------------------------------------------------------------------


def test_a_session_tells_what_it_is_good_for_and_so_does_every_new_pair(
    bluesky: PublishProvider, connected: Connected, client: GuardedClient
) -> None:
    assert connected.scopes == ("com.atproto.appPass",)
    fresh = bluesky.refresh(connected.credentials, client, app=App(""), host=connected.account.host)
    assert fresh is not None
    assert fresh.scopes == connected.scopes
    assert fresh.expires_at is not None
