"""What only X has: two ways in, segments, weighted text, replies that may be refused, prices."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.providers.base import (
    Account,
    Connected,
    Content,
    ErrorKind,
    Found,
    MediaItem,
    NotFound,
    Piece,
    Poll,
    ProviderError,
    PublishContext,
    Role,
    Unreadable,
    Wait,
)
from apps.integrations.providers.oauth1 import Keys, signer
from apps.integrations.providers.x import publishing
from apps.integrations.providers.x.errors import from_answer
from apps.integrations.providers.x.metrics import created_at
from apps.integrations.providers.x.provider import provider
from apps.integrations.providers.x.simulated import id_at
from apps.integrations.providers.x.simulated_signature import signature_of
from apps.integrations.providers.x.text import as_written, cashtags, comparable
from tests.support.networks import Networks
from tests.support.publishing import (
    MP4,
    context,
    jpeg,
    publish_all,
    run,
    sandbox_app,
    sign_in,
)

from .conftest import form_for

FIXTURES = sorted((Path(provider.folder) / "fixtures").glob("*.json"))
REDIRECT = "https://candy.test/connect/x/callback"


@pytest.fixture
def receipt() -> list[Exchange]:
    return []


@pytest.fixture
def client(networks: Networks, receipt: list[Exchange]) -> Iterator[GuardedClient]:
    with guarded_client(record=receipt.append, timeout=10) as client:
        yield client


@pytest.fixture
def me(networks: Networks, client: GuardedClient) -> Connected:
    return sign_in(provider, networks, client)


def item(mime: str, data: bytes, alt: str = "", **facts: Any) -> MediaItem:
    sized = {"width": 400, "height": 400, **facts}
    return MediaItem("a", mime, len(data), alt_text=alt, read=lambda: data, **sized)


def photo(alt: str = "A picture") -> MediaItem:
    return item("image/jpeg", jpeg(), alt)


def video(**facts: Any) -> MediaItem:
    return item("video/mp4", MP4, **{"seconds": 12.0, "fps": 30.0, **facts})


def gif() -> MediaItem:
    return item("image/gif", b"GIF89a" + bytes(900), "A loop")


def paths(receipt: list[Exchange]) -> list[str]:
    return [f"{one.method} {urlsplit(one.url).path.partition('/api')[2]}" for one in receipt]


def kept(networks: Networks, ctx: PublishContext) -> dict[str, Any]:
    """The post as X keeps it."""
    assert networks.sandbox is not None
    found = networks.sandbox.store.post("x", ctx.handles["remote_id"])
    assert found is not None
    return dict(found)


# --- Signing in ----------------------------------------------------------------------------------


def test_oauth_2_uses_a_challenge_and_basic_and_every_refresh_ends_the_last(
    networks: Networks, client: GuardedClient
) -> None:
    app = sandbox_app(networks, provider)
    begun = provider.start_oauth({}, app=app, redirect_uri=REDIRECT, state="s1", client=client)
    asked = parse_qs(urlsplit(begun.authorize_url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert "offline.access" in asked["scope"][0].split()
    page = client.get(begun.authorize_url).text
    link = re.search(r'href="([^"]*login=maren[^"]*)"', page)
    assert link is not None
    back = client.get(link[1].replace("&amp;", "&"), follow_redirects=False).headers["location"]
    code = parse_qs(urlsplit(back).query)["code"][0]

    def finish(secrets: dict[str, str]) -> Any:
        return provider.finish_oauth(
            secrets, app=app, code=code, redirect_uri=REDIRECT, client=client
        )

    with pytest.raises(ProviderError):
        finish({"verifier": "of somebody else"})
    (granted,) = finish(begun.secrets).accounts
    assert granted.account.handle == "@maren"
    assert granted.expires_at is not None
    assert granted.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    host, old = granted.account.host, granted.credentials
    fresh = provider.refresh(old, client, app=app, host=host)
    assert fresh is not None
    assert fresh.credentials["refresh"] != old["refresh"]
    with pytest.raises(ProviderError) as caught:
        provider.refresh(old, client, app=app, host=host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED
    assert provider.verify(fresh.credentials, granted.account, client).handle == "@maren"


def test_a_dead_token_is_expired_while_it_can_be_renewed_and_then_revoked(
    networks: Networks, client: GuardedClient
) -> None:
    assert networks.sandbox is not None
    desk = networks.sandbox.simulators["x"].desk  # type: ignore[attr-defined]
    app = sandbox_app(networks, provider)
    scopes = " ".join(provider.oauth2.scopes)
    token = desk.issue("maren", scopes)
    credentials = {"access": token["access_token"], "refresh": token["refresh_token"]}
    account = sign_in(provider, networks, client).account
    networks.control("x", scenario="revoked")
    with pytest.raises(ProviderError) as caught:
        provider.verify(credentials, account, client)
    assert caught.value.kind is ErrorKind.AUTH_EXPIRED
    with pytest.raises(ProviderError) as caught:
        provider.refresh(credentials, client, app=app, host=account.host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED
    with pytest.raises(ProviderError) as caught:
        provider.verify({"access": token["access_token"]}, account, client)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED


def test_a_wrong_app_secret_blames_the_app(networks: Networks, client: GuardedClient) -> None:
    app = sandbox_app(networks, provider)
    wrong = type(app)(app.client_id, "wrong", base=app.base)
    with pytest.raises(ProviderError) as caught:
        provider.refresh({"refresh": "x"}, client, app=wrong, host=app.base)
    assert caught.value.field == "client_id"


def test_four_keys_sign_as_x_documents_it() -> None:
    """The example of X's page "Creating a signature"."""
    pairs = [
        ("include_entities", "true"),
        ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
        ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "1318622958"),
        ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
        ("oauth_version", "1.0"),
        ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
    ]
    found = signature_of(
        "POST",
        "https://api.twitter.com/1.1/statuses/update.json",
        pairs,
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )
    assert found == "hCtSmYh+iHYCEqBWrE7C7hYmtUk="


