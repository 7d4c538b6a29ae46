"""What only Threads has: containers for all, chains, polls, quotas for replies, private profiles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.providers.base import (
    Connected,
    Content,
    ErrorKind,
    Found,
    NotFound,
    Piece,
    Poll,
    ProviderError,
    Unreadable,
    Wait,
)
from apps.integrations.providers.meta.errors import from_answer
from apps.integrations.providers.oauth import Token
from apps.integrations.providers.threads.errors import TABLE
from apps.integrations.providers.threads.provider import provider
from tests.support.networks import Networks
from tests.support.publishing import (
    Files,
    context,
    media_files,
    publish_all,
    run,
    sandbox_app,
    shape,
    sign_in,
)

FIXTURES = Path(provider.folder) / "fixtures"
KEY = "threads"


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


@pytest.fixture
def files(networks: Networks, settings: Any) -> Iterator[Files]:
    with media_files(settings) as files:
        yield files


# --- Signing in ----------------------------------------------------------------------------------


def test_signing_in_ends_with_a_token_of_sixty_days(
    networks: Networks, client: GuardedClient, receipt: list[Exchange]
) -> None:
    app = sandbox_app(networks, provider)
    redirect = "https://candy.test/connect/threads/callback"
    begun = provider.start_oauth({}, app=app, redirect_uri=redirect, state="s1", client=client)
    asked = parse_qs(urlsplit(begun.authorize_url).query)
    assert asked["scope"][0].split(",")[:2] == ["threads_basic", "threads_content_publish"]
    page = client.get(begun.authorize_url)
    assert "maren" in page.text
    answer = client.get(
        begun.authorize_url.replace("/authorize?", "/approve?") + "&login=maren",
        follow_redirects=False,
    )
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    grant = provider.finish_oauth(
        begun.secrets, app=app, code=code, redirect_uri=redirect, client=client
    )
    (one,) = grant.accounts
    assert one.account.handle == "@maren"
    assert one.account.limits["quotas"]["replies"] == {
        "used": 0,
        "limit": 1000,
        "seconds": 86400,
    }
    assert one.expires_at is not None
    assert one.expires_at - datetime.now(UTC) > timedelta(days=59)
    assert one.credentials["access"] not in repr(receipt)
    with pytest.raises(ProviderError) as caught:  # a code works once
        provider.finish_oauth(
            begun.secrets, app=app, code=code, redirect_uri=redirect, client=client
        )
    assert caught.value.kind is ErrorKind.AUTH_REVOKED


def test_a_facebook_app_id_is_named_as_the_mistake(
    networks: Networks, client: GuardedClient
) -> None:
    app = sandbox_app(networks, provider)
    wrong = type(app)("1234", app.client_secret, base=app.base)
    with pytest.raises(ProviderError) as caught:
        provider.finish_oauth({}, app=wrong, code="x", redirect_uri="https://x", client=client)
    assert caught.value.field == "client_id"
    assert "Threads app id" in caught.value.message


def test_a_living_token_renews_itself_and_a_private_profile_has_to_agree_again(
    networks: Networks, client: GuardedClient, me: Connected
) -> None:
    app = sandbox_app(networks, provider)
    fresh = provider.refresh(me.credentials, client, app=app, host=me.account.host)
    assert fresh is not None
    assert fresh.credentials["access"] != me.credentials["access"]
    private = sign_in(provider, networks, client, "private-maren")
    with pytest.raises(ProviderError) as caught:
        provider.refresh(private.credentials, client, app=app, host=me.account.host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED
    assert "90 days" in caught.value.message
    networks.control(KEY, scenario="expired")
    with pytest.raises(ProviderError) as caught:
        provider.refresh(me.credentials, client, app=app, host=me.account.host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED, "an expired token renews nothing"


# --- Publishing ----------------------------------------------------------------------------------


def test_a_chain_with_a_first_comment_keeps_its_order(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    content = Content(
        "One",
        thread=(Piece("Two", (files.image("Second"),)), Piece("Three")),
        first_comment="And more below",
    )
    done = publish_all(provider, me, client, content)
    assert networks.posts(KEY) == 4
    store = networks.sandbox.store  # type: ignore[union-attr]
    posts = [store.post(KEY, ctx.handles["remote_id"]) for ctx in done]
    assert [post["parent"] for post in posts] == [
        "",
        posts[0]["id"],
        posts[1]["id"],
        posts[0]["id"],
    ]
    page = client.get(done[0].handles["permalink"]).text
    assert page.index("One") < page.index("Two") < page.index("Three") < page.index("And more")
    assert 'alt="Second"' in page


def test_a_carousel_mixes_images_and_videos_and_the_network_fetches_each(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    media = (files.image("First"), files.video("Second"), files.image("Third"))
    ctx = context(me, client, Content("Three of them", media, options={"spoiler": True}))
    assert provider.stages_for(ctx.content)[0] == "upload"
    run(provider, ctx)
    assert len(files.site.hits) == 3
    post = networks.sandbox.store.post(KEY, ctx.handles["remote_id"])  # type: ignore[union-attr]
    assert [one["kind"] for one in post["media"]] == ["image", "video", "image"]
    assert post["spoiler"] is True


def test_polls_topics_and_link_cards_arrive(
    networks: Networks, client: GuardedClient, me: Connected
) -> None:
    poll = context(
        me,
        client,
        Content(
            "Which?",
            poll=Poll(("This", "That")),
            options={"topic_tag": "Cats", "reply_control": "mentioned_only"},
        ),
    )
    run(provider, poll)
    card = context(me, client, Content("Read on", link="https://example.com/a"))
    run(provider, card)
    store = networks.sandbox.store  # type: ignore[union-attr]
    asked = store.post(KEY, poll.handles["remote_id"])
    assert (asked["poll"], asked["topic"], asked["reply_control"]) == (
        ["This", "That"],
        "Cats",
        "mentioned_only",
    )
    assert store.post(KEY, card.handles["remote_id"])["link"] == "https://example.com/a"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("👩‍👩‍👧" * 28), "text.too_long"),
        (Content(" ".join(f"https://example.com/{n}" for n in range(6))), "text.too_many_links"),
        (
            Content(
                " ".join(f"https://example.com/{n}" for n in range(5)),
                link="https://example.com/card",
            ),
            "text.too_many_links",
        ),
        (Content("x", poll=Poll(("a",))), "poll.options"),
        (Content("x", options={"topic_tag": "a.b"}), "option.topic_tag"),
        (Content("x", options={"topic_tag": "t" * 51}), "option.topic_tag"),
    ],
)
def test_what_threads_refuses_is_found_before(
    networks: Networks, client: GuardedClient, me: Connected, content: Content, code: str
) -> None:
    errors = [one.code for one in provider.validate(content, me.account) if one.level == "error"]
    assert errors == [code]
    ctx = context(me, client, content)
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.VALIDATION
    assert networks.posts(KEY) == 0


def test_a_file_that_cannot_be_fetched_now_is_tried_again(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    ctx = context(me, client, Content("x", (files.image(),)))
    kept = dict(files.site.pages)
    files.site.pages.clear()
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    assert "could not fetch" in caught.value.message
    files.site.pages.update(kept)
    run(provider, ctx)
    assert networks.posts(KEY) == 1


def test_slow_processing_is_waited_for_without_a_second_container(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, receipt: list[Exchange]
) -> None:
    networks.control(KEY, scenario="slow_processing", seconds=30)
    ctx = context(me, client, Content("Slowly", (files.video(),)))
    first = provider.run_stage("container", ctx)
    assert isinstance(first, Wait)
    assert isinstance(provider.run_stage("container", ctx), Wait)
    networks.control(KEY, scenario="success", clock_offset=60)
    run(provider, ctx)
    made = [one for one in receipt if one.method == "POST" and one.url.endswith("/threads")]
    assert len(made) == 1
    assert networks.posts(KEY) == 1


def test_a_real_host_is_asked_once_a_minute_at_the_most() -> None:
    assert provider.pace(60, provider.hosts["api"]) == 60
    assert provider.pace(60, "http://127.0.0.1:1/threads") < 1


def test_published_too_early_is_told_to_come_back(
    networks: Networks, client: GuardedClient, me: Connected
) -> None:
    ctx = context(me, client, "Too early")
    provider.run_stage("container", ctx)
    store = networks.sandbox.store  # type: ignore[union-attr]
    container = store.get(KEY, "container", ctx.handles["container"])
    store.put(KEY, "container", container["id"], container | {"ready_at": container["at"] + 50})
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.MEDIA_NOT_READY
    assert caught.value.retry_at is not None
    networks.control(KEY, scenario="success", clock_offset=60)
    run(provider, ctx)
    assert networks.posts(KEY) == 1


def test_a_container_of_yesterday_is_made_anew(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    stored: dict[str, str] = {}
    content = Content("Late", (files.image(), files.image()))
    first = context(me, client, content, stored=stored)
    run(provider, first, until="submit")
    old = {name: value for name, value in stored.items() if not name.endswith(".at")}
    for name in stored:
        if name.endswith(".at"):
            stored[name] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    again = context(me, client, content, stored=stored)
    run(provider, again)
    assert again.handles["container"] != old["container"]
    assert again.handles["item.0"] != old["item.0"]
    assert networks.posts(KEY) == 1


@pytest.mark.parametrize("fault", ["accept_then_drop", "error_after_accept"])
def test_a_published_container_is_adopted(
    networks: Networks, client: GuardedClient, me: Connected, fault: str
) -> None:
    ctx = context(me, client, "Lost and found")
    provider.run_stage("container", ctx)
    networks.control(KEY, scenario=fault)
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    found = provider.reconcile(ctx)
    assert isinstance(found, Found)
    run(provider, ctx)  # sent again all the same: the container is published once
    assert ctx.handles["remote_id"] == found.remote_id
    assert networks.posts(KEY) == 1


def test_a_post_that_is_not_listed_yet_is_asked_for_again(
    networks: Networks, client: GuardedClient, me: Connected
) -> None:
    """PUBLISHED and not in the list is neither missing nor found: sending again would double it."""
    ctx = context(me, client, "Lists lag behind")
    provider.run_stage("container", ctx)
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        provider.run_stage("submit", ctx)
    networks.control(KEY, scenario="success")
    store = networks.sandbox.store  # type: ignore[union-attr]
    (post,) = store.posts(KEY)
    store.drop_post(KEY, post["id"])
    with pytest.raises(ProviderError) as caught:
        provider.reconcile(ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    store.add_post(KEY, post["id"], "maren", post["text"], post)
    assert isinstance(provider.reconcile(ctx), Found)


def test_a_container_that_was_not_published_is_not_found(
    networks: Networks, client: GuardedClient, me: Connected
) -> None:
    ctx = context(me, client, "Never")
    assert isinstance(provider.reconcile(ctx), NotFound)
    provider.run_stage("container", ctx)
    assert isinstance(provider.reconcile(ctx), NotFound)
    networks.control(KEY, scenario="unreadable")
    assert isinstance(provider.reconcile(ctx), Unreadable)


@pytest.mark.parametrize(("block", "is_out"), [("live", True), ("held", False)])
def test_a_spam_block_that_may_be_false_is_looked_into_and_never_sent_again(
    networks: Networks, client: GuardedClient, me: Connected, block: str, is_out: bool
) -> None:
    simulator: Any = networks.sandbox.simulators[KEY]  # type: ignore[union-attr]
    simulator.spam["maren"] = block
    ctx = context(me, client, "Buy now")
    try:
        if is_out:
            run(provider, ctx)
            assert ctx.handles["remote_id"]
        else:
            with pytest.raises(ProviderError) as caught:
                run(provider, ctx)
            assert caught.value.kind is ErrorKind.AMBIGUOUS
            assert isinstance(provider.reconcile(ctx), Unreadable)
    finally:
        simulator.spam.clear()
    assert networks.posts(KEY) == int(is_out)


def test_a_spoiled_container_says_why_and_the_next_try_makes_another(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    ctx = context(me, client, Content("Spoiled", (files.video(),)))
    networks.control(KEY, scenario="container_error")
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("container", ctx)
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert "container" not in ctx.handles
    networks.control(KEY, scenario="success")
    run(provider, ctx)
    assert networks.posts(KEY) == 1


def test_a_full_quota_waits_and_replies_have_their_own(
    networks: Networks, client: GuardedClient, me: Connected
) -> None:
    first = context(me, client, "The last one")
    run(provider, first)
    networks.control(KEY, scenario="success", quota=1)
    with pytest.raises(ProviderError) as caught:
        run(provider, context(me, client, "One too many"))
    assert caught.value.kind is ErrorKind.QUOTA_EXHAUSTED
    assert caught.value.retry_at is not None
    reply = context(me, client, "A reply", role="comment", root=first.handles, parent=first.handles)
    run(provider, reply)
    assert networks.posts(KEY) == 2
    seen = provider.verify(me.credentials, me.account, client).limits["quotas"]
    assert (seen["posts"]["used"], seen["posts"]["limit"]) == (1, 1)
    assert seen["replies"]["used"] == 1


# --- Numbers, shapes, errors ---------------------------------------------------------------------


def test_a_dead_metric_spoils_only_itself(
    networks: Networks, client: GuardedClient, me: Connected
) -> None:
    ctx = context(me, client, "Count me")
    run(provider, ctx)
    mine = ctx.handles["remote_id"]
    networks.control(KEY, scenario="dead_metric", clock_offset=3600)
    numbers = provider.metrics(me.credentials, me.account, [mine, "1799"], client)
    assert set(numbers) == {mine}
    assert set(numbers[mine]) == {"views", "likes", "replies", "reposts", "shares"}
    assert numbers[mine]["views"] > 0


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_the_simulator_answers_in_the_recorded_shapes(
    networks: Networks, client: GuardedClient, me: Connected, name: str
) -> None:
    recorded = json.loads((FIXTURES / f"{name}.json").read_text())
    ctx = context(me, client, "For the shapes")
    run(provider, ctx, until="submit" if name == "container_status" else "")
    path = recorded["request"]["path"].format(
        user=me.account.remote_id,
        container=ctx.handles["container"],
        post=ctx.handles.get("remote_id", ""),
    )
    answer = client.request(
        recorded["request"]["method"],
        f"{me.account.host}/api{path}",
        headers={"Authorization": f"Bearer {me.credentials['access']}"},
        data=recorded["request"].get("form"),
    )
    assert answer.status_code == recorded["status"]
    assert shape(answer.json()) == shape(recorded["answer"])


def test_every_documented_error_has_its_meaning() -> None:
    cases = {
        (190, 463): ErrorKind.AUTH_EXPIRED,
        (190, 458): ErrorKind.AUTH_REVOKED,
        (190, 0): ErrorKind.AUTH_EXPIRED,
        (10, 0): ErrorKind.SCOPE_MISSING,
        (200, 0): ErrorKind.SCOPE_MISSING,
        (4, 0): ErrorKind.RATE_LIMITED,
        (80004, 0): ErrorKind.RATE_LIMITED,
        (24, 4279009): ErrorKind.MEDIA_NOT_READY,
        (4, 2207051): ErrorKind.AMBIGUOUS,
        (100, 4279013): ErrorKind.POLICY_BLOCKED,
        (100, 4476002): ErrorKind.VALIDATION,
        (9, 2207042): ErrorKind.QUOTA_EXHAUSTED,
        (100, 0): ErrorKind.VALIDATION,
        (1, 0): ErrorKind.TRANSIENT_SAFE,
    }
    for (code, subcode), kind in cases.items():
        body = json.dumps({"error": {"code": code, "error_subcode": subcode, "message": "m"}})
        for mutating in (False, True):
            found = from_answer(
                400, body.encode(), {}, mutating=mutating, network="Threads", table=TABLE
            )
            wanted = ErrorKind.AMBIGUOUS if code == 1 and mutating else kind
            assert found.kind is wanted, (code, subcode)


def test_a_token_that_only_speaks_for_itself() -> None:
    assert Token(access_token="x").credentials() == {"access": "x"}
