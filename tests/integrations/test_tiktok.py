"""What only TikTok has: one publish_id, pieces in order, an inbox, and much to be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import GuardedClient
from apps.integrations.http.exchange import redact_body, redact_url
from apps.integrations.providers.base import (
    Connected,
    Content,
    ErrorKind,
    Found,
    MediaItem,
    NotFound,
    ProviderError,
    Unreadable,
    Wait,
)
from apps.integrations.providers.capabilities import UploadRules
from apps.integrations.providers.checks import counts
from apps.integrations.providers.json_api import Answer
from apps.integrations.providers.oauth import Token
from apps.integrations.providers.tiktok import publishing
from apps.integrations.providers.tiktok.chunks import plan
from apps.integrations.providers.tiktok.errors import from_answer, from_failure
from apps.integrations.providers.tiktok.provider import TikTokProvider
from apps.integrations.services import sign_ins
from tests.support import publishing as kit
from tests.support.networks import Networks

KEY = "tiktok"
# Pieces of 64 kB, so that a small film is sent in many.
SMALL = UploadRules(
    chunk_bytes=65_536, min_chunk_bytes=65_536, max_chunk_bytes=800_000, max_chunks=1000
)
DIRECT = {"mode": "direct", "privacy": "PUBLIC_TO_EVERYONE", "consent": True}


@pytest.fixture
def network(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> TikTokProvider:
    found = providers.get(KEY)
    assert isinstance(found, TikTokProvider)
    small = found.capabilities.model_copy(update={"upload": SMALL})
    monkeypatch.setitem(found.__dict__, "capabilities", small)
    assert networks.sandbox is not None
    monkeypatch.setattr(networks.sandbox.simulators[KEY], "rules", SMALL)
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
def maren(network: TikTokProvider, networks: Networks, client: GuardedClient) -> Connected:
    return kit.sign_in(network, networks, client)


def video(size: int = 300_001, text: str = "A caption #tag", **options: Any) -> Content:
    return Content(text, (kit.film(size, cover_ms=1500),), options=options)


def photos(networks: Networks, count: int = 2, mime: str = "image/jpeg", **options: Any) -> Content:
    """Pictures at an address that the simulated TikTok can fetch."""
    assert networks.sandbox is not None

    def one(number: int) -> MediaItem:
        networks.sandbox.store.put_blob(KEY, f"at-ours-{number}", mime, b"picture %d" % number)
        url = f"{networks.url}/{KEY}/files/at-ours-{number}"
        return kit.picture(number, mime, url=lambda: url)

    media = tuple(one(n) for n in range(count))
    return Content("What they show", media, title="A title", options=options)


def sent(calls: list[kit.Call], part: str) -> list[kit.Call]:
    return [one for one in calls if part in one.path]


# --- Pieces --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "count", "last"),
    [
        (1, 1, 1),
        (4_000_000, 1, 4_000_000),
        (10_485_759, 1, 10_485_759),
        (10_485_760, 2, 5_242_880),
        (50_000_123, 9, 50_000_123 - 8 * 5_242_880),
        (4_000_000_000, 762, None),
    ],
)
def test_a_file_is_cut_as_tiktok_counts(size: int, count: int, last: int | None) -> None:
    rules = providers.get(KEY).capabilities.upload
    assert rules is not None
    cut = plan(size, rules)
    pieces = [cut.piece(n) for n in range(cut.count)]
    assert cut.count == count == max(size // cut.chunk, 1)
    assert sum(length for _, length in pieces) == size
    assert all(
        start == sum(length for _, length in pieces[:n]) for n, (start, _) in enumerate(pieces)
    )
    if last is not None:
        assert pieces[-1][1] == last
    if count > 1:
        assert rules.min_chunk_bytes <= cut.chunk <= (rules.max_chunk_bytes or 0)
        assert pieces[-1][1] <= (rules.max_last_bytes or 0)


# --- Connecting ----------------------------------------------------------------------------------


def test_what_the_creator_may_choose_is_read_at_connect(
    network: TikTokProvider, maren: Connected, calls: list[kit.Call]
) -> None:
    kit.held_to(calls[-1], kit.recorded(KEY, "creator_info"))
    limits = maren.account.limits
    assert limits["privacy"][0] == ["PUBLIC_TO_EVERYONE", "Everyone"]
    assert limits["direct"] is True
    assert limits["direct_seconds"] == 600
    assert maren.account.handle == "@maren"


def test_signing_in_uses_the_client_key_and_proves_itself(
    network: TikTokProvider, networks: Networks, client: GuardedClient
) -> None:
    app = kit.sandbox_app(networks, providers.get(KEY))
    back = sign_ins.redirect_uri(KEY)
    assert KEY not in back
    assert providers.by_callback(back.split("/")[-2]) is network
    start = network.start_oauth({}, app=app, redirect_uri=back, state="s", client=client)
    assert "client_key=candy-sandbox" in start.authorize_url
    assert "client_id" not in start.authorize_url
    assert "code_challenge_method=S256" in start.authorize_url
    assert "user.info.basic%2Cuser.info.profile" in start.authorize_url
    approve = start.authorize_url.replace("/web/v2/auth/authorize/", "/web/approve")
    answer = client.get(f"{approve}&login=newsdesk", follow_redirects=False)
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    with pytest.raises(ProviderError):  # without the verifier the code is worth nothing
        network.finish_oauth(
            {"verifier": "wrong"}, app=app, code=code, redirect_uri=back, client=client
        )
    one = network.finish_oauth(
        start.secrets, app=app, code=code, redirect_uri=back, client=client
    ).accounts[0]
    assert one.account.limits["duet_disabled"] is True
    assert "video.publish" in one.scopes
    fresh = network.refresh(one.credentials, client, app=app, host=one.account.host)
    assert fresh is not None
    assert fresh.credentials["refresh"] != one.credentials["refresh"]
    networks.control(KEY, scenario="revoked")
    with pytest.raises(ProviderError) as caught:
        network.refresh(fresh.credentials, client, app=app, host=one.account.host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED


def test_a_creator_without_posts_left_stays_connected(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="quota_full")
    again = network.verify(maren.credentials, maren.account, client)
    assert again.limits["privacy"] == maren.account.limits["privacy"]


def test_the_inbox_takes_five_drafts_a_day_and_direct_posts_go_on(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    for number in range(5):
        kit.run(network, kit.context(maren, client, Content("", (kit.film(number=number),))))
    sixth = Content("", (kit.film(number=5),))
    with pytest.raises(ProviderError) as caught:
        kit.run(network, kit.context(maren, client, sixth))
    assert caught.value.kind is ErrorKind.QUOTA_EXHAUSTED
    assert caught.value.message.startswith("Five drafts wait")
    assert kit.run(network, kit.context(maren, client, replace(sixth, options=DIRECT)))
    networks.control(KEY, clock_offset=86_400)
    late = kit.sign_in(network, networks, client)
    assert kit.run(network, kit.context(late, client, sixth))


def test_without_the_right_to_publish_only_the_inbox_is_left(
    network: TikTokProvider, networks: Networks, client: GuardedClient
) -> None:
    assert networks.sandbox is not None
    desk = networks.sandbox.simulators[KEY].desk  # type: ignore[attr-defined]
    token = desk.issue("maren", "user.info.basic,video.upload")
    app = kit.sandbox_app(networks, providers.get(KEY))
    one = network.accounts(Token(token), app=app, host=app.base, client=client).accounts[0]
    assert one.account.limits["direct"] is False
    codes = [i.code for i in network.validate(video(**DIRECT), one.account)]
    assert "option.mode" in codes
    ctx = kit.context(one, client, video())
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1


# --- Checking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"privacy": ""}, "option.privacy"),
        ({"privacy": "EVERYBODY"}, "option.privacy"),
        ({"consent": False}, "option.consent"),
        ({"commercial": True}, "option.commercial"),
        (
            {"commercial": True, "branded_content": True, "privacy": "SELF_ONLY"},
            "option.privacy",
        ),
        ({"allow_duet": True}, "option.allow_duet"),
    ],
)
def test_a_direct_post_wants_everything_that_tiktok_asks(
    network: TikTokProvider,
    networks: Networks,
    client: GuardedClient,
    options: dict[str, Any],
    code: str,
) -> None:
    who = kit.sign_in(network, networks, client, "newsdesk")
    good = network.validate(video(**DIRECT), who.account)
    assert not [one for one in good if one.level == "error"]
    found = network.validate(video(**DIRECT | options), who.account)
    assert code in [one.code for one in found if one.level == "error"]


def test_a_draft_wants_nothing_and_says_that_the_caption_stays_here(
    network: TikTokProvider, maren: Connected
) -> None:
    found = network.validate(video(), maren.account)
    assert [(one.level, one.code) for one in found] == [("warning", "text.not_sent")]


def test_what_hangs_on_a_choice_that_does_not_count_does_not_count_either(
    network: TikTokProvider,
) -> None:
    by_name = {one.name: one for one in network.capabilities.options}
    chosen = {"mode": "inbox", "commercial": True}
    assert not counts(by_name["your_brand"], chosen, network.capabilities)
    assert counts(by_name["your_brand"], chosen | {"mode": "direct"}, network.capabilities)


def test_nothing_that_tiktok_wants_chosen_by_hand_has_a_default(network: TikTokProvider) -> None:
    by_name = {one.name: one for one in network.capabilities.options}
    assert by_name["mode"].default == "inbox"
    assert not by_name["privacy"].default
    toggles = [one for one in by_name.values() if one.kind == "toggle"]
    assert len(toggles) == 10  # nine of TikTok's, and ours: captions in the picture
    assert not any(one.default for one in toggles)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (video(text="😀" * 1101, **DIRECT), "text.too_long"),
        (replace(video(**DIRECT), media=(kit.film(seconds=601.0),)), "media.too_long"),
        (replace(video(**DIRECT), media=(kit.film(fps=15.0),)), "media.frame_rate"),
        (replace(video(**DIRECT), media=(kit.film(width=300),)), "media.too_small"),
        (replace(video(**DIRECT), media=()), "media.missing"),
        (Content("x", tuple(kit.picture(n) for n in range(36))), "media.too_many"),
        (Content("x", (kit.picture(mime="image/png"),)), "media.kind"),
        (Content("x", (kit.picture(),), title="😀" * 46), "title.too_long"),
        (Content("😀" * 2001, (kit.picture(),)), "text.too_long"),
    ],
)
def test_what_tiktok_would_refuse_is_found_before(
    network: TikTokProvider, maren: Connected, content: Content, code: str
) -> None:
    found = network.validate(content, maren.account)
    assert code in [one.code for one in found if one.level == "error"]


def test_photos_have_a_longer_text_and_a_caption_is_counted_in_utf16(
    network: TikTokProvider, maren: Connected
) -> None:
    assert network.count("a😀", maren.account).used == 3
    long = Content("x" * 4000, (kit.picture(),), title="t")
    assert not [one for one in network.validate(long, maren.account) if one.level == "error"]
    fits = video(text="😀" * 1100, **DIRECT)
    assert not [one for one in network.validate(fits, maren.account) if one.level == "error"]


# --- Publishing ----------------------------------------------------------------------------------


def test_a_direct_video_goes_out_in_pieces(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, video(allow_comment=True, is_aigc=True, **DIRECT))
    calls.clear()
    ran = kit.run(network, ctx)
    assert ran == ["check", "init", "upload", "submit", "confirm", "permalink"]
    assert "creator_info" in calls[0].path, "asked right before the post"
    (init,), (status, *_) = sent(calls, "video/init"), sent(calls, "status/fetch")
    kit.held_to(init, kit.recorded(KEY, "video_init"))
    kit.held_to(status, kit.recorded(KEY, "status"))
    assert init.sent["post_info"] | {"title": ""} == {
        "title": "",
        "privacy_level": "PUBLIC_TO_EVERYONE",
        "disable_comment": False,
        "disable_duet": True,
        "disable_stitch": True,
        "brand_content_toggle": False,
        "brand_organic_toggle": False,
        "is_aigc": True,
        "video_cover_timestamp_ms": 1500,
    }
    pieces = sent(calls, "/upload/")
    assert [one.status for one in pieces] == [206, 206, 206, 201]
    assert pieces[-1].headers["content-range"] == "bytes 196608-300000/300001"
    assert all("authorization" not in one.headers for one in pieces)
    assert networks.sandbox is not None
    stored = networks.sandbox.store.blob(KEY, ctx.handles["publish_id"])
    assert stored is not None
    assert stored[1] == ctx.content.media[0].part(0, 300_001)
    page = client.get(ctx.handles["permalink"])
    assert "A caption" in page.text
    assert ctx.handles["remote_id"] in ctx.handles["permalink"]
    assert "upload_url" not in ctx.handles, "the address is not kept"


def test_a_draft_is_delivered_when_it_is_in_the_inbox(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, video())
    assert kit.run(network, ctx) == ["init", "upload", "submit", "confirm"]
    kit.held_to(sent(calls, "inbox/video/init")[0], kit.recorded(KEY, "inbox_init"))
    assert ctx.handles["remote_id"] == ctx.handles["publish_id"]
    assert "permalink" not in ctx.handles
    assert "inbox" in ctx.handles["note"]
    assert "In the creator" in client.get(f"{networks.url}/").text


def test_photos_are_fetched_by_tiktok(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, photos(networks, 3, auto_music=True, **DIRECT))
    assert kit.run(network, ctx) == ["check", "submit", "confirm", "permalink"]
    kit.held_to(sent(calls, "content/init")[0], kit.recorded(KEY, "photo_init"))
    page = client.get(ctx.handles["permalink"]).text
    assert "A title" in page
    assert page.count("<img") == 3
    draft = kit.context(maren, client, photos(networks))
    kit.run(network, draft)
    body = sent(calls, "content/init")[-1].sent
    assert body["post_mode"] == "MEDIA_UPLOAD"
    assert set(body["post_info"]) == {"title", "description"}


def test_an_address_that_nobody_verified_is_said_in_words(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    item = kit.picture(url=lambda: "https://unverified.example/1.jpg")
    ctx = kit.context(maren, client, Content("x", (item,), title="t"))
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert (caught.value.kind, caught.value.field) == (ErrorKind.VALIDATION, "media")
    assert "developer portal" in caught.value.message


def test_pictures_that_cannot_be_fetched_are_tried_again_with_a_new_publish_id(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    item = kit.picture(url=lambda: f"{networks.url}/nowhere.jpg")
    ctx = kit.context(maren, client, Content("x", (item,), title="t"))
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    assert "publish_id" not in ctx.handles


def test_what_the_creator_turned_off_meanwhile_stops_the_post_before_it_starts(
    network: TikTokProvider, networks: Networks, client: GuardedClient, calls: list[kit.Call]
) -> None:
    who = kit.sign_in(network, networks, client, "newsdesk")
    ctx = kit.context(who, client, video(allow_stitch=True, **DIRECT))
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.field == "allow_stitch"
    assert not sent(calls, "/init/")


# --- Once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_after_accept"])
def test_a_lost_answer_to_the_last_piece_is_found_by_its_publish_id(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
    scenario: str,
) -> None:
    ctx = kit.context(maren, client, video(**DIRECT))
    networks.control(KEY, scenario=scenario)
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    found = network.reconcile(ctx)
    assert isinstance(found, Found)
    assert client.get(found.permalink).status_code == 200
    kit.run(network, ctx)  # and going on sends nothing again
    assert networks.posts(KEY) == 1
    assert len(sent(calls, "video/init")) == 1
    assert ctx.handles["remote_id"] == found.remote_id


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_before_accept"])
def test_a_fault_at_any_piece_is_resumed_there(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
    scenario: str,
    nth: int,
) -> None:
    ctx = kit.context(maren, client, video(**DIRECT))
    kit.run(network, ctx, until="upload")
    networks.control(KEY, scenario=scenario, point="upload", nth=nth)
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    networks.control(KEY, scenario="success")
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1
    assert len(sent(calls, "video/init")) == 1


def test_a_last_piece_that_never_arrived_is_sent_under_the_same_publish_id(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, video(**DIRECT))
    networks.control(KEY, scenario="error_before_accept")
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    assert isinstance(network.reconcile(ctx), NotFound)
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1
    assert len(sent(calls, "video/init")) == 1


def test_a_token_that_ends_while_tiktok_works_changes_nothing_for_the_publish_id(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    assert networks.sandbox is not None
    desk = networks.sandbox.simulators[KEY].desk  # type: ignore[attr-defined]
    first = desk.issue("maren", "")
    ctx = kit.context(
        maren,
        client,
        video(**DIRECT),
        credentials={"access": first["access_token"], "refresh": first["refresh_token"]},
    )
    networks.control(KEY, scenario="slow_processing", seconds=900)
    kit.run(network, ctx, until="confirm")
    assert isinstance(network.run_stage("confirm", ctx), Wait)
    networks.control(KEY, scenario="expire_polling")
    with pytest.raises(ProviderError) as caught:
        network.run_stage("confirm", ctx)
    assert caught.value.kind is ErrorKind.AUTH_EXPIRED
    app = kit.sandbox_app(networks, providers.get(KEY))
    fresh = network.refresh(ctx.credentials, client, app=app, host=app.base)
    assert fresh is not None
    ctx.credentials = fresh.credentials
    assert isinstance(network.run_stage("confirm", ctx), Wait)
    networks.control(KEY, scenario="success", clock_offset=901)
    kit.run(network, ctx)
    assert len(sent(calls, "video/init")) == 1
    assert networks.posts(KEY) == 1


def test_an_upload_address_that_has_ended_is_closed_before_another_is_asked_for(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, video(**DIRECT))
    kit.run(network, ctx, until="upload")
    first = ctx.handles["publish_id"]
    networks.control(KEY, scenario="success", clock_offset=3601)
    with pytest.raises(ProviderError) as caught:
        network.run_stage("upload", ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    assert sent(calls, "publish/cancel")
    kit.run(network, ctx)
    assert ctx.handles["publish_id"] != first
    assert networks.posts(KEY) == 1


def test_a_lost_start_of_a_video_costs_nothing(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, video(**DIRECT))
    networks.control(KEY, scenario="accept_then_drop", point="container")
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    assert isinstance(network.reconcile(ctx), NotFound)
    networks.control(KEY, scenario="success")
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1


def test_photos_whose_number_never_came_are_a_persons_matter(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, photos(networks, **DIRECT))
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    assert isinstance(network.reconcile(ctx), Unreadable)


def test_a_video_that_fails_says_why_and_is_closed(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="container_error")
    ctx = kit.context(maren, client, video(**DIRECT))
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert "publish_id" not in ctx.handles


def test_a_post_that_stays_private_has_no_address(
    network: TikTokProvider, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, video(**DIRECT | {"privacy": "SELF_ONLY"}))
    kit.run(network, ctx)
    assert ctx.handles["remote_id"] == ctx.handles["publish_id"]
    assert "permalink" not in ctx.handles


def test_a_long_upload_comes_up_for_air(
    network: TikTokProvider,
    maren: Connected,
    client: GuardedClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publishing, "SLICE_SECONDS", -1.0)
    ctx = kit.context(maren, client, video(**DIRECT))
    kit.run(network, ctx, until="upload")
    assert isinstance(network.run_stage("upload", ctx), Wait)


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "invalid_params", ErrorKind.VALIDATION),
        (400, "app_version_check_failed", ErrorKind.VALIDATION),
        (401, "access_token_invalid", ErrorKind.AUTH_EXPIRED),
        (401, "scope_not_authorized", ErrorKind.SCOPE_MISSING),
        (403, "spam_risk_too_many_posts", ErrorKind.QUOTA_EXHAUSTED),
        (403, "spam_risk_too_many_pending_share", ErrorKind.QUOTA_EXHAUSTED),
        (403, "reached_active_user_cap", ErrorKind.QUOTA_EXHAUSTED),
        (403, "spam_risk_user_banned_from_posting", ErrorKind.POLICY_BLOCKED),
        (403, "spam_risk_something_new", ErrorKind.POLICY_BLOCKED),
        (403, "unaudited_client_can_only_post_to_private_accounts", ErrorKind.VALIDATION),
        (403, "url_ownership_unverified", ErrorKind.VALIDATION),
        (403, "privacy_level_option_mismatch", ErrorKind.VALIDATION),
        (429, "rate_limit_exceeded", ErrorKind.RATE_LIMITED),
        (200, "internal_error", ErrorKind.AMBIGUOUS),
    ],
)
def test_a_refusal_says_what_may_be_done(status: int, code: str, kind: ErrorKind) -> None:
    said = {"data": {}, "error": {"code": code, "message": "", "log_id": "1"}}
    error = from_answer(Answer(status, said, {}), mutating=True)
    assert error.kind is kind
    assert error.message
    waits = kind in (ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED)
    assert (error.retry_at is not None) == waits


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("duration_check_failed", ErrorKind.MEDIA_INVALID),
        ("photo_pull_failed", ErrorKind.TRANSIENT_SAFE),
        ("publish_cancelled", ErrorKind.POLICY_BLOCKED),
        ("auth_removed", ErrorKind.AUTH_REVOKED),
        ("spam_risk_text", ErrorKind.POLICY_BLOCKED),
        ("spam_risk_too_many_posts", ErrorKind.QUOTA_EXHAUSTED),
        ("internal", ErrorKind.TRANSIENT_SAFE),
        ("something_new", ErrorKind.VALIDATION),
    ],
)
def test_a_failure_while_tiktok_works_says_what_may_be_done(reason: str, kind: ErrorKind) -> None:
    assert from_failure(reason).kind is kind


def test_a_success_in_status_alone_is_none(
    network: TikTokProvider, networks: Networks, client: GuardedClient
) -> None:
    """HTTP 200 with another code than "ok" is a refusal."""
    answer = Answer(200, {"data": {}, "error": {"code": "invalid_param", "message": "no"}}, {})
    assert from_answer(answer, mutating=False).message == "no"


def test_the_upload_address_is_not_on_the_receipt() -> None:
    made = kit.recorded(KEY, "video_init")["response"]["data"]
    body = str(made).replace("'", '"').encode()
    assert "Xza123" not in redact_body(body, "application/json")
    assert "Xza123" not in redact_url(made["upload_url"])


# --- Numbers -------------------------------------------------------------------------------------


def test_numbers_come_for_public_posts_and_are_found_by_publish_id_too(
    network: TikTokProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    public, private = (
        kit.context(maren, client, video(**DIRECT | {"privacy": one}))
        for one in ("PUBLIC_TO_EVERYONE", "SELF_ONLY")
    )
    for ctx in (public, private):
        kit.run(network, ctx)
    networks.control(KEY, clock_offset=7200)
    ids = [public.handles["remote_id"], private.handles["remote_id"], "7000"]
    found = network.metrics(maren.credentials, maren.account, ids, client)
    kit.held_to(sent(calls, "video/query")[-1], kit.recorded(KEY, "video_query"))
    assert set(found) == {ids[0]}
    assert set(found[ids[0]]) == {"views", "likes", "replies", "reposts"}
    by_publish_id = network.metrics(
        maren.credentials, maren.account, [public.handles["publish_id"]], client
    )
    assert by_publish_id == {public.handles["publish_id"]: found[ids[0]]}


def test_a_dead_name_costs_only_itself(
    network: TikTokProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, video(**DIRECT))
    kit.run(network, ctx)
    networks.control(KEY, scenario="dead_metric")
    mine = ctx.handles["remote_id"]
    found = network.metrics(maren.credentials, maren.account, [mine], client)[mine]
    assert set(found) == {"views", "likes", "replies"}