def test_a_form_is_part_of_the_signature_and_json_is_not(client: GuardedClient) -> None:
    keys = Keys("ck", "cs", "t", "ts")
    url = "https://api.x.com/2/tweets?a=1&b=two%20words"

    def signed(**body: Any) -> tuple[dict[str, str], str]:
        request = signer(keys)(client.build_request("POST", url, **body))
        header = request.headers["authorization"]
        found = {k: unquote(v) for k, v in re.findall(r'(\w+)="([^"]*)"', header)}
        return found, found.pop("oauth_signature")

    query = [("a", "1"), ("b", "two words")]
    for body, more in (({"json": {"x": "y"}}, []), ({"data": {"x": "y z"}}, [("x", "y z")])):
        found, signature = signed(**body)
        pairs = [*found.items(), *query, *more]
        assert signature == signature_of("POST", "https://api.x.com/2/tweets", pairs, "cs", "ts")


def test_four_keys_publish_and_need_no_refresh(networks: Networks, client: GuardedClient) -> None:
    connected = provider.connect(form_for(networks, "x", "newsdesk"), client)
    assert connected.account.handle == "@newsdesk"
    assert connected.expires_at is None
    content = Content("With keys", (photo(),))
    ctx = context(connected, client, content)
    run(provider, ctx)
    assert networks.posts("x") == 1
    app = sandbox_app(networks, provider)
    assert provider.refresh(connected.credentials, client, app=app, host=app.base) is None


def test_four_keys_go_to_x_and_nowhere_else(
    networks: Networks, client: GuardedClient, receipt: list[Exchange]
) -> None:
    with pytest.raises(ProviderError) as caught:
        provider.connect(form_for(networks, "x") | {"host": "https://x.example.com"}, client)
    assert caught.value.field == "host"
    assert receipt == []


# --- What goes out -------------------------------------------------------------------------------


