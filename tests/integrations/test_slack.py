"""What only Slack has: refusals with HTTP 200, files that are shared later, keys as metadata."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from apps.integrations import providers
from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.providers.base import (
    Connected,
    Content,
    ErrorKind,
    Found,
    NotFound,
    Piece,
    ProviderError,
    Unreadable,
    Wait,
)
from apps.integrations.providers.oauth import OAuthProvider
from apps.integrations.providers.slack.errors import refusal
from tests.support import publishing as kit
from tests.support.networks import Networks
from tests.support.publication import Publication, document, image, video

from .conftest import form_for

CALLBACK = "https://candy.example/connect/slack/callback"


@pytest.fixture
def receipt() -> list[Exchange]:
    return []


@pytest.fixture
def client(networks: Networks, receipt: list[Exchange]) -> Iterator[GuardedClient]:
    with guarded_client(timeout=10, record=receipt.append) as client:
        yield client


@pytest.fixture
def slack() -> OAuthProvider:
    found = providers.get("slack")
    assert isinstance(found, OAuthProvider)
    return found


@pytest.fixture
def connected(slack: OAuthProvider, networks: Networks, client: GuardedClient) -> Connected:
    return slack.connect(form_for(networks, "slack"), client)


@pytest.fixture
def publication(slack: OAuthProvider, connected: Connected, client: GuardedClient) -> Any:
    def make(text: str, *, who: Connected = connected, **more: Any) -> Publication:
        settle = lambda seconds: time.sleep(0.15)  # noqa: E731
        return Publication(slack, who, client, Content(text, **more), settle)

    return make


def message(networks: Networks, who: Connected, handles: dict[str, str]) -> dict[str, Any]:
    channel = who.account.remote_id.partition("/")[2]
    assert networks.sandbox is not None
    found: dict[str, Any] = networks.sandbox.store.post(
        "slack", f"{channel}/{handles['remote_id']}"
    )
    return found


# --- Connecting ----------------------------------------------------------------------------------


def test_a_consent_offers_every_channel_and_the_code_works_once(
    slack: OAuthProvider, networks: Networks
) -> None:
    app = kit.sandbox_app(networks, providers.get("slack"))
    with kit.listening() as (client, calls):
        begun = slack.start_oauth({}, app=app, redirect_uri=CALLBACK, state="s", client=client)
        query = dict(parse_qsl(urlsplit(begun.authorize_url).query))
        assert query["scope"].startswith("chat:write,chat:write.public")
        address = begun.authorize_url.replace("/authorize", "/approve")
        back = client.get(f"{address}&{urlencode({'login': 'maren'})}", follow_redirects=False)
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        more: dict[str, Any] = {"app": app, "redirect_uri": CALLBACK, "client": client}
        grant = slack.finish_oauth(begun.secrets, code=code, **more)
        token_call = next(one for one in calls if "oauth.v2.access" in one.path)
        kit.held_to(token_call, kit.recorded("slack", "access"))
        with pytest.raises(ProviderError) as caught:
            slack.finish_oauth(begun.secrets, code=code, **more)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED
    assert [one.account.handle for one in grant.accounts] == ["#maren", "#general", "#random"]
    assert grant.accounts[0].credentials["refresh"]
    assert grant.accounts[0].expires_at is not None


def test_rotation_gives_a_new_pair_and_a_spent_one_ends(
    slack: OAuthProvider, networks: Networks, client: GuardedClient
) -> None:
    app = kit.sandbox_app(networks, providers.get("slack"))
    assert networks.sandbox is not None
    pair = networks.sandbox.simulators["slack"].desk.issue("maren")  # type: ignore[attr-defined]
    old = {"access": pair["access_token"], "refresh": pair["refresh_token"]}
    fresh = slack.refresh(old, client, app=app, host=app.base)
    assert fresh is not None
    assert fresh.credentials["refresh"] != old["refresh"]
    with pytest.raises(ProviderError) as caught:
        slack.refresh(old, client, app=app, host=app.base)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED
    assert slack.refresh({"access": "xoxb-1"}, client, app=app, host=app.base) is None


def test_a_channel_that_the_bot_does_not_see_blames_its_field(
    slack: OAuthProvider, networks: Networks, client: GuardedClient
) -> None:
    with pytest.raises(ProviderError) as caught:
        slack.connect(form_for(networks, "slack") | {"channel": "#secret"}, client)
    assert caught.value.field == "channel"


# --- Publishing ----------------------------------------------------------------------------------


def test_calls_and_answers_have_the_recorded_shapes(
    networks: Networks, slack: OAuthProvider
) -> None:
    def held(name: str, path: str) -> None:
        call = next(one for one in reversed(calls) if path in one.path)
        kit.held_to(call, kit.recorded("slack", name))

    with kit.listening() as (client, calls):
        connected = slack.connect(form_for(networks, "slack"), client)
        held("auth_test", "auth.test")
        held("conversations_list", "conversations.list")
        made = Publication(slack, connected, client, Content("Hello", first_comment="And"))
        made.run(0)
        held("post_message", "chat.postMessage")
        held("permalink", "chat.getPermalink")
        made.run(1)
        held("post_reply", "chat.postMessage")
        slack.reconcile(made.context(0))
        held("history", "conversations.history")
        Publication(slack, connected, client, Content("Look", (image(),))).run()
        held("get_upload_url", "getUploadURLExternal")
        held("complete_upload", "completeUploadExternal")
        held("file_info", "files.info")
        networks.control("slack", scenario="rate_limit", seconds=9)
        with pytest.raises(ProviderError) as caught:
            Publication(slack, connected, client, Content("Later")).run()
        held("rate_limited", "chat.postMessage")
        assert caught.value.retry_at is not None


def test_the_token_does_not_travel_to_the_upload_address(
    networks: Networks, slack: OAuthProvider
) -> None:
    with kit.listening() as (client, calls):
        connected = slack.connect(form_for(networks, "slack"), client)
        Publication(slack, connected, client, Content("Look", (video(),))).run()
    upload = next(one for one in calls if "/upload/v1/" in one.path)
    assert "authorization" not in upload.headers


def test_files_of_all_kinds_are_one_message(
    networks: Networks, connected: Connected, publication: Any
) -> None:
    handles = publication("Look", media=(image(1), video(2), document(3))).run()
    assert len(message(networks, connected, handles)["files"]) == 3
    assert networks.posts("slack") == 1


def test_every_answer_names_the_post_and_never_another_answer(
    networks: Networks, connected: Connected, publication: Any
) -> None:
    out = publication(
        "One", thread=(Piece("Two", (image(),)), Piece("Three")), first_comment="Four"
    ).run_all()
    channel = connected.account.remote_id.partition("/")[2]
    root = f"{channel}/{out[0]['remote_id']}"
    answered = [message(networks, connected, handles)["reply_to"] for handles in out]
    assert answered == [None, root, root, root]


def test_what_a_person_types_calls_nobody(
    networks: Networks, connected: Connected, publication: Any
) -> None:
    handles = publication("<!channel> R&D <b>").run()
    sent = message(networks, connected, handles)["text"]
    assert sent == "&lt;!channel&gt; R&amp;D &lt;b&gt;"


def test_shared_files_are_waited_for_and_shared_once(
    networks: Networks, publication: Any, slack: OAuthProvider
) -> None:
    networks.control("slack", scenario="slow_processing", seconds=0.3)
    made = publication("Later", media=(image(5),))
    slack.run_stage("upload", made.context())
    assert isinstance(slack.run_stage("submit", made.context()), Wait)
    made.run()
    assert networks.posts("slack") == 1


# --- Doubt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["accept_then_drop", "error_after_accept"])
def test_shared_files_are_asked_where_they_are(
    networks: Networks, publication: Any, slack: OAuthProvider, scenario: str
) -> None:
    made = publication("", media=(image(6),))
    networks.control("slack", scenario=scenario)
    with pytest.raises(ProviderError) as caught:
        made.run()
    assert caught.value.ambiguous, "internal_error comes with HTTP 200 and is a fault all the same"
    networks.control("slack", scenario="success")
    assert isinstance(slack.reconcile(made.context()), Found)
    made.run()
    assert networks.posts("slack") == 1


def test_the_same_words_of_another_intent_are_not_ours(
    networks: Networks, publication: Any, slack: OAuthProvider
) -> None:
    publication("Good morning").run()
    other = publication("Good morning")
    slack.run_stage("upload", other.context())
    assert isinstance(slack.reconcile(other.context()), NotFound), "the mark is another"


def test_an_answer_in_doubt_is_looked_for_below_its_post(
    networks: Networks, publication: Any, slack: OAuthProvider
) -> None:
    made = publication("Same", first_comment="Same")
    first = made.run(0)["remote_id"]
    slack.run_stage("upload", made.context(1))
    assert isinstance(slack.reconcile(made.context(1)), NotFound)
    networks.control("slack", scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        made.run(1, stages=("submit",))
    networks.control("slack", scenario="success")
    found = slack.reconcile(made.context(1))
    assert isinstance(found, Found)
    assert found.remote_id != first


def test_a_channel_that_may_not_be_read_is_left_to_a_person(
    networks: Networks, publication: Any, slack: OAuthProvider
) -> None:
    networks.control("slack", scenario="unreadable")
    made = publication("x")
    slack.run_stage("upload", made.context())
    assert isinstance(slack.reconcile(made.context()), Unreadable)


def test_a_private_channel_without_the_bot_is_not_joined(
    slack: OAuthProvider, networks: Networks, client: GuardedClient, receipt: list[Exchange]
) -> None:
    form = form_for(networks, "slack", "private-board")
    who = slack.connect(form, client)
    assert who.account.limits["private"] is True
    Publication(slack, who, client, Content("Hush")).run()
    assert not [one for one in receipt if "conversations.join" in one.url]


# --- Checking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("x" * 4001), "text.too_long"),
        (Content("&" * 801), "text.too_long"),
        (Content("x" * 3990, link="https://example.com/"), "text.too_long"),
        (Content("x", tuple(image(n) for n in range(11))), "media.too_many"),
        (Content("x", first_comment="y" * 4001), "comment.too_long"),
    ],
)
def test_what_slack_would_refuse_is_found_before(
    slack: OAuthProvider, content: Content, code: str
) -> None:
    assert code in [one.code for one in slack.validate(content) if one.level == "error"]


@pytest.mark.parametrize(
    ("code", "kind", "field"),
    [
        ("invalid_auth", ErrorKind.AUTH_REVOKED, None),
        ("account_inactive", ErrorKind.AUTH_REVOKED, None),
        ("token_expired", ErrorKind.AUTH_EXPIRED, None),
        ("missing_scope", ErrorKind.SCOPE_MISSING, None),
        ("channel_not_found", ErrorKind.VALIDATION, "channel"),
        ("is_archived", ErrorKind.VALIDATION, "channel"),
        ("restricted_action", ErrorKind.POLICY_BLOCKED, None),
        ("msg_too_long", ErrorKind.VALIDATION, "text"),
        ("file_not_found", ErrorKind.MEDIA_INVALID, "media"),
        ("thread_not_found", ErrorKind.VALIDATION, "thread"),
        ("ratelimited", ErrorKind.RATE_LIMITED, None),
        ("internal_error", ErrorKind.AMBIGUOUS, None),
        ("fatal_error", ErrorKind.AMBIGUOUS, None),
        ("unknown_method", ErrorKind.API_SUNSET, None),
        ("something_new", ErrorKind.VALIDATION, None),
    ],
)
def test_its_codes_become_kinds(code: str, kind: ErrorKind, field: str | None) -> None:
    error = refusal({"ok": False, "error": code}, 200, {}, mutating=True)
    assert (error.kind, error.field) == (kind, field)


def test_a_fault_on_a_read_is_safe_to_repeat() -> None:
    error = refusal({"ok": False, "error": "internal_error"}, 200, {}, mutating=False)
    assert error.kind is ErrorKind.TRANSIENT_SAFE
