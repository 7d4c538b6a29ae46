"""What only Telegram has: one call for everything, no second look, a token in the address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.providers.base import (
    Account,
    Connected,
    Content,
    ErrorKind,
    Piece,
    Poll,
    ProviderError,
    PublishProvider,
    Unreadable,
)
from apps.integrations.providers.telegram.client import BotApi
from apps.integrations.providers.telegram.errors import refusal
from apps.integrations.providers.telegram.provider import permalink
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
def telegram() -> PublishProvider:
    return providers.get("telegram")


@pytest.fixture
def connected(telegram: PublishProvider, networks: Networks, client: GuardedClient) -> Connected:
    return telegram.connect(form_for(networks, "telegram"), client)


@pytest.fixture
def publication(telegram: PublishProvider, connected: Connected, client: GuardedClient) -> Any:
    def make(text: str, **more: Any) -> Publication:
        return Publication(telegram, connected, client, Content(text, **more))

    return make


def post(networks: Networks, handles: dict[str, str]) -> dict[str, Any]:
    assert networks.sandbox is not None
    found: dict[str, Any] = networks.sandbox.store.post("telegram", f"maren/{handles['remote_id']}")
    return found


# --- Connecting ----------------------------------------------------------------------------------


def test_a_chat_is_named_in_any_way_people_write_it(
    telegram: PublishProvider, networks: Networks, client: GuardedClient, connected: Connected
) -> None:
    for typed in ("maren", "@maren", "https://t.me/maren", connected.account.remote_id):
        form = form_for(networks, "telegram") | {"chat": typed}
        assert telegram.connect(form, client).account == connected.account


def test_the_token_is_on_no_receipt_though_it_stands_in_every_address(
    networks: Networks, publication: Any, receipt: list[Exchange]
) -> None:
    publication("Hello", media=(image(),)).run()
    networks.control("telegram", scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        publication("Gone").run()
    assert len(receipt) > 3
    assert "sandbox-maren" not in repr(receipt)
    assert "/bot•••/sendPhoto" in {one.url.partition("telegram")[2] for one in receipt}


@pytest.mark.parametrize(
    ("member", "kind", "may"),
    [
        ({"status": "administrator", "can_post_messages": True}, "channel", True),
        ({"status": "administrator", "can_post_messages": False}, "channel", False),
        ({"status": "member"}, "channel", False),
        ({"status": "member"}, "supergroup", True),
        ({"status": "left"}, "supergroup", False),
        ({"status": "kicked"}, "group", False),
        ({"status": "restricted", "is_member": True, "can_send_messages": False}, "group", False),
    ],
)
def test_a_bot_that_may_not_post_is_told_at_once(
    telegram: PublishProvider,
    networks: Networks,
    client: GuardedClient,
    monkeypatch: pytest.MonkeyPatch,
    member: dict[str, Any],
    kind: str,
    may: bool,
) -> None:
    chat = {"id": -100, "type": kind, "title": "Maren"}
    monkeypatch.setattr(BotApi, "member", lambda *_: member)
    monkeypatch.setattr(BotApi, "chat", lambda *_: chat)
    if may:
        assert telegram.connect(form_for(networks, "telegram"), client).account.name == "Maren"
        return
    with pytest.raises(ProviderError) as caught:
        telegram.connect(form_for(networks, "telegram"), client)
    assert caught.value.kind is ErrorKind.SCOPE_MISSING
    assert caught.value.field == "chat"


# --- Publishing ----------------------------------------------------------------------------------


def test_calls_and_answers_have_the_recorded_shapes(
    networks: Networks, telegram: PublishProvider
) -> None:
    with kit.listening() as (client, calls):
        connected = telegram.connect(form_for(networks, "telegram"), client)
        for call, name in zip(calls, ("get_me", "get_chat", "get_chat_member"), strict=True):
            kit.held_to(call, kit.recorded("telegram", name))
        first = Publication(telegram, connected, client, Content("First"))
        telegram_post = first.run()["remote_id"]
        made = Publication(
            telegram,
            connected,
            client,
            Content(
                "Hello",
                options={"silent": True, "preview": "above"},
                link="https://example.com/",
            ),
        )
        made.sent[0].part = replace(made.sent[0].part, role="thread", number=1)
        ctx = made.context()
        ctx.parent = {"remote_id": telegram_post}
        telegram.run_stage("submit", ctx)
        kit.held_to(calls[-1], kit.recorded("telegram", "send_message"))
        poll = Content("Tea?", poll=Poll(("Yes", "No"), minutes=60))
        Publication(telegram, connected, client, poll).run()
        kit.held_to(calls[-1], kit.recorded("telegram", "send_poll"))
        album = Content("Both", (image(1), video(1, cover=image(2))))
        Publication(telegram, connected, client, album).run()
        kit.held_to(calls[-1], kit.recorded("telegram", "send_media_group"))
        networks.control("telegram", scenario="rate_limit")
        with pytest.raises(ProviderError) as caught:
            first.run()
        kit.held_to(calls[-1], kit.recorded("telegram", "too_many_requests"))
        assert caught.value.retry_at is not None


@pytest.mark.parametrize(
    ("media", "kinds"),
    [
        ((image(),), ["photo"]),
        ((video(),), ["video"]),
        ((image(1, mime="image/gif"),), ["animation"]),
        ((document(),), ["document"]),
        ((image(1), video(2), image(3)), ["photo", "video", "photo"]),
        ((document(1), document(2)), ["document", "document"]),
    ],
)
def test_each_kind_of_file_goes_by_its_own_call(
    networks: Networks, publication: Any, media: Any, kinds: list[str]
) -> None:
    handles = publication("Look", media=media).run()
    assert [one["kind"] for one in post(networks, handles)["media"]] == kinds
    assert networks.posts("telegram") == 1


def test_a_video_brings_its_cover_and_a_thread_answers_part_by_part(
    networks: Networks, publication: Any
) -> None:
    out = publication(
        "One", media=(video(cover=image(5)),), thread=(Piece("Two"), Piece("Three"))
    ).run_all()
    assert post(networks, out[0])["media"][0]["cover"]
    answered = [post(networks, handles)["reply_to"] for handles in out]
    assert answered == [None, f"maren/{out[0]['remote_id']}", f"maren/{out[1]['remote_id']}"]


@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_after_accept", "down"])
def test_a_lost_answer_stays_a_doubt_for_a_person(
    networks: Networks, publication: Any, telegram: PublishProvider, scenario: str
) -> None:
    """Write only: nothing is sent again by machine, so nothing can be doubled."""
    made = publication("Once")
    networks.control("telegram", scenario=scenario)
    with pytest.raises(ProviderError) as caught:
        made.run()
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    assert not caught.value.retryable
    networks.control("telegram", scenario="success")
    answer = telegram.reconcile(made.context())
    assert isinstance(answer, Unreadable)
    assert "look" in answer.reason
    assert telegram.capabilities.publishing.promise == "write_only"


def test_a_long_wait_is_told_to_the_second(networks: Networks, publication: Any) -> None:
    networks.control("telegram", scenario="rate_limit", seconds=35)
    with pytest.raises(ProviderError) as caught:
        publication("Later").run()
    assert caught.value.retry_at is not None
    wait = caught.value.retry_at - datetime.now(UTC)
    assert timedelta(seconds=30) < wait <= timedelta(seconds=35)


def test_numbers_are_none(telegram: PublishProvider, connected: Connected, client: Any) -> None:
    assert telegram.metrics(connected.credentials, connected.account, ["1"], client) == {}
    assert telegram.capabilities.metrics == ()


# --- Checking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("é" * 4097), "text.too_long"),
        (Content("😀" * 2049), "text.too_long"),
        (Content("é" * 1025, (image(),)), "text.too_long"),
        (Content("é" * 301, poll=Poll(("a", "b"))), "text.too_long"),
        (Content("", poll=Poll(("a", "b"))), "text.empty"),
        (Content("x", (image(), document())), "media.mixed"),
        (Content("x", tuple(image(n) for n in range(11))), "media.too_many"),
        (Content("x", (image(width=6000, height=5000),)), "media.too_many_pixels"),
        (Content("x", (image(width=4000, height=100),)), "media.ratio"),
        (Content("x", (video(size=60_000_000),)), "media.too_large"),
        (Content("x", options={"topic": "general"}), "option.topic"),
        (Content("x", first_comment="y"), "comment.none"),
    ],
)
def test_what_telegram_would_refuse_is_found_before(
    telegram: PublishProvider, content: Content, code: str
) -> None:
    assert code in [one.code for one in telegram.validate(content) if one.level == "error"]


def test_a_server_of_one_s_own_takes_larger_films(telegram: PublishProvider) -> None:
    own = Account("-1", "n", "n", host="https://bot.example", limits={"video_bytes": 2 * 10**9})
    film = Content("x", (video(size=1_500_000_000),))
    assert telegram.validate(film, own) == []


@pytest.mark.parametrize(
    ("chat", "limits", "address"),
    [
        ("-1001234", {"username": "candy"}, "https://t.me/candy/7"),
        ("-1001234", {}, "https://t.me/c/1234/7"),
        ("-1234", {}, ""),
    ],
)
def test_a_message_s_address(chat: str, limits: dict[str, Any], address: str) -> None:
    account = Account(chat, "x", "x", host="https://api.telegram.org", limits=limits)
    assert permalink(account, "7") == address


@pytest.mark.parametrize(
    ("code", "said", "kind", "field"),
    [
        (401, "Unauthorized", ErrorKind.AUTH_REVOKED, None),
        (403, "Forbidden: bot was kicked from the channel chat", ErrorKind.SCOPE_MISSING, None),
        (400, "Bad Request: chat not found", ErrorKind.VALIDATION, "chat"),
        (400, "Bad Request: not enough rights to send photos to the chat",
         ErrorKind.SCOPE_MISSING, None),
        (400, "Bad Request: message is too long", ErrorKind.VALIDATION, "text"),
        (400, "Bad Request: message caption is too long", ErrorKind.VALIDATION, "text"),
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", ErrorKind.MEDIA_INVALID, "media"),
        (400, "Bad Request: message thread not found", ErrorKind.VALIDATION, "topic"),
        (400, "Bad Request: message to be replied not found", ErrorKind.VALIDATION, "thread"),
        (400, "Bad Request: poll must have at least 2 option", ErrorKind.VALIDATION, "poll"),
        (413, "Request Entity Too Large", ErrorKind.MEDIA_INVALID, "media"),
        (429, "Too Many Requests: retry after 5", ErrorKind.RATE_LIMITED, None),
    ],
)  # fmt: skip
def test_its_words_become_kinds(code: int, said: str, kind: ErrorKind, field: str | None) -> None:
    error = refusal({"ok": False, "error_code": code, "description": said}, code)
    assert (error.kind, error.field) == (kind, field)


def test_a_group_that_moved_has_to_be_connected_again() -> None:
    said = "Bad Request: group chat was upgraded to a supergroup chat"
    data = {"error_code": 400, "description": said, "parameters": {"migrate_to_chat_id": -1}}
    assert refusal(data, 400).kind is ErrorKind.AUTH_REVOKED
