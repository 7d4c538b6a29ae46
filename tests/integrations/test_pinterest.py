"""What only Pinterest has: boards, three media sources, a form to a store, two lists of numbers."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import GuardedClient
from apps.integrations.http.exchange import redact_body
from apps.integrations.providers.base import (
    Connected,
    Content,
    ErrorKind,
    Found,
    NotFound,
    ProviderError,
    Unreadable,
    Wait,
)
from apps.integrations.providers.json_api import Answer
from apps.integrations.providers.pinterest.errors import from_answer
from apps.integrations.providers.pinterest.numbers import names_for
from apps.integrations.providers.pinterest.provider import PinterestProvider
from tests.support import publishing as kit
from tests.support.networks import Networks

KEY = "pinterest"


@pytest.fixture
def network() -> PinterestProvider:
    found = providers.get(KEY)
    assert isinstance(found, PinterestProvider)
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
def maren(network: PinterestProvider, networks: Networks, client: GuardedClient) -> Connected:
    return kit.sign_in(network, networks, client)


def pin(who: Connected, *media: Any, **more: Any) -> Content:
    board = who.account.limits["boards"][0][0]
    options = {"board": board} | more.pop("options", {})
    text = more.pop("text", "What it shows")
    return Content(text, media or (kit.picture(),), options=options, **{"title": "A pin"} | more)


# --- Connecting ----------------------------------------------------------------------------------


def test_the_boards_are_offered_to_choose_from(maren: Connected, calls: list[kit.Call]) -> None:
    assert [label for _, label in maren.account.limits["boards"]] == ["Launch notes", "Studio"]
    kit.held_to(calls[-1], kit.recorded(KEY, "boards"))


def test_signing_in_speaks_basic_and_a_refresh_rotates(
    network: PinterestProvider, networks: Networks, client: GuardedClient
) -> None:
    app = kit.sandbox_app(networks, providers.get(KEY))
    back = "https://candy.example/connect/pinterest/callback"
    start = network.start_oauth({}, app=app, redirect_uri=back, state="s", client=client)
    assert "scope=boards%3Aread%2Cboards%3Awrite" in start.authorize_url
    assert "code_challenge" not in start.authorize_url
    approve = start.authorize_url.replace("/web/oauth/", "/web/approve") + "&login=maren"
    location = client.get(approve, follow_redirects=False).headers["location"]
    code = location.partition("code=")[2].partition("&")[0]
    grant = network.finish_oauth(
        start.secrets, app=app, code=code, redirect_uri=back, client=client
    )
    one = grant.accounts[0]
    assert one.account.handle == "@maren"
    assert set(one.scopes) >= {"boards:write", "pins:write"}
    fresh = network.refresh(one.credentials, client, app=app, host=one.account.host)
    assert fresh is not None
    assert fresh.credentials["refresh"] != one.credentials["refresh"]
    with pytest.raises(ProviderError) as caught:  # the old one has been used
        network.refresh(one.credentials, client, app=app, host=one.account.host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED


# --- Checking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"options": {"board": ""}}, "option.board"),
        ({"options": {"board": "elsewhere"}}, "option.board"),
        ({"options": {"link": "ftp://example.com"}}, "option.link"),
        ({"title": "x" * 101}, "title.too_long"),
        ({"text": "x" * 501}, "text.too_long"),
        ({"media": tuple(kit.picture(n) for n in range(6))}, "media.too_many"),
        ({"media": (kit.picture(mime="image/webp"),)}, "media.kind"),
        ({"media": (kit.picture(0), kit.picture(1, width=801))}, "media.sizes"),
        ({"media": ()}, "media.missing"),
        ({"media": (kit.film(seconds=3.0),)}, "media.too_short"),
    ],
)
def test_what_pinterest_would_refuse_is_found_before(
    network: PinterestProvider, maren: Connected, change: dict[str, Any], code: str
) -> None:
    change = dict(change)
    media = change.pop("media", None)
    content = pin(maren, **change)
    if media is not None:
        content = replace(content, media=media)
    found = [one.code for one in network.validate(content, maren.account) if one.level == "error"]
    assert code in found


def test_a_good_pin_has_no_findings(network: PinterestProvider, maren: Connected) -> None:
    for media in ((kit.picture(),), (kit.picture(0), kit.picture(1)), (kit.film(),)):
        assert not network.validate(pin(maren, *media), maren.account)


# --- Publishing ----------------------------------------------------------------------------------


def test_an_image_pin_is_one_call_as_recorded(
    network: PinterestProvider, maren: Connected, client: GuardedClient, calls: list[kit.Call]
) -> None:
    ctx = kit.context(maren, client, pin(maren, options={"link": "https://example.com/a"}))
    assert kit.run(network, ctx) == ["submit"]
    kit.held_to(calls[-1], kit.recorded(KEY, "create_image"))
    assert b64decode(calls[-1].sent["media_source"]["data"]) == ctx.content.media[0].read()
    page = client.get(ctx.handles["permalink"])
    assert page.status_code == 200
    assert "A pin" in page.text


def test_a_carousel_is_one_call_as_recorded(
    network: PinterestProvider, maren: Connected, client: GuardedClient, calls: list[kit.Call]
) -> None:
    content = pin(maren, *(kit.picture(n) for n in range(3)))
    kit.run(network, kit.context(maren, client, content))
    kit.held_to(calls[-1], kit.recorded(KEY, "create_carousel"))
    assert len(calls[-1].sent["media_source"]["items"]) == 3


def test_a_video_is_registered_sent_waited_for_and_pinned(
    network: PinterestProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    ctx = kit.context(maren, client, pin(maren, kit.film(300_001, cover_ms=2500)))
    calls.clear()
    assert kit.run(network, ctx) == ["register", "upload", "process", "submit"]
    register, upload, status, create = calls
    kit.held_to(register, kit.recorded(KEY, "register_video"))
    kit.held_to(status, kit.recorded(KEY, "media_status"))
    kit.held_to(create, kit.recorded(KEY, "create_video"))
    assert upload.method == "POST"
    assert "authorization" not in upload.headers
    assert networks.sandbox is not None
    stored = networks.sandbox.store.blob(KEY, ctx.handles["media_id"])
    assert stored is not None
    assert stored[1] == ctx.content.media[0].part(0, 300_001)
    assert "upload" not in ctx.handles, "the store's permission is not kept"


def test_a_chosen_cover_goes_along(
    network: PinterestProvider, maren: Connected, client: GuardedClient, calls: list[kit.Call]
) -> None:
    kit.run(network, kit.context(maren, client, pin(maren, kit.film(cover=kit.picture(7)))))
    source = calls[-1].sent["media_source"]
    assert source["cover_image_content_type"] == "image/jpeg"
    assert b64decode(source["cover_image_data"]) == kit.picture(7).read()
    assert "cover_image_key_frame_time" not in source


def test_processing_is_waited_for_and_a_new_token_goes_on_with_the_same_upload(
    network: PinterestProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="slow_processing", seconds=600)
    ctx = kit.context(maren, client, pin(maren, kit.film()))
    kit.run(network, ctx, until="process")
    assert isinstance(network.run_stage("process", ctx), Wait)
    media = ctx.handles["media_id"]
    networks.control(KEY, scenario="expire_polling")
    with pytest.raises(ProviderError) as caught:
        network.run_stage("process", ctx)
    assert caught.value.kind is ErrorKind.AUTH_EXPIRED
    networks.control(KEY, scenario="success", clock_offset=601)
    kit.run(network, ctx)
    assert ctx.handles["media_id"] == media
    assert networks.posts(KEY) == 1


def test_a_video_that_pinterest_cannot_process_fails_and_starts_afresh_later(
    network: PinterestProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="container_error")
    ctx = kit.context(maren, client, pin(maren, kit.film()))
    with pytest.raises(ProviderError) as caught:
        kit.run(network, ctx)
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert "media_id" not in ctx.handles
    networks.control(KEY, scenario="success")
    kit.run(network, ctx)
    assert networks.posts(KEY) == 1


def test_an_upload_whose_permission_has_ended_is_registered_again(
    network: PinterestProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, pin(maren, kit.film()))
    network.run_stage("register", ctx)
    first = ctx.handles["media_id"]
    ctx.remember("upload", ctx.handles["upload"].replace("policy", "nothing"))
    with pytest.raises(ProviderError) as caught:
        network.run_stage("upload", ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    kit.run(network, ctx)
    assert ctx.handles["media_id"] != first
    assert networks.posts(KEY) == 1


# --- Doubt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("media", [(kit.picture(),), (kit.film(),)])
def test_a_lost_answer_is_found_on_the_board(
    network: PinterestProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    media: tuple[Any, ...],
) -> None:
    ctx = kit.context(maren, client, pin(maren, *media))
    kit.run(network, ctx, until="submit")
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError) as caught:
        network.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    found = network.reconcile(ctx)
    assert isinstance(found, Found)
    assert client.get(found.permalink).status_code == 200
    ctx.is_claimed = {found.remote_id}.__contains__
    assert isinstance(network.reconcile(ctx), NotFound), "it belongs to another intent"


def test_a_pin_that_differs_in_link_title_text_or_kind_is_not_ours(
    network: PinterestProvider, maren: Connected, client: GuardedClient
) -> None:
    ours = pin(maren, options={"link": "https://example.com/a"})
    kit.run(network, kit.context(maren, client, ours))
    for other in (
        replace(ours, title="Another"),
        replace(ours, text="Another"),
        replace(ours, options={**ours.options, "link": "https://example.com/b"}),
        replace(ours, media=(kit.film(),)),
    ):
        assert isinstance(network.reconcile(kit.context(maren, client, other)), NotFound)
    assert isinstance(network.reconcile(kit.context(maren, client, ours)), Found)


def test_a_board_that_cannot_be_read_is_a_persons_matter(
    network: PinterestProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="unreadable")
    ctx = kit.context(maren, client, pin(maren))
    assert isinstance(network.reconcile(ctx), Unreadable)


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "field"),
    [
        (400, 1, "Invalid image data", ErrorKind.MEDIA_INVALID, "media"),
        (400, 1, "'title' is too long", ErrorKind.VALIDATION, "title"),
        (401, 2, "Authentication failed.", ErrorKind.AUTH_EXPIRED, None),
        (403, 3, "Authorization failed.", ErrorKind.SCOPE_MISSING, None),
        (403, 29, "You are not permitted", ErrorKind.POLICY_BLOCKED, None),
        (403, 7, "missing scope pins:write", ErrorKind.SCOPE_MISSING, None),
        (404, 40, "Board not found.", ErrorKind.VALIDATION, "board"),
        (413, 0, "", ErrorKind.MEDIA_INVALID, None),
        (429, 8, "exceeded a rate limit", ErrorKind.RATE_LIMITED, None),
        (410, 0, "", ErrorKind.API_SUNSET, None),
    ],
)
def test_a_refusal_says_what_may_be_done(
    status: int, code: int, message: str, kind: ErrorKind, field: str | None
) -> None:
    headers = {"x-ratelimit-reset": "30"}
    error = from_answer(Answer(status, {"code": code, "message": message}, headers))
    assert (error.kind, error.field) == (kind, field)
    assert (error.retry_at is not None) == (kind is ErrorKind.RATE_LIMITED)


def test_an_app_on_trial_is_told_so() -> None:
    said = "Apps with Trial access may not create Pins in production."
    error = from_answer(Answer(403, {"code": 29, "message": said}, {}))
    assert error.kind is ErrorKind.POLICY_BLOCKED
    assert "standard access" in error.message


def test_the_permission_to_upload_is_not_on_the_receipt(
    maren: Connected, network: PinterestProvider, client: GuardedClient
) -> None:
    body = str(kit.recorded(KEY, "register_video")["response"]).replace("'", '"').encode()
    shown = redact_body(body, "application/json")
    for secret in ("fcd9309a", "IQoJb3JpZ2luX2VjE", "eyJleHBpcmF0aW9uIjoi", "ASIA"):
        assert secret not in shown


# --- Numbers -------------------------------------------------------------------------------------


def test_each_kind_of_pin_is_asked_for_its_own_numbers(
    network: PinterestProvider,
    networks: Networks,
    maren: Connected,
    client: GuardedClient,
    calls: list[kit.Call],
) -> None:
    one, two = (kit.context(maren, client, pin(maren, m)) for m in (kit.picture(), kit.film()))
    for ctx in (one, two):
        kit.run(network, ctx)
    networks.control(KEY, clock_offset=7200)
    ids = [one.handles["remote_id"], two.handles["remote_id"], "12345"]
    found = network.metrics(maren.credentials, maren.account, ids, client)
    kit.held_to(calls[-2], kit.recorded(KEY, "analytics"))
    facts = network.capabilities
    assert set(found) == set(ids[:2])
    assert set(found[ids[0]]) == {m.name for m in names_for(facts, "image")}
    assert set(found[ids[1]]) == {m.name for m in names_for(facts, "video")}
    assert "video_views" not in found[ids[0]]
    assert "profile_visits" not in found[ids[1]]


def test_a_dead_name_costs_only_itself(
    network: PinterestProvider, networks: Networks, maren: Connected, client: GuardedClient
) -> None:
    ctx = kit.context(maren, client, pin(maren))
    kit.run(network, ctx)
    networks.control(KEY, scenario="dead_metric")
    mine = ctx.handles["remote_id"]
    found = network.metrics(maren.credentials, maren.account, [mine], client)[mine]
    assert set(found) == {m.name for m in names_for(network.capabilities, "image")} - {"likes"}
