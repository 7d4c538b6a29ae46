"""What only Discord has: nonces, threads below a post, webhooks that cannot look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import Exchange, GuardedClient, guarded_client
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
)
from apps.integrations.providers.discord.errors import refusal
from apps.integrations.providers.discord.publishing import nonce, permalink
from tests.support import publishing as kit
from tests.support.networks import Networks
from tests.support.publication import Publication, document, image, video

from .conftest import form_for


@pytest.fixture
def receipt() -> list[Exchange]:
    return []


@pytest.fixture
def client(networks: Networks, receipt: list[Exchange]) -> Iterator[GuardedClient]:
    with guarded_client(timeout=10, record=receipt.append) as client:
        yield client


@pytest.fixture
def discord() -> PublishProvider:
    return providers.get("discord")


def webhook_form(networks: Networks) -> dict[str, str]:
    base = f"{networks.url}/discord"
    return {"host": base, "webhook": f"{base}/api/webhooks/123/sandbox-maren"}


@pytest.fixture
def connected(discord: PublishProvider, networks: Networks, client: GuardedClient) -> Connected:
    return discord.connect(form_for(networks, "discord"), client)


@pytest.fixture
def by_webhook(discord: PublishProvider, networks: Networks, client: GuardedClient) -> Connected:
    return discord.connect(webhook_form(networks), client)


@pytest.fixture
def publication(discord: PublishProvider, connected: Connected, client: GuardedClient) -> Any:
    def make(text: str, *, who: Connected = connected, **more: Any) -> Publication:
        return Publication(discord, who, client, Content(text, **more))

    return make


def message(networks: Networks, handles: dict[str, str]) -> dict[str, Any]:
    assert networks.sandbox is not None
    found: dict[str, Any] = networks.sandbox.store.post("discord", handles["remote_id"])
    return found


# --- Connecting ----------------------------------------------------------------------------------


def test_a_webhook_s_token_is_on_no_receipt_though_it_stands_in_every_address(
    publication: Any, by_webhook: Connected, receipt: list[Exchange]
) -> None:
    publication("Hello", who=by_webhook).run()
    assert len([line for line in receipt if "/webhooks/123/•••" in line.url]) == 2
    assert "sandbox-maren" not in repr(receipt)
    assert by_webhook.account.remote_id == "webhook:123"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://discord.com/channels/1/2",
        "https://evil.example/api/webhooks/1/abc",
        "https://discord.com.evil.example/api/webhooks/1/abc",
    ],
)
def test_only_a_webhook_of_discord_is_one(
    discord: PublishProvider, client: GuardedClient, typed: str
) -> None:
    with pytest.raises(ProviderError) as caught:
        discord.connect({"webhook": typed}, client)
    assert caught.value.field == "webhook"


@pytest.mark.parametrize(("kind", "may"), [(0, True), (5, True), (2, False), (15, False)])
def test_a_channel_that_takes_no_plain_posts_is_refused_at_once(
    discord: PublishProvider,
    networks: Networks,
    client: GuardedClient,
    kind: int,
    may: bool,
) -> None:
    assert networks.sandbox is not None
    channel = {"id": "5", "type": kind, "guild_id": "900000000000000001", "name": "maren"}
    networks.sandbox.store.put("discord", "channel", "odd", channel)
    form = form_for(networks, "discord") | {"channel": "odd"}
    if may:
        assert discord.connect(form, client).account.remote_id == "5"
        return
    with pytest.raises(ProviderError) as caught:
        discord.connect(form, client)
    assert caught.value.field == "channel"


# --- Publishing ----------------------------------------------------------------------------------


def test_calls_and_answers_have_the_recorded_shapes(
    networks: Networks, discord: PublishProvider
) -> None:
    def held(name: str, number: int = -1) -> None:
        kit.held_to(calls[number], kit.recorded("discord", name))

    with kit.listening() as (client, calls):
        connected = discord.connect(form_for(networks, "discord"), client)
        held("channel", 1)
        held("guild", 2)
        options = {"mentions": "people", "preview": "off", "silent": True}
        Publication(discord, connected, client, Content("Hello", options=options)).run()
        held("create_message")
        whole = Content("One", thread=(Piece("Two"),), first_comment="By the way")
        made = Publication(discord, connected, client, whole)
        made.run_all()
        held("start_thread", -3)
        held("create_reply")
        poll = Content("Tea?", poll=Poll(("Yes", "No")))
        Publication(discord, connected, client, poll).run()
        held("create_poll")
        hooked = discord.connect(webhook_form(networks), client)
        held("webhook")
        Publication(discord, hooked, client, Content("Hello")).run()
        held("execute_webhook")
        networks.control("discord", scenario="rate_limit", seconds=2.5)
        with pytest.raises(ProviderError) as caught:
            Publication(discord, connected, client, Content("Later")).run()
        held("rate_limited")
        assert caught.value.retry_at is not None


def test_files_of_all_kinds_go_together_with_their_descriptions(
    networks: Networks, publication: Any
) -> None:
    handles = publication("Look", media=(image(1), video(2), document(3))).run()
    kept = message(networks, handles)["files"]
    assert [one["filename"] for one in kept] == ["image-1.png", "video-2.mp4", "report-3.pdf"]
    assert kept[0]["description"] == "A picture, 1"


def test_the_rest_of_a_thread_stands_below_the_post_and_the_comment_beside_it(
    networks: Networks, publication: Any
) -> None:
    made = publication(
        "One",
        thread=(Piece("Two", (image(),)), Piece("Three")),
        first_comment="Beside",
        options={"thread_name": "The whole story"},
    )
    out = made.run_all()
    root = out[0]["remote_id"].partition("/")[2]
    places = [handles["remote_id"].partition("/")[0] for handles in out]
    assert places[1] == places[2] == root, "a thread has the id of its message"
    assert places[3] == places[0]
    assert message(networks, out[3])["answers"] == root
    assert networks.state("discord")["requests"]["thread"] == 1
    assert networks.sandbox is not None
    assert networks.sandbox.store.get("discord", "thread", root)["name"] == "The whole story"


def test_a_thread_that_was_begun_already_is_gone_on_with(
    networks: Networks, publication: Any, discord: PublishProvider
) -> None:
    made = publication("One", thread=(Piece("Two"),))
    made.run(0)
    networks.control("discord", scenario="accept_then_drop", point="thread")
    with pytest.raises(ProviderError) as caught:
        discord.run_stage("upload", made.context(1))
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    networks.control("discord", scenario="success")
    made.run(1)
    assert networks.posts("discord") == 2


def test_the_nonce_holds_back_a_second_copy_and_fits(
    networks: Networks, publication: Any, discord: PublishProvider
) -> None:
    made = publication("Once")
    networks.control("discord", scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        made.run()
    networks.control("discord", scenario="success")
    made.run()
    assert networks.posts("discord") == 1
    assert len(nonce(made.sent[0].key)) == 25


def test_after_the_nonce_is_forgotten_the_channel_is_read(
    networks: Networks, publication: Any, discord: PublishProvider
) -> None:
    made = publication("Once", media=(image(4),))
    networks.control("discord", scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        made.run()
    networks.control("discord", scenario="success", clock_offset=3600)
    found = discord.reconcile(made.context())
    assert isinstance(found, Found)
    assert message(networks, {"remote_id": found.remote_id})["text"] == "Once"
    other = publication("Once", media=(image(4), image(5)))
    assert isinstance(discord.reconcile(other.context()), NotFound), "other files, another post"


def test_a_part_of_a_thread_is_looked_for_in_its_thread(
    networks: Networks, publication: Any, discord: PublishProvider
) -> None:
    made = publication("Same", thread=(Piece("Same"),))
    first = made.run(0)["remote_id"]
    assert isinstance(discord.reconcile(made.context(1)), NotFound)
    networks.control("discord", scenario="error_after_accept")
    with pytest.raises(ProviderError):
        made.run(1)
    networks.control("discord", scenario="success")
    found = discord.reconcile(made.context(1))
    assert isinstance(found, Found)
    assert found.remote_id != first


def test_what_cannot_be_read_is_left_to_a_person(
    networks: Networks, publication: Any, discord: PublishProvider, by_webhook: Connected
) -> None:
    networks.control("discord", scenario="unreadable")
    assert isinstance(discord.reconcile(publication("x").context()), Unreadable)
    networks.control("discord", scenario="success")
    hooked = publication("x", who=by_webhook)
    assert isinstance(discord.reconcile(hooked.context()), Unreadable)


def test_many_other_messages_are_looked_through_page_by_page(
    networks: Networks, publication: Any, discord: PublishProvider, connected: Connected
) -> None:
    made = publication("The needle")
    assert networks.sandbox is not None
    for number in range(130):
        publication(f"Hay {number}").run()
    made.run()
    found = discord.reconcile(made.context())
    assert isinstance(found, Found)


# --- Numbers -------------------------------------------------------------------------------------


def test_a_webhook_reads_the_numbers_of_its_own_messages(
    networks: Networks,
    publication: Any,
    discord: PublishProvider,
    by_webhook: Connected,
    client: GuardedClient,
) -> None:
    mine = publication("Count", who=by_webhook).run()["remote_id"]
    networks.control("discord", scenario="success", clock_offset=7200)
    numbers = discord.metrics(by_webhook.credentials, by_webhook.account, [mine], client)
    assert numbers[mine]["likes"] > 0


# --- Checking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("x" * 2001), "text.too_long"),
        (Content("x" * 1990, link="https://example.com/"), "text.too_long"),
        (Content("x" * 301, poll=Poll(("a", "b"))), "text.too_long"),
        (Content("What?", poll=Poll(("a", "b"), minutes=90)), "poll.minutes"),
        (Content("What?", poll=Poll(("a" * 56, "b"))), "poll.option_too_long"),
        (Content("x", (image(),), poll=Poll(("a", "b"))), "poll.media"),
        (Content("x", tuple(image(n) for n in range(11))), "media.too_many"),
        (Content("x", (video(size=20_000_000),)), "media.too_large"),
    ],
)
def test_what_discord_would_refuse_is_found_before(
    discord: PublishProvider, content: Content, code: str
) -> None:
    assert code in [one.code for one in discord.validate(content) if one.level == "error"]


def test_a_webhook_does_not_answer_itself(discord: PublishProvider, by_webhook: Connected) -> None:
    content = Content("x", thread=(Piece("y"),), first_comment="z")
    codes = [one.code for one in discord.validate(content, by_webhook.account)]
    assert codes == ["thread.webhook", "comment.webhook"]


def test_a_message_s_address() -> None:
    account = Account("5", "#n", "n", host="https://discord.com", limits={"guild": "9"})
    assert permalink(account, "5/7") == "https://discord.com/channels/9/5/7"


@pytest.mark.parametrize(
    ("status", "code", "kind", "field"),
    [
        (401, 0, ErrorKind.AUTH_REVOKED, None),
        (404, 10003, ErrorKind.VALIDATION, "channel"),
        (404, 10015, ErrorKind.AUTH_REVOKED, None),
        (401, 50027, ErrorKind.AUTH_REVOKED, None),
        (403, 50001, ErrorKind.SCOPE_MISSING, None),
        (403, 50013, ErrorKind.SCOPE_MISSING, None),
        (400, 50006, ErrorKind.VALIDATION, "text"),
        (400, 200000, ErrorKind.POLICY_BLOCKED, None),
        (413, 40005, ErrorKind.MEDIA_INVALID, "media"),
        (429, 0, ErrorKind.RATE_LIMITED, None),
        (429, 20028, ErrorKind.RATE_LIMITED, None),
        (404, 10008, ErrorKind.VALIDATION, "thread"),
    ],
)
def test_its_codes_become_kinds(status: int, code: int, kind: ErrorKind, field: str | None) -> None:
    error = refusal(status, {"code": code, "message": "said"}, {})
    assert (error.kind, error.field) == (kind, field)


def test_a_form_error_says_which_field_and_why() -> None:
    said = {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer."}]}
    data = {"code": 50035, "message": "Invalid Form Body", "errors": {"content": said}}
    error = refusal(400, data, {})
    assert error.field == "text"
    assert "2000 or fewer" in str(error)


def test_a_wait_is_read_from_the_body() -> None:
    error = refusal(429, json.loads('{"message": "slow", "retry_after": 64.57}'), {})
    assert error.retry_at is not None
    assert 60 < (error.retry_at - datetime.now(UTC)).total_seconds() < 65
