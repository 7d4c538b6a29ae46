"""What only YouTube has: a session that knows how far it is, processing afterwards, daily units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import GuardedClient
from apps.integrations.http.exchange import redact_url
from apps.integrations.providers.base import (
    Connected,
    Content,
    ErrorKind,
    Found,
    NotFound,
    ProviderError,
    PublishContext,
    Unreadable,
    Wait,
)
from apps.integrations.providers.json_api import Answer
from apps.integrations.providers.oauth import Token
from apps.integrations.providers.youtube import publishing
from apps.integrations.providers.youtube.client import YouTubeApi
from apps.integrations.providers.youtube.errors import (
    from_answer,
    from_processing,
    midnight_pacific,
)
from apps.integrations.providers.youtube.provider import MANAGE, UPLOAD, YouTubeProvider
from apps.integrations.providers.youtube.rules import tags_length
from tests.support import publishing as kit
from tests.support.networks import Networks

KEY = "youtube"
PIECE = 262_144
SIZE = 3 * PIECE + 1000


@pytest.fixture
def network(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> YouTubeProvider:
    """With pieces of 256 KiB, so that a small film is sent in four."""
    found = providers.get(KEY)
    assert isinstance(found, YouTubeProvider)
    facts = found.capabilities
    assert facts.upload is not None
    assert facts.upload.chunk_bytes % facts.upload.multiple_of == 0
    upload = facts.upload.model_copy(update={"chunk_bytes": PIECE})
    small = facts.model_copy(update={"upload": upload})
    monkeypatch.setitem(found.__dict__, "capabilities", small)
    return found


@pytest.fixture
def heard(networks: Networks) -> Iterator[tuple[GuardedClient, list[kit.Call]]]:
    with kit.listening() as pair:
        yield pair


@pytest.fixture
def client(heard: tuple[GuardedClient, list[kit.Call]]) -> GuardedClient:
    return heard[0]


@pytest.fixture
def calls(heard: tuple[GuardedClient, list[kit.Call]]) -> list[kit.Call]:
    return heard[1]


@pytest.fixture
def maren(network: YouTubeProvider, networks: Networks, client: GuardedClient) -> Connected:
    return kit.sign_in(network, networks, client)


def film(title: str = "A film", size: int = SIZE, **more: Any) -> Content:
    options = {"made_for_kids": "no", "tags": ["sea"]} | more.pop("options", {})
    media = (kit.film(size, **more.pop("details", {})),)
    return Content(
        more.pop("text", "It moves"), media, language="en", options=options, title=title, **more
    )


def sent(calls: list[kit.Call], method: str, part: str) -> list[kit.Call]:
    return [one for one in calls if one.method == method and part in one.path]


def ranges(calls: list[kit.Call]) -> list[tuple[str, int]]:
    return [(one.headers["content-range"], one.status) for one in sent(calls, "PUT", "upload_id")]


# --- Connecting ----------------------------------------------------------------------------------


def test_the_channel_is_read_with_its_list_of_uploads(
    maren: Connected, calls: list[kit.Call]
) -> None:
    kit.held_to(calls[-1], kit.recorded(KEY, "channels"))
    assert maren.account.handle == "@maren"
    assert maren.account.limits["uploads"].startswith("UU")
    assert "video_seconds" not in maren.account.limits


def test_a_channel_that_youtube_does_not_know_well_has_fifteen_minutes(
    network: YouTubeProvider, networks: Networks, client: GuardedClient
) -> None:
    who = kit.sign_in(network, networks, client, "unverified")
    codes = [i.code for i in network.validate(film(details={"seconds": 901.0}), who.account)]
    assert "media.too_long" in codes


def test_a_refresh_brings_no_refresh_token_and_takes_none_away(
    network: YouTubeProvider, networks: Networks, client: GuardedClient
) -> None:
    app = kit.sandbox_app(networks, providers.get(KEY))
    back = "https://candy.example/connect/youtube/callback"
    start = network.start_oauth({}, app=app, redirect_uri=back, state="s", client=client)
    assert "access_type=offline" in start.authorize_url
    assert "prompt=consent" in start.authorize_url
    approve = start.authorize_url.replace("/web/o/oauth2/v2/auth", "/web/approve")
    answer = client.get(f"{approve}&login=maren", follow_redirects=False)
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    one = network.finish_oauth(
        start.secrets, app=app, code=code, redirect_uri=back, client=client
    ).accounts[0]
    assert one.credentials["refresh"]
    fresh = network.refresh(one.credentials, client, app=app, host=one.account.host)
    assert fresh is not None
    assert fresh.expires_at is not None
    assert "refresh" not in fresh.credentials
    kept = one.credentials | fresh.credentials
    assert network.refresh(kept, client, app=app, host=one.account.host) is not None
    networks.control(KEY, scenario="revoked")
    with pytest.raises(ProviderError) as caught:
        network.refresh(kept, client, app=app, host=one.account.host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED


def test_a_permission_that_was_unticked_is_shown_as_not_granted(
    network: YouTubeProvider, networks: Networks, client: GuardedClient
) -> None:
    app = kit.sandbox_app(networks, providers.get(KEY))
    grant = network.accounts(
        Token(access_token="x", scope=UPLOAD), app=app, host=app.base, client=client
    )
    assert not grant.accounts
    assert grant.refused[0].reason
    assert MANAGE in network.oauth2.scopes


# --- Checking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": ""}, "title.empty"),
        ({"title": "x" * 101}, "title.too_long"),
        ({"title": "a < b"}, "title.characters"),
        ({"text": "ü" * 2501}, "text.too_long"),
        ({"text": "a > b"}, "text.characters"),
        ({"options": {"made_for_kids": ""}}, "option.made_for_kids"),
        ({"options": {"made_for_kids": "perhaps"}}, "option.made_for_kids"),
        ({"options": {"category": "999"}}, "option.category"),
        ({"options": {"tags": "x" * 501}}, "option.tags"),
        ({"options": {"tags": ["a<b"]}}, "option.tags"),
        ({"first_comment": "First", "options": {"made_for_kids": "yes"}}, "comment.none"),
        ({"first_comment": "First", "options": {"privacy": "private"}}, "comment.none"),
        ({"first_comment": "x" * 10_001}, "comment.too_long"),
        ({"format": "short", "details": {"seconds": 181.0}}, "media.too_long"),
        (
            {"format": "short", "details": {"width": 1920, "height": 1080}},
            "media.ratio",
        ),
        ({"details": {"cover": kit.picture(mime="image/webp")}}, "media.cover"),
        ({"details": {"cover": replace(kit.picture(), size=2_000_001)}}, "media.cover"),
    ],
)
def test_what_youtube_would_refuse_is_found_before(
    network: YouTubeProvider, maren: Connected, change: dict[str, Any], code: str
) -> None:
    found = network.validate(film(**change), maren.account)
    assert code in [one.code for one in found if one.level == "error"]


def test_good_videos_have_no_findings(network: YouTubeProvider, maren: Connected) -> None:
    for content in (
        film(text="ü" * 2500, title="x" * 100, first_comment="First"),
        film(format="short", details={"seconds": 180.0}),
        film(text="", details={"cover": kit.picture()}),
    ):
        assert not network.validate(content, maren.account)


def test_a_picture_alone_is_no_video(network: YouTubeProvider, maren: Connected) -> None:
    content = replace(film(), media=(kit.picture(),))
    found = [one for one in network.validate(content, maren.account) if one.level == "error"]
    assert found


@pytest.mark.parametrize(
    ("found", "used"), [([], 0), (["sea"], 3), (["sea", "open sea"], 14), (["a", "b"], 3)]
)
def test_tags_are_counted_as_youtube_joins_them(found: list[str], used: int) -> None:
    assert tags_length(found) == used


# --- Publishing ----------------------------------------------------------------------------------


def test_a_video_goes_out_in_pieces_through_one_session(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, film(details={"cover": kit.picture(3)}))
    calls.clear()
    ran = kit.run(network, ctx)
    assert ran == ["session", "upload", "submit", "process", "thumbnail"]
    kit.held_to(calls[0], kit.recorded(KEY, "open_session"))
    assert calls[0].headers["x-upload-content-length"] == str(SIZE)
    assert ranges(calls) == [
        (f"bytes 0-{PIECE - 1}/{SIZE}", 308),
        (f"bytes {PIECE}-{2 * PIECE - 1}/{SIZE}", 308),
        (f"bytes {2 * PIECE}-{3 * PIECE - 1}/{SIZE}", 308),
        (f"bytes */{SIZE}", 308),
        (f"bytes {3 * PIECE}-{SIZE - 1}/{SIZE}", 201),
    ]
    kit.held_to(sent(calls, "PUT", "upload_id")[-1], kit.recorded(KEY, "uploaded"))
    kit.held_to(sent(calls, "GET", "processingDetails")[0], kit.recorded(KEY, "video_status"))
    assert "session" not in ctx.handles, "what it holds would let others upload"
    assert networks.sandbox is not None
    store = networks.sandbox.store
    video = store.get(KEY, "video", ctx.handles["remote_id"])
    assert video is not None
    blob = store.blob(KEY, video["file"])
    assert blob is not None
    assert blob[1] == ctx.content.media[0].part(0, SIZE)
    page = client.get(ctx.handles["permalink"])
    assert "A film" in page.text
    assert f"thumb-{ctx.handles['remote_id']}" in page.text


def test_a_file_of_one_piece_and_one_that_ends_on_a_piece_go_out(
    network: YouTubeProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    for number, size in enumerate((1, PIECE, 2 * PIECE, 2 * PIECE + 1)):
        kit.run(network, kit.context(maren, client, film(f"Film {number}", size)))
    assert networks.posts(KEY) == 4


def test_options_become_what_youtube_calls_them(
    network: YouTubeProvider, maren: Connected, client: GuardedClient, calls: list[kit.Call]
) -> None:
    options = {
        "privacy": "unlisted",
        "made_for_kids": "yes",
        "category": "27",
        "tags": "sea, #open sea, sea",
        "synthetic": True,
        "notify": False,
    }
    kit.run(network, kit.context(maren, client, film(options=options)))
    opened = sent(calls, "POST", "uploadType=resumable")[0]
    assert "notifySubscribers=false" in opened.path
    assert opened.sent["snippet"]["tags"] == ["sea", "open sea"]
    assert opened.sent["snippet"]["categoryId"] == "27"
    assert opened.sent["status"]["privacyStatus"] == "unlisted"
    assert opened.sent["status"]["selfDeclaredMadeForKids"] is True
    assert opened.sent["status"]["containsSyntheticMedia"] is True


def test_a_cover_that_is_refused_is_noted_and_fails_nothing(
    network: YouTubeProvider, networks: Networks, client: GuardedClient
) -> None:
    who = kit.sign_in(network, networks, client, "unverified")
    ctx = kit.context(who, client, film(details={"cover": kit.picture()}))
    kit.run(network, ctx)
    assert ctx.handles["remote_id"]
    assert "cover" in ctx.handles["note"]


VTT = b"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello\n"


def captioned(**more: Any) -> Content:
    told = {"captions": lambda: VTT, "captions_language": "de"}
    return film(details=told | more.pop("details", {}), **more)


def test_captions_follow_the_video_as_a_track_of_their_own(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, captioned())
    assert kit.run(network, ctx) == ["session", "upload", "submit", "process", "captions"]
    kit.held_to(calls[-1], kit.recorded(KEY, "captions"))
    assert calls[-1].answered["snippet"]["language"] == "de"
    assert networks.sandbox is not None
    kept = networks.sandbox.store.blob(KEY, f"captions-{ctx.handles['remote_id']}-de")
    assert kept == ("text/vtt", VTT)
    assert "note" not in ctx.handles
    short = captioned(title="Short", format="short")
    assert "captions" in network.stages_for(short)
    assert "captions" not in network.stages_for(film())


@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_after_accept"])
def test_captions_whose_answer_was_lost_are_not_sent_as_a_second_track(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
    scenario: str,
) -> None:
    ctx = kit.context(maren, client, captioned())
    networks.control(KEY, scenario=scenario, point="captions")
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    networks.control(KEY, scenario="success")
    kit.run(network, ctx)
    assert "note" not in ctx.handles
    assert [one.status for one in sent(calls, "POST", "/captions")][-1] == 409
    assert networks.posts(KEY) == 1


def test_captions_that_are_refused_are_noted_beside_the_cover_and_fail_nothing(
    network: YouTubeProvider, networks: Networks, client: GuardedClient, calls: list[kit.Call]
) -> None:
    who = kit.sign_in(network, networks, client, "unverified")
    ctx = kit.context(who, client, captioned(details={"cover": kit.picture()}))
    kit.run(network, ctx, until="captions")
    networks.control(KEY, scenario="quota_full")
    kit.run(network, ctx)
    kit.run(network, ctx)
    assert ctx.handles["remote_id"]
    assert "the cover" in ctx.handles["note"]
    assert "the captions" in ctx.handles["note"]
    assert len(sent(calls, "POST", "/captions")) == 1
    assert networks.posts(KEY) == 1


def test_captions_that_keep_failing_are_given_up_and_the_video_stays_out(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, captioned())
    for _ in range(publishing.CAPTION_TRIES - 1):
        networks.control(KEY, scenario="rate_limit", point="captions")
        with pytest.raises(ProviderError) as caught:
            kit.run(network, ctx)
        assert caught.value.retryable
    networks.control(KEY, scenario="rate_limit", point="captions")
    kit.run(network, ctx)
    assert "slow down" in ctx.handles["note"]
    assert len(sent(calls, "POST", "uploadType=resumable")) == 1
    assert networks.posts(KEY) == 1


def test_an_adopted_video_says_that_its_captions_are_missing(
    network: YouTubeProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, captioned())
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        kit.run(network, ctx)
    networks.control(KEY, scenario="success")
    assert isinstance(network.reconcile(ctx), Found)
    assert "captions were not sent" in ctx.handles["note"]


def test_processing_is_waited_for_and_a_new_token_goes_on(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    networks.control(KEY, scenario="slow_processing", seconds=600)
    ctx = kit.context(maren, client, film())
    kit.run(network, ctx, until="process")
    assert isinstance(network.run_stage("process", ctx), Wait)
    assert "remote_id" not in ctx.handles
    networks.control(KEY, scenario="expire_polling")
    with pytest.raises(ProviderError) as caught:
        network.run_stage("process", ctx)
    assert caught.value.kind is ErrorKind.AUTH_EXPIRED
    networks.control(KEY, scenario="success", clock_offset=601)
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1
    assert len(sent(calls, "POST", "uploadType=resumable")) == 1


def test_a_video_that_is_processed_for_very_long_counts_as_out(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    networks.control(KEY, scenario="slow_processing", seconds=6000)
    ctx = kit.context(maren, client, film())
    kit.run(network, ctx, until="process")
    assert isinstance(network.run_stage("process", ctx), Wait)
    monkeypatch.setattr(publishing, "PROCESSING_SECONDS", -1.0)
    kit.run(network, ctx)
    assert ctx.handles["remote_id"]


def test_a_video_that_youtube_cannot_process_is_a_failure_with_its_reason(
    network: YouTubeProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="container_error")
    ctx = kit.context(maren, client, film())
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert not {"video_id", "session", "remote_id"} & set(ctx.handles)


def test_a_long_upload_comes_up_for_air_and_goes_on_where_it_was(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ctx = kit.context(maren, client, film())
    monkeypatch.setattr(publishing, "SLICE_SECONDS", -1.0)
    kit.run(network, ctx, until="upload")
    assert isinstance(network.run_stage("upload", ctx), Wait)
    monkeypatch.setattr(publishing, "SLICE_SECONDS", 20.0)
    kit.run(network, ctx)
    pieces = [one for one, _ in ranges(calls) if "*" not in one]
    assert len(pieces) == len(set(pieces)) == 4
    assert networks.posts(KEY) == 1


# --- Once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_after_accept"])
def test_a_lost_answer_to_the_last_byte_is_known_by_the_session(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
    scenario: str,
) -> None:
    ctx = kit.context(maren, client, film(details={"cover": kit.picture()}))
    networks.control(KEY, scenario=scenario)
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    found = network.reconcile(ctx)
    assert isinstance(found, Found)
    assert "cover was not set" in ctx.handles["note"], "what is adopted goes through no more stages"
    kit.run(network, ctx)  # and going on sends nothing again
    assert networks.posts(KEY) == 1
    assert ctx.handles["remote_id"] == found.remote_id
    assert len(sent(calls, "POST", "uploadType=resumable")) == 1


def test_a_last_byte_that_never_arrived_is_sent_through_the_same_session(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, film())
    networks.control(KEY, scenario="error_before_accept")
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    assert isinstance(network.reconcile(ctx), NotFound)
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1
    assert len(sent(calls, "POST", "uploadType=resumable")) == 1


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_before_accept", "rate_limit"])
def test_a_fault_at_any_piece_is_resumed_there(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
    scenario: str,
    nth: int,
) -> None:
    ctx = kit.context(maren, client, film())
    networks.control(KEY, scenario=scenario, point="upload", nth=nth)
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.retryable
    networks.control(KEY, scenario="success")
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1
    assert len(sent(calls, "POST", "uploadType=resumable")) == 1
    kept = [one for one, status in ranges(calls) if "*" not in one and status in (308, 201)]
    assert len(kept) == len(set(kept)), "no piece that was kept is sent again"


def gone(network: YouTubeProvider, ctx: PublishContext) -> None:
    """Let the session be one that YouTube does not know any more."""
    head, _, _ = ctx.handles["session"].partition("upload_id=")
    ctx.remember("session", f"{head}upload_id=gone")


def test_a_session_that_is_gone_with_its_video_made_is_found_in_the_uploads(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, film())
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        kit.run(network, ctx)
    networks.control(KEY, scenario="success")
    gone(network, ctx)
    found = network.reconcile(ctx)
    assert isinstance(found, Found)
    kit.held_to(calls[-1], kit.recorded(KEY, "uploads"))
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1, "found before another session was opened"
    ctx.handles.pop("remote_id")
    ctx.handles.pop("video_id")
    ctx.handles["session"] = f"{network.address('api', ctx.account.host)}/upload/youtube/v3/videos"
    ctx.is_claimed = {found.remote_id}.__contains__
    assert isinstance(network.reconcile(ctx), NotFound), "it belongs to another intent"


def test_a_session_that_is_gone_without_a_video_is_opened_again(
    network: YouTubeProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, film())
    networks.control(KEY, scenario="error_before_accept", point="upload", nth=2)
    with pytest.raises(ProviderError):
        kit.run(network, ctx)
    networks.control(KEY, scenario="success")
    gone(network, ctx)
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1


def test_a_channel_that_cannot_be_read_is_a_persons_matter(
    network: YouTubeProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, film())
    kit.run(network, ctx, until="submit")
    gone(network, ctx)
    networks.control(KEY, scenario="unreadable")
    assert isinstance(network.reconcile(ctx), Unreadable)
    with pytest.raises(ProviderError) as caught:
        network.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS


def test_the_token_travels_to_google_only(networks: Networks, client: GuardedClient) -> None:
    api = YouTubeApi("https://www.googleapis.com", client, "secret")
    assert api._is_ours("https://youtube.googleapis.com/upload?upload_id=1")
    assert not api._is_ours("https://googleapis.com.evil.example/upload")
    assert not api._is_ours("http://www.googleapis.com/upload")
    here = YouTubeApi(f"{networks.url}/youtube/api", client, "secret")
    assert here._is_ours(f"{networks.url}/youtube/api/upload")
    assert not here._is_ours("https://elsewhere.example/upload")


def test_the_session_is_not_on_the_receipt() -> None:
    session = "https://www.googleapis.com/upload/youtube/v3/videos?upload_id=ABCxyz"
    assert "ABCxyz" not in redact_url(session)


# --- First comment -------------------------------------------------------------------------------


def comment_of(
    who: Connected, client: GuardedClient, video: PublishContext, **more: Any
) -> PublishContext:
    part = replace(video.content, first_comment="First").parts()[-1]
    return kit.context(
        who, client, part.content, role="comment", root=video.handles, parent=video.handles, **more
    )


def test_the_first_comment_follows_the_video(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    video = kit.context(maren, client, film())
    kit.run(network, video)
    ctx = comment_of(maren, client, video)
    assert kit.run(network, ctx) == ["comment"]
    kit.held_to(calls[-1], kit.recorded(KEY, "comment"))
    assert "First" in client.get(ctx.handles["permalink"]).text
    assert networks.posts(KEY) == 2


@pytest.mark.parametrize(
    ("scenario", "is_out"), [("accept_then_drop", True), ("error_before_accept", False)]
)
def test_a_comment_in_doubt_is_looked_for(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    scenario: str,
    is_out: bool,
) -> None:
    video = kit.context(maren, client, film())
    kit.run(network, video)
    ctx = comment_of(maren, client, video)
    networks.control(KEY, scenario=scenario, point="comment")
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    found = network.reconcile(ctx)
    assert isinstance(found, Found if is_out else NotFound)
    if isinstance(found, Found):
        claimed = comment_of(maren, client, video, is_claimed={found.remote_id}.__contains__)
        assert isinstance(network.reconcile(claimed), NotFound)
    networks.control(KEY, scenario="unreadable")
    assert isinstance(network.reconcile(ctx), Unreadable)


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason", "kind", "field"),
    [
        (401, "authError", ErrorKind.AUTH_EXPIRED, None),
        (401, "somethingNew", ErrorKind.AUTH_EXPIRED, None),
        (401, "youtubeSignupRequired", ErrorKind.VALIDATION, None),
        (403, "quotaExceeded", ErrorKind.QUOTA_EXHAUSTED, None),
        (403, "rateLimitExceeded", ErrorKind.RATE_LIMITED, None),
        (403, "insufficientPermissions", ErrorKind.SCOPE_MISSING, None),
        (403, "forbidden", ErrorKind.POLICY_BLOCKED, None),
        (403, "somethingNew", ErrorKind.POLICY_BLOCKED, None),
        (403, "commentsDisabled", ErrorKind.VALIDATION, "first_comment"),
        (400, "uploadLimitExceeded", ErrorKind.QUOTA_EXHAUSTED, None),
        (400, "invalidTitle", ErrorKind.VALIDATION, "title"),
        (400, "invalidDescription", ErrorKind.VALIDATION, "text"),
        (400, "invalidTags", ErrorKind.VALIDATION, "tags"),
        (400, "mediaBodyRequired", ErrorKind.MEDIA_INVALID, "media"),
        (400, "somethingNew", ErrorKind.VALIDATION, None),
        (404, "videoNotFound", ErrorKind.TRANSIENT_SAFE, None),
        (429, "", ErrorKind.RATE_LIMITED, None),
    ],
)
def test_a_refusal_says_what_may_be_done(
    status: int, reason: str, kind: ErrorKind, field: str | None
) -> None:
    body = {"error": {"code": status, "message": "No", "errors": [{"reason": reason}]}}
    error = from_answer(Answer(status, body, {}))
    assert (error.kind, error.field) == (kind, field)
    waits = kind in (ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED)
    assert (error.retry_at is not None) == waits


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({"uploadStatus": "failed", "failureReason": "codec"}, ErrorKind.MEDIA_INVALID),
        ({"uploadStatus": "rejected", "rejectionReason": "length"}, ErrorKind.MEDIA_INVALID),
        ({"uploadStatus": "rejected", "rejectionReason": "duplicate"}, ErrorKind.POLICY_BLOCKED),
        ({"uploadStatus": "rejected", "rejectionReason": "legal"}, ErrorKind.POLICY_BLOCKED),
        ({"uploadStatus": "deleted"}, ErrorKind.POLICY_BLOCKED),
    ],
)
def test_a_video_that_did_not_come_to_be_says_why(
    status: dict[str, object], kind: ErrorKind
) -> None:
    assert from_processing(status).kind is kind


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-07-01T06:59:00+00:00", "2026-07-01T07:00:00+00:00"),
        ("2026-07-01T07:00:00+00:00", "2026-07-02T07:00:00+00:00"),
        ("2026-11-01T12:00:00+00:00", "2026-11-02T08:00:00+00:00"),  # the night the clocks go back
        ("2026-03-08T07:59:00+00:00", "2026-03-08T08:00:00+00:00"),
    ],
)
def test_allowances_begin_again_at_midnight_pacific(now: str, then: str) -> None:
    assert midnight_pacific(datetime.fromisoformat(now)) == datetime.fromisoformat(then)
    assert midnight_pacific() > datetime.now(UTC)


def test_a_full_quota_is_known_before_a_byte_is_sent(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    networks.control(KEY, scenario="quota_full")
    ctx = kit.context(maren, client, film())
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.QUOTA_EXHAUSTED
    assert caught.value.retry_at == midnight_pacific()
    assert not sent(calls, "PUT", "upload_id")


# --- Numbers -------------------------------------------------------------------------------------


def test_numbers_come_as_text_and_hidden_ones_are_left_out(
    network: YouTubeProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, film())
    kit.run(network, ctx)
    networks.control(KEY, clock_offset=7200)
    mine = ctx.handles["remote_id"]
    found = network.metrics(maren.credentials, maren.account, [mine, "gone"], client)
    kit.held_to(calls[-1], kit.recorded(KEY, "statistics"))
    assert set(found) == {mine}
    assert set(found[mine]) == {"views", "likes", "replies"}
    networks.control(KEY, scenario="dead_metric", clock_offset=7200)
    hidden = network.metrics(maren.credentials, maren.account, [mine], client)
    assert set(hidden[mine]) == {"views", "replies"}