def test_photos_go_in_one_call_and_are_described_before_the_post(
    networks: Networks, me: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    receipt.clear()
    run(provider, context(me, client, Content("Two", (photo("First"), photo("")))))
    assert paths(receipt) == [
        "POST /2/media/upload",
        "POST /2/media/metadata",
        "POST /2/media/upload",
        "POST /2/tweets",
    ]


def test_a_video_goes_in_segments_that_go_on_where_a_worker_stopped(
    networks: Networks,
    me: Connected,
    client: GuardedClient,
    receipt: list[Exchange],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publishing, "SEGMENT", 30_000)
    stored: dict[str, str] = {}
    content = Content("A film", (video(),))
    networks.control("x", scenario="error_before_accept", point="upload", nth=3)
    with pytest.raises(ProviderError) as caught:  # the 3rd call: initialize, segment 0, segment 1
        run(provider, context(me, client, content, stored=stored))
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    assert stored["media.0.segments"] == "1"
    networks.control("x", scenario="success")
    receipt.clear()
    ctx = context(me, client, content, stored=stored)
    run(provider, ctx)
    sent = [one for one in paths(receipt) if "media" in one]
    base = f"/2/media/upload/{ctx.handles['media.0']}"
    assert sent == [
        f"POST {base}/append",
        f"POST {base}/append",
        f"POST {base}/finalize",
        "GET /2/media/upload",
    ]
    assert networks.posts("x") == 1


def test_processing_is_asked_about_and_a_failure_lets_go_of_the_file(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    networks.control("x", scenario="slow_processing", seconds=60)
    ctx = context(me, client, Content("Slow", (video(),)))
    provider.run_stage("upload", ctx)
    step = provider.run_stage("process", ctx)
    assert step == Wait(1)
    networks.control("x", scenario="slow_processing", clock_offset=61)
    run(provider, ctx)
    assert networks.posts("x") == 1
    networks.control("x", scenario="container_error", clock_offset=0)
    broken = context(me, client, Content("Broken", (video(),)))
    with pytest.raises(ProviderError) as caught:
        run(provider, broken)
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert "Unsupported video format" in caught.value.message
    assert not broken.handles.get("media.0")


def test_a_token_that_ends_during_processing_is_renewed_and_nothing_is_sent_again(
    networks: Networks, me: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    ctx = context(me, client, Content("Ends", (video(),)))
    provider.run_stage("upload", ctx)
    ctx.credentials = {**me.credentials, "refresh": "r"}
    networks.control("x", scenario="expire_polling")
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("process", ctx)
    assert caught.value.kind is ErrorKind.AUTH_EXPIRED
    assert networks.sandbox is not None
    desk = networks.sandbox.simulators["x"].desk  # type: ignore[attr-defined]
    ctx.credentials = {
        "access": desk.issue("maren", " ".join(provider.oauth2.scopes))["access_token"]
    }
    receipt.clear()
    run(provider, ctx)
    assert "POST /2/media/upload/initialize" not in paths(receipt)
    assert networks.posts("x") == 1


def test_files_that_x_has_forgotten_go_up_again(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    stored: dict[str, str] = {}
    content = Content("Late", (photo(),))
    first = context(me, client, content, stored=stored)
    provider.run_stage("upload", first)
    old = stored["media.0"]
    stored["media.0.until"] = "1000"
    second = context(me, client, content, stored=stored)
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", second)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    run(provider, third := context(me, client, content, stored=stored))
    assert third.handles["media.0"] != old
    assert networks.posts("x") == 1


def test_a_thread_with_files_and_a_first_comment_answers_post_by_post(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    content = Content(
        "One",
        (photo(),),
        thread=(Piece("Two", (gif(),)), Piece("Three")),
        first_comment="And a link: https://example.com",
    )
    parts = publish_all(provider, me, client, content)
    stored = [kept(networks, one) for one in parts]
    assert [one["reply_to"] for one in stored] == ["", *(one["id"] for one in stored[:-1])]
    page = client.get(parts[0].handles["permalink"]).text
    assert page.index("One") < page.index("Two") < page.index("Three") < page.index("And a link")


def test_a_refused_reply_says_that_the_thread_is_incomplete_and_leaves_part_one(
    networks: Networks, client: GuardedClient
) -> None:
    me = sign_in(provider, networks, client, "maren:noreply")
    ctx = context(me, client, "One")
    run(provider, ctx)
    cases: tuple[tuple[Role, str], ...] = (
        ("thread", "this part as a reply"),
        ("comment", "the first comment"),
    )
    for role, words in cases:
        more = context(me, client, f"A {role}", role=role, parent=ctx.handles, root=ctx.handles)
        with pytest.raises(ProviderError) as caught:
            run(provider, more)
        assert caught.value.kind is ErrorKind.POLICY_BLOCKED
        assert words in caught.value.message
        assert "stays" in caught.value.message
    assert networks.posts("x") == 1


def test_polls_and_choices_reach_x_on_the_first_part_only(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    options = {"reply_settings": "following", "made_with_ai": "true", "paid_partnership": True}
    content = Content(
        "Which?", options=options, poll=Poll(("A", "B"), 60), thread=(Piece("Because"),)
    )
    first, second = publish_all(provider, me, client, content)
    post = kept(networks, first)
    assert post["poll"] == {"options": ["A", "B"], "duration_minutes": 60}
    assert (post["reply_settings"], post["made_with_ai"], post["paid_partnership"]) == (
        "following",
        True,
        True,
    )
    assert kept(networks, second)["poll"] is None


# --- What is found before ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("$CANDY and $SUGAR"), "text.too_many_cashtags"),
        (Content("", poll=Poll(("A", "B"))), "text.empty"),
        (Content("x", poll=Poll(("A", "B" * 26))), "poll.option_too_long"),
        (Content("x", poll=Poll(("A", "B"), 4)), "poll.minutes"),
        (Content("x", (photo(), video())), "media.mixed"),
        (Content("x", (gif(), gif())), "media.kind"),
        (Content("x", (video(seconds=141.0),)), "media.too_long"),
        (Content("x", (video(width=3840),)), "media.too_many_pixels"),
        (Content("x", options={"reply_settings": "nobody"}), "option.reply_settings"),
        (Content("x", thread=(Piece("y" * 281),)), "text.too_long"),
        (Content("x", first_comment="y" * 281), "comment.too_long"),
        (Content("y" * 270 + " go.com"), "text.too_long"),
        (Content("y" * 270, link="https://example.com"), "text.too_long"),
    ],
)
def test_what_x_would_refuse_is_found(content: Content, code: str) -> None:
    found = [one.code for one in provider.validate(content) if one.level == "error"]
    assert code in found


def test_premium_has_more_room_and_long_posts_are_found_again(
    networks: Networks, client: GuardedClient
) -> None:
    me = sign_in(provider, networks, client, "maren:premium")
    long = "long & winding " * 60
    assert not [i for i in provider.validate(Content(long), me.account) if i.level == "error"]
    assert [i.code for i in provider.validate(Content(long))] == ["text.too_long"]
    ctx = context(me, client, long)
    networks.control("x", scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        run(provider, ctx)
    assert isinstance(provider.reconcile(ctx), Found)


@pytest.mark.parametrize(
    ("content", "usd"),
    [
        (Content("Hello"), "0.015"),
        (Content("See https://example.com"), "0.2"),
        (Content("See example.com/a"), "0.2"),
        (Content("See", link="https://example.com"), "0.2"),
        (Content("Version 2.0?", (photo(), photo(""))), "0.02"),
        (Content("1", thread=(Piece("2"),), first_comment="https://example.com"), "0.23"),
    ],
)
def test_the_price_counts_every_part_link_and_description(content: Content, usd: str) -> None:
    assert provider.price(content) == Decimal(usd)


def test_cashtags_are_read_as_x_does() -> None:
    assert cashtags("$AAPL, $brk.b and $5 or US$GOOG") == ["$AAPL", "$brk.b"]


# --- Afterwards ----------------------------------------------------------------------------------


def lose(networks: Networks, ctx: Any) -> None:
    networks.control("x", scenario="accept_then_drop", point="post")
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control("x", scenario="success")


@pytest.mark.parametrize(
    "content",
    [
        Content("Ampersand & <tags> “quotes” https://example.com/a?b=1&c=2 end"),
        Content("e\u0301 composed", poll=Poll(("A", "B"))),
        Content("With a file", (photo(),)),
        Content("", (photo(),)),
        Content("Card", link="https://example.com/"),
    ],
)
def test_a_lost_post_is_found_however_x_rewrote_it(
    networks: Networks, me: Connected, client: GuardedClient, content: Content
) -> None:
    ctx = context(me, client, content)
    run(provider, ctx, until="submit")
    lose(networks, ctx)
    found = provider.reconcile(ctx)
    assert isinstance(found, Found)
    assert client.get(found.permalink).status_code == 200


def test_a_lost_reply_is_told_from_an_equal_one_elsewhere(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    one, two = context(me, client, "Thread A"), context(me, client, "Thread B")
    run(provider, one)
    run(provider, two)

    def reply(to: Any) -> Any:
        return context(me, client, "Next", role="thread", parent=to.handles, root=to.handles)

    first = reply(one)
    run(provider, first)
    second = reply(two)
    assert isinstance(provider.reconcile(second), NotFound)
    lose(networks, second)
    found = provider.reconcile(second)
    assert isinstance(found, Found)
    assert found.remote_id != first.handles["remote_id"]


def test_a_repeat_after_a_lost_answer_proves_that_it_is_out(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    ctx = context(me, client, "Proof")
    lose(networks, ctx)
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.DUPLICATE
    assert caught.value.remote_ref is None
    assert isinstance(provider.reconcile(ctx), Found)
    assert networks.posts("x") == 1


def test_the_text_of_an_older_post_fails_at_once_and_for_good(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    run(provider, context(me, client, "Good morning"))
    with pytest.raises(ProviderError) as caught:
        run(provider, context(me, client, "Good morning"))
    assert caught.value.kind is ErrorKind.VALIDATION
    assert not caught.value.retryable
    assert networks.posts("x") == 1


def test_a_repeat_that_x_does_not_show_ends_with_a_person(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    ctx = context(me, client, "Ghost")
    networks.control("x", scenario="error_before_accept")
    with pytest.raises(ProviderError):
        provider.run_stage("submit", ctx)
    networks.control("x", scenario="duplicate")
    for answer in (NotFound, Unreadable):
        with pytest.raises(ProviderError) as caught:
            provider.run_stage("submit", ctx)
        assert caught.value.kind is ErrorKind.DUPLICATE
        assert isinstance(provider.reconcile(ctx), answer)


def test_an_account_that_may_not_be_read_is_a_persons_to_check(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    ctx = context(me, client, "Unreadable")
    lose(networks, ctx)
    networks.control("x", scenario="unreadable")
    assert isinstance(provider.reconcile(ctx), Unreadable)


def test_a_check_reads_no_more_than_what_came_since(
    networks: Networks, me: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    ctx = context(me, client, "Cheap")
    receipt.clear()
    provider.reconcile(ctx)
    (call,) = receipt
    since = datetime.fromisoformat(parse_qs(urlsplit(call.url).query)["start_time"][0])
    assert ctx.started_at - since < timedelta(minutes=4)


def test_as_written_undoes_what_x_does_to_a_text() -> None:
    post = {
        "text": "A &amp; B https://t.co/1 https://t.co/2",
        "entities": {
            "urls": [
                {"url": "https://t.co/1", "expanded_url": "https://example.com/x/"},
                {"url": "https://t.co/2", "expanded_url": "https://x.com/p", "media_key": "3_1"},
            ]
        },
    }
    assert as_written(post) == comparable("A & B  https://example.com/x")


# --- Numbers -------------------------------------------------------------------------------------


def test_private_numbers_end_with_the_thirtieth_day_and_public_ones_do_not(
    networks: Networks, me: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    ctx = context(me, client, "Old")
    run(provider, ctx)
    mine = ctx.handles["remote_id"]
    assert abs((created_at(mine) - datetime.now(UTC)).total_seconds()) < 5
    young = provider.metrics(me.credentials, me.account, [mine], client)[mine]
    assert {"clicks", "profile_visits", "impressions"} <= set(young)
    networks.control("x", clock_offset=31 * 86_400)
    withheld = provider.metrics(me.credentials, me.account, [mine], client)[mine]
    assert "clicks" not in withheld
    assert withheld["impressions"] >= young["impressions"]
    receipt.clear()
    ancient = str(id_at((datetime.now(UTC) - timedelta(days=40)).timestamp()))
    assert provider.metrics(me.credentials, me.account, [ancient], client) == {}
    assert "non_public_metrics" not in receipt[0].url


def test_one_dead_name_spoils_nothing_else(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    ctx = context(me, client, "Numbers")
    run(provider, ctx)
    networks.control("x", scenario="dead_metric", clock_offset=600)
    mine = ctx.handles["remote_id"]
    found = provider.metrics(me.credentials, me.account, [mine], client)[mine]
    assert found["likes"] >= 0
    assert "clicks" not in found


# --- Words ---------------------------------------------------------------------------------------


def said(detail: str, kind: str = "about:blank") -> bytes:
    return json.dumps({"title": "x", "detail": detail, "type": kind, "status": 0}).encode()


PROBLEMS = "https://api.x.com/2/problems/"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, said("You may use a maximum of one cashtag"), ErrorKind.VALIDATION),
        (400, said("expected maximum of 4 items, media"), ErrorKind.MEDIA_INVALID),
        (400, said("The Tweet contains an invalid URL"), ErrorKind.VALIDATION),
        (402, said("CreditsDepleted"), ErrorKind.QUOTA_EXHAUSTED),
        (403, said("duplicate content"), ErrorKind.DUPLICATE),
        (403, said("You are not permitted to perform this action."), ErrorKind.POLICY_BLOCKED),
        (403, said("Your Tweet text is too long."), ErrorKind.VALIDATION),
        (403, said("user-suspended"), ErrorKind.POLICY_BLOCKED),
        (403, said("x", PROBLEMS + "unsupported-authentication"), ErrorKind.SCOPE_MISSING),
        (403, said("Monthly product cap", PROBLEMS + "usage-capped"), ErrorKind.QUOTA_EXHAUSTED),
        (
            403,
            said("Your account is not permitted to access this feature"),
            ErrorKind.VALIDATION,
        ),
        (410, b"", ErrorKind.API_SUNSET),
        (413, b"", ErrorKind.MEDIA_INVALID),
        (429, b"", ErrorKind.RATE_LIMITED),
        (503, said("Service Unavailable"), ErrorKind.AMBIGUOUS),
    ],
)
def test_every_refusal_has_a_kind(status: int, body: bytes, kind: ErrorKind) -> None:
    assert from_answer(status, body, {}, mutating=True).kind is kind


def test_the_days_quota_is_told_from_the_quarter_of_an_hour(
    networks: Networks, me: Connected, client: GuardedClient
) -> None:
    ctx = context(me, client, "Full")
    for scenario, kind, least in (
        ("quota_full", ErrorKind.QUOTA_EXHAUSTED, 3_000),
        ("rate_limit", ErrorKind.RATE_LIMITED, 0),
    ):
        networks.control("x", scenario=scenario)
        with pytest.raises(ProviderError) as caught:
            provider.run_stage("submit", ctx)
        assert caught.value.kind is kind
        assert caught.value.retry_at is not None
        assert (caught.value.retry_at - datetime.now(UTC)).total_seconds() > least


def test_calls_are_counted_in_the_windows_that_x_keeps() -> None:
    known = {one.endpoint for one in provider.capabilities.rates}
    base = "https://api.x.com/2"
    for method, path, endpoint in (
        ("POST", "/tweets", "create"),
        ("POST", "/media/upload", "upload"),
        ("POST", "/media/upload/1/append", "chunks"),
        ("GET", "/media/upload?command=STATUS", "status"),
        ("GET", "/users/me?user.fields=id", "account"),
        ("GET", "/users/1/tweets", "read"),
        ("DELETE", "/tweets/1", "delete"),
    ):
        assert provider.endpoint_of(method, base + path) == endpoint
        assert endpoint in known


# --- Shapes --------------------------------------------------------------------------------------


def shape(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: shape(value) for name, value in sorted(data.items())}
    if isinstance(data, list):
        return [shape(data[0])] if data else []
    return type(data).__name__


@pytest.fixture
def calls(
    networks: Networks, me: Connected, client: GuardedClient, receipt: list[Exchange]
) -> list[Exchange]:
    """Everything that Candy ever asks X, once."""
    options = {"reply_settings": "following", "made_with_ai": True}
    ctx = context(
        me, client, Content("Recorded https://example.com/a", (photo(),), options=options)
    )
    run(provider, ctx)
    provider.reconcile(ctx)
    run(provider, context(me, client, Content("Film", (video(),))))
    run(provider, context(me, client, Content("Poll", poll=Poll(("A", "B")))))
    run(provider, context(me, client, "Reply", role="thread", parent=ctx.handles))
    mine = ctx.handles["remote_id"]
    provider.metrics(me.credentials, me.account, [mine, str(int(mine) + 1)], client)
    with pytest.raises(ProviderError):
        run(provider, context(me, client, "Poll"))
        run(provider, context(me, client, "Poll"))
    return receipt


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_client_and_simulator_keep_to_the_recorded_shapes(
    calls: list[Exchange], path: Path
) -> None:
    recorded = json.loads(path.read_text())
    asked, status = recorded["request"], recorded["status"]
    pattern = re.escape(asked["path"]).replace(r"\{id\}", r"\d+")
    wanted = shape(asked["body"]) if "body" in asked else None
    same = [
        one
        for one in calls
        if one.method == asked["method"]
        and one.status == status
        and re.search(rf"/api{pattern}($|[?&=].*)", one.url)
        and (wanted is None or shape(json.loads(one.request)) == wanted)
    ]
    assert same, "Candy never asks like this"
    assert shape(recorded["answer"]) in [shape(json.loads(one.response)) for one in same]


def test_unknown_accounts_have_the_plain_limit() -> None:
    assert provider.count("x", Account("1", "@a", "A")).limit == 280
