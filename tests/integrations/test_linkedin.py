"""What only LinkedIn has: pages with roles, two product families, little text, repeats that name
the first, people whose posts nobody may read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from apps.integrations.http import Exchange, GuardedClient, guarded_client
from apps.integrations.providers.base import (
    App,
    Connected,
    Content,
    ErrorKind,
    Found,
    Grant,
    MediaItem,
    NotFound,
    Poll,
    ProviderError,
    PublishContext,
    Unreadable,
    Wait,
)
from apps.integrations.providers.linkedin import captions, files, publishing, simulated_files
from apps.integrations.providers.linkedin.errors import CODES, from_answer
from apps.integrations.providers.linkedin.provider import provider
from apps.integrations.providers.linkedin.simulated import read_little
from apps.integrations.providers.linkedin.text import comparable, little, plain
from apps.integrations.providers.oauth import Token
from tests.support.networks import Networks
from tests.support.publishing import context, jpeg, publish_all, run, sandbox_app

KEY = "linkedin"
FIXTURES = sorted((Path(provider.folder) / "fixtures").glob("*.json"))
REDIRECT = "https://candy.test/connect/linkedin/callback"
FILM = b"\x00\x00\x00\x18ftypmp42" + b"\x01\x02\x03\x04" * 30_000


@pytest.fixture
def receipt() -> list[Exchange]:
    return []


@pytest.fixture
def client(networks: Networks, receipt: list[Exchange]) -> Iterator[GuardedClient]:
    with guarded_client(record=receipt.append, timeout=10) as client:
        yield client


def grant(networks: Networks, client: GuardedClient, login: str = "maren") -> Grant:
    app = sandbox_app(networks, provider)
    token = Token(access_token=f"sandbox-{login}")
    return provider.accounts(token, app=app, host=provider.host(app), client=client)


@pytest.fixture
def page(networks: Networks, client: GuardedClient) -> Connected:
    return grant(networks, client).accounts[0]


@pytest.fixture
def person(networks: Networks, client: GuardedClient) -> Connected:
    return grant(networks, client).accounts[-1]


def item(mime: str, data: bytes, alt: str = "", **facts: Any) -> MediaItem:
    sized = {"width": 400, "height": 400, **facts}

    def ranged(start: int, length: int) -> bytes:
        return data[start : start + length]

    return MediaItem("a", mime, len(data), alt_text=alt, read=lambda: data, ranged=ranged, **sized)


def photo(alt: str = "A picture") -> MediaItem:
    return item("image/jpeg", jpeg(), alt)


def film(**facts: Any) -> MediaItem:
    return item("video/mp4", FILM, **{"seconds": 12.0, "fps": 30.0, **facts})


def document(name: str = "") -> MediaItem:
    return item("application/pdf", b"%PDF-1.7 x", pages=3, name=name, width=0, height=0)


def stored(networks: Networks, ctx: PublishContext) -> dict[str, Any]:
    assert networks.sandbox is not None
    found = networks.sandbox.store.post(KEY, ctx.handles["remote_id"])
    assert found is not None
    return dict(found)


def codes(content: Content, account: Any = None) -> list[str]:
    return [one.code for one in provider.validate(content, account) if one.level == "error"]


# --- Signing in ----------------------------------------------------------------------------------


def consent(networks: Networks, client: GuardedClient, product: str = "community") -> Grant:
    app = sandbox_app(networks, provider, product=product)
    begun = provider.start_oauth({}, app=app, redirect_uri=REDIRECT, state="s", client=client)
    link = re.search(r'href="([^"]*login=maren[^"]*)"', client.get(begun.authorize_url).text)
    assert link is not None
    back = client.get(link[1].replace("&amp;", "&"), follow_redirects=False).headers["location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    return provider.finish_oauth(
        begun.secrets, app=app, code=code, redirect_uri=REDIRECT, client=client
    )


def test_a_consent_offers_the_pages_with_the_right_role_and_the_person(
    networks: Networks, client: GuardedClient
) -> None:
    found = consent(networks, client)
    names = [one.account.name for one in found.accounts]
    assert names == ["Maren Holm Studio", "Maren Holm Journal", "Maren Holm"]
    assert [one.account.remote_id.split(":")[2] for one in found.accounts] == [
        "organization",
        "organization",
        "person",
    ]
    assert [(one.name, "analyst" in one.reason) for one in found.refused] == [
        ("Maren Holm Archive", True)
    ]
    for one in found.accounts:
        again = provider.verify(one.credentials, one.account, client)
        assert again == one.account
        assert one.account.limits["consent_until"]


def test_the_self_serve_family_gives_the_person_only_and_no_renewal(
    networks: Networks, client: GuardedClient
) -> None:
    found = consent(networks, client, "share")
    (only,) = found.accounts
    assert only.account.remote_id.startswith("urn:li:person:")
    assert set(only.scopes) == {"openid", "profile", "email", "w_member_social"}
    assert "refresh" not in only.credentials
    app = sandbox_app(networks, provider)
    assert provider.refresh(only.credentials, client, app=app, host=app.base) is None
    assert provider.verify(only.credentials, only.account, client) == only.account


def test_the_two_families_are_never_asked_for_together() -> None:
    real = App("id", "secret")
    share = set(provider.endpoints(real).scopes)
    community = set(provider.endpoints(replace(real, extra={"product": "community"})).scopes)
    assert "openid" in share
    assert "openid" not in community
    assert "w_organization_social" in community - share


def test_renewing_keeps_the_refresh_token_and_a_year_ends_it(
    networks: Networks, client: GuardedClient
) -> None:
    connected = consent(networks, client).accounts[0]
    app, host = sandbox_app(networks, provider), connected.account.host
    fresh = provider.refresh(connected.credentials, client, app=app, host=host)
    assert fresh is not None
    assert fresh.credentials["refresh"] == connected.credentials["refresh"]
    assert fresh.credentials["access"] != connected.credentials["access"]
    networks.control(KEY, clock_offset=366 * 86_400)
    with pytest.raises(ProviderError) as caught:
        provider.refresh(connected.credentials, client, app=app, host=host)
    assert caught.value.kind is ErrorKind.AUTH_REVOKED
    over = {**connected.credentials, "refresh_until": "2026-01-01T00:00:00+00:00"}
    with pytest.raises(ProviderError) as caught:
        provider.refresh(over, client, app=app, host=host)
    assert "year" in caught.value.message


def test_a_role_that_is_gone_ends_the_connection_of_the_page(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    gone = replace(page.account, remote_id="urn:li:organization:1")
    with pytest.raises(ProviderError) as caught:
        provider.verify(page.credentials, gone, client)
    assert caught.value.kind is ErrorKind.SCOPE_MISSING


def test_a_version_past_its_year_is_a_sunset_and_not_a_fault_of_the_post(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    networks.control(KEY, clock_offset=365 * 86_400)
    with pytest.raises(ProviderError) as caught:
        run(provider, context(page, client, "Too late"))
    assert caught.value.kind is ErrorKind.API_SUNSET


# --- Text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Plain text, 100 % of it.",
        r"All of | { } @ [ ] ( ) < > # \ * _ ~ survive",
        "A link https://example.com/a_(b)?c=*&d=~#frag and on",
        "#slow #two_words (#three) and #1 is no tag",
        "Ask @[Kestrel & Co.](urn:li:organization:7) about it",
        "mail me@example.com\n\nand more…",
        "👩‍👩‍👧 ümlaut",
    ],
)
def test_nothing_of_a_text_is_cut(text: str) -> None:
    shown = re.sub(r"@\[([^\]]+)\]\([^)]*\)", r"\1", text)
    assert read_little(little(text)) == shown
    assert plain(little(text)) == shown
    assert comparable(little(text)) == comparable(little(plain(little(text))))


def test_hashtags_and_mentions_become_templates() -> None:
    text = "#slow_food by @[Kestrel](urn:li:organization:7)"
    assert little(text) == r"{hashtag|\#|slow\_food} by @[Kestrel](urn:li:organization:7)"


def test_the_simulator_cuts_at_an_unescaped_sign_as_linkedin_does() -> None:
    assert read_little("Read (this) now") == "Read "


# --- What goes out -------------------------------------------------------------------------------


def test_images_documents_cards_and_polls_reach_the_page(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    one = Content("One", (photo(),))
    many = Content("Many", (photo("First"), photo("Second")))
    paper = Content("Paper", (document("report.pdf"),))
    card = Content(
        "Card",
        (photo(),),
        format="article",
        link="https://example.com/a",
        title="A title",
        options={"link_description": "A line"},
    )
    poll = Content("Which?\nTell us", poll=Poll(("A", "B"), 4320))
    shown = []
    for content in (one, many, paper, card, poll):
        assert not codes(content, page.account)
        run(provider, ctx := context(page, client, content))
        shown.append(stored(networks, ctx)["content"])
        assert client.get(ctx.handles["permalink"]).status_code == 200
    assert shown[0]["media"]["altText"] == "A picture"
    assert [image["altText"] for image in shown[1]["multiImage"]["images"]] == ["First", "Second"]
    assert shown[2]["media"]["title"] == "report.pdf"
    assert shown[3]["article"] | {"thumbnail": ""} == {
        "source": "https://example.com/a",
        "title": "A title",
        "description": "A line",
        "thumbnail": "",
    }
    assert shown[4]["poll"]["question"] == "Which?"
    assert shown[4]["poll"]["settings"] == {"duration": "THREE_DAYS"}


def test_a_link_beside_files_stands_in_the_text(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    run(provider, ctx := context(page, client, Content("See", (photo(),), link="https://e.com/a")))
    assert stored(networks, ctx)["text"] == "See\nhttps://e.com/a"
    run(provider, ctx := context(page, client, Content("See", link="https://e.com/a")))
    post = stored(networks, ctx)
    assert (post["text"], post["content"]["article"]["title"]) == ("See", "e.com")


def test_a_video_goes_up_in_parts_without_the_token_and_goes_on_where_it_stopped(
    networks: Networks,
    page: Connected,
    client: GuardedClient,
    receipt: list[Exchange],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulated_files, "PART", 50_000)
    kept: dict[str, str] = {}
    content = Content("A film", (film(),))
    networks.control(KEY, scenario="error_before_accept", point="upload", nth=3)
    with pytest.raises(ProviderError) as caught:  # reserve, part 0, part 1
        run(provider, context(page, client, content, stored=kept))
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    assert len(json.loads(kept["media.0.etags"])) == 1
    networks.control(KEY, scenario="success")
    receipt.clear()
    run(provider, context(page, client, content, stored=kept))
    puts = [one for one in receipt if one.method == "PUT"]
    assert [one.url.rpartition("/")[2] for one in puts] == ["1", "2"]
    assert networks.sandbox is not None
    blob = networks.sandbox.store.blob(KEY, kept["media.0"].rpartition(":")[2])
    assert blob == ("video/mp4", FILM)
    assert networks.posts(KEY) == 1


VTT = (
    b"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello &amp; welcome\n\n"
    b"01:00:02.000 --> 01:00:04.500\nTwo\nlines\n"
)
SRT = (
    b"1\n00:00:00,000 --> 00:00:02,000\nHello & welcome\n\n"
    b"2\n01:00:02,000 --> 01:00:04,500\nTwo\nlines\n"
)


def captioned(vtt: bytes = VTT, language: str = "de") -> Content:
    return Content("A film", (film(captions=lambda: vtt, captions_language=language),))


def sent(receipt: list[Exchange], part: str) -> list[Exchange]:
    return [one for one in receipt if part in one.url and one.method != "GET"]


def file_of(networks: Networks, ctx: PublishContext) -> dict[str, Any]:
    assert networks.sandbox is not None
    id = ctx.handles["media.0"].rpartition(":")[2]
    found = networks.sandbox.store.get(KEY, "file", id)
    assert found is not None
    return dict(found)


def test_captions_go_up_before_the_videos_first_byte(
    networks: Networks, page: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    ctx = context(page, client, captioned())
    assert provider.stages_for(ctx.content) == ("captions", "upload", "process", "submit")
    assert "captions" not in provider.stages_for(Content("A film", (film(),)))
    run(provider, ctx)
    order = [one.url.rpartition("/")[2].partition("?")[0] for one in sent(receipt, "/dms-uploads/")]
    assert order == ["captions", "0"]
    file = file_of(networks, ctx)
    assert (file["captions"], networks.posts(KEY)) == ("DE", 1)
    assert networks.sandbox is not None
    kept = networks.sandbox.store.blob(KEY, f"{file['id']}-captions")
    assert kept == ("application/x-subrip", SRT)
    assert "note" not in ctx.handles


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("en", {"variant": "AMERICAN", "country": "US", "language": "EN"}),
        ("en-GB", {"country": "GB", "language": "EN"}),
        ("pt-BR", {"country": "BR", "language": "PT"}),
        ("zh-Hans-CN", {"country": "CN", "language": "ZH"}),
        ("de", {"language": "DE"}),
    ],
)
def test_linkedin_is_told_the_language_of_captions(language: str, locale: dict[str, str]) -> None:
    assert captions.about(language)["locale"] == locale


def test_captions_that_are_refused_are_noted_and_the_video_goes_up_once_without(
    networks: Networks, page: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    kept: dict[str, str] = {}
    ctx = context(page, client, captioned(b"WEBVTT\n"), stored=kept)
    run(provider, ctx)
    for stage in ("captions", "upload", "process"):
        provider.run_stage(stage, context(page, client, captioned(b"WEBVTT\n"), stored=kept))
    assert "did not take the captions" in ctx.handles["note"]
    assert len(sent(receipt, "/captions")) == 1
    assert len(sent(receipt, "/0")) == 1
    assert file_of(networks, ctx)["captions"] == ""
    assert networks.posts(KEY) == 1


def test_captions_that_keep_failing_are_given_up_before_the_video_is_sent(
    networks: Networks, page: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    kept: dict[str, str] = {}
    for _ in range(files.CAPTION_TRIES - 1):
        networks.control(KEY, scenario="error_before_accept", point="captions")
        with pytest.raises(ProviderError) as caught:
            run(provider, context(page, client, captioned(), stored=kept))
        assert caught.value.retryable
    networks.control(KEY, scenario="error_before_accept", point="captions")
    run(provider, context(page, client, captioned(), stored=kept))
    assert "did not take the captions" in kept["note"]
    assert len(sent(receipt, "initializeUpload")) == 2  # with captions, and without
    assert len(sent(receipt, "/0")) == 1
    assert networks.posts(KEY) == 1


def test_captions_whose_answer_was_lost_are_sent_again_to_the_same_place(
    networks: Networks, page: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    kept: dict[str, str] = {}
    networks.control(KEY, scenario="error_after_accept", point="captions")
    with pytest.raises(ProviderError):
        run(provider, context(page, client, captioned(), stored=kept))
    networks.control(KEY, scenario="success")
    ctx = context(page, client, captioned(), stored=kept)
    run(provider, ctx)
    assert len({one.url for one in sent(receipt, "/captions")}) == 1
    assert len(sent(receipt, "initializeUpload")) == 1
    assert file_of(networks, ctx)["captions"] == "DE"
    assert "note" not in kept


def test_a_new_place_for_a_video_gets_its_captions_too(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    kept: dict[str, str] = {}
    provider.run_stage("captions", context(page, client, captioned(), stored=kept))
    old = kept["media.0"]
    networks.control(KEY, scenario="success", clock_offset=90_000)
    late = json.loads(kept["media.0.slot"])
    kept["media.0.slot"] = json.dumps([*late[:3], 1.0, *late[4:]])
    ctx = context(page, client, captioned(), stored=kept)
    provider.run_stage("upload", ctx)
    assert kept["media.0"] != old
    assert file_of(networks, ctx)["captions"] == "DE"


def test_an_upload_address_that_has_ended_is_replaced(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    kept: dict[str, str] = {}
    content = Content("Late", (photo(),))
    networks.control(KEY, scenario="error_before_accept", point="upload", nth=2)
    with pytest.raises(ProviderError):
        run(provider, context(page, client, content, stored=kept))
    old = kept["media.0"]
    networks.control(KEY, scenario="success", clock_offset=90_000)
    with pytest.raises(ProviderError) as caught:
        run(provider, context(page, client, content, stored=kept))
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    run(provider, context(page, client, content, stored=kept))
    assert kept["media.0"] != old
    assert networks.posts(KEY) == 1


def test_files_are_waited_for_and_a_failed_one_is_let_go(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="slow_processing", seconds=60)
    ctx = context(page, client, Content("Slow", (film(),)))
    provider.run_stage("upload", ctx)
    assert isinstance(provider.run_stage("process", ctx), Wait)
    networks.control(KEY, scenario="slow_processing", clock_offset=61)
    run(provider, ctx)
    networks.control(KEY, scenario="container_error", clock_offset=0)
    broken = context(page, client, Content("Broken", (film(),)))
    with pytest.raises(ProviderError) as caught:
        run(provider, broken)
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert not broken.handles.get("media.0")
    assert networks.posts(KEY) == 1


def test_a_self_serve_app_learns_from_the_post_that_a_file_is_not_ready(
    networks: Networks, client: GuardedClient
) -> None:
    me = grant(networks, client, "maren:share").accounts[0]
    networks.control(KEY, scenario="slow_processing", seconds=60)
    ctx = context(me, client, Content("Slow", (photo(),)))
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.MEDIA_NOT_READY
    networks.control(KEY, scenario="success", clock_offset=61)
    provider.run_stage("submit", ctx)
    assert networks.posts(KEY) == 1


def test_a_first_comment_is_the_pages_and_stands_below_the_post(
    networks: Networks, page: Connected, person: Connected, client: GuardedClient
) -> None:
    content = Content("Post", first_comment="The link: https://example.com")
    assert "comment.none" in codes(content, person.account)
    assert not codes(content, page.account)
    post, comment = publish_all(provider, page, client, content)
    assert comment.handles["remote_id"].startswith("urn:li:comment:(")
    assert "commentUrn=" in comment.handles["permalink"]
    shown = client.get(post.handles["permalink"]).text
    assert shown.index("Post") < shown.index("The link")


def test_a_comment_whose_answer_was_lost_is_found(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    run(provider, post := context(page, client, "Post"))
    ctx = context(page, client, "Ours", role="comment", root=post.handles, parent=post.handles)
    assert isinstance(provider.reconcile(ctx), NotFound)
    networks.control(KEY, scenario="accept_then_drop", point="comment")
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    found = provider.reconcile(ctx)
    assert isinstance(found, Found)
    assert "commentUrn=" in found.permalink


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("x" * 3_001), "text.too_long"),
        (Content("x", (document(),)), "title.empty"),
        (Content("x", format="article"), "link.missing"),
        (Content("", poll=Poll(("A", "B"))), "title.empty"),
        (Content("x" * 141, poll=Poll(("A", "B"))), "title.too_long"),
        (Content("x", poll=Poll(("A", "B" * 31), 1440)), "poll.option_too_long"),
        (Content("x", poll=Poll(("A", "B"), 60)), "poll.minutes"),
        (Content("x", (photo(), film())), "media.mixed"),
        (Content("x", (replace(film(), size=1_000),)), "media.too_small"),
        (Content("x", (film(seconds=1_801.0),)), "media.too_long"),
        (Content("x", (replace(document("d"), pages=301),)), "media.too_many_pages"),
    ],
)
def test_what_linkedin_would_refuse_is_found(content: Content, code: str) -> None:
    assert code in codes(content)


def test_who_sees_it_depends_on_who_posts(page: Connected, person: Connected) -> None:
    content = Content("x", options={"visibility": "CONNECTIONS"})
    assert codes(content, page.account) == ["option.visibility"]
    assert codes(content, person.account) == []


# --- Afterwards ----------------------------------------------------------------------------------


def lose(networks: Networks, ctx: PublishContext) -> None:
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")


@pytest.mark.parametrize(
    "content",
    [
        Content("Signs (and) #tags_here https://example.com/a_b"),
        Content("Files", (photo(), photo("Two"))),
        Content("Card", link="https://example.com/a", title="T"),
        Content("Poll?", poll=Poll(("A", "B"), 1440)),
    ],
)
def test_a_pages_lost_post_is_found_by_what_it_shows(
    networks: Networks, page: Connected, client: GuardedClient, content: Content
) -> None:
    run(provider, context(page, client, replace(content, text="Files, but not these")))
    ctx = context(page, client, content)
    lose(networks, ctx)
    found = provider.reconcile(ctx)
    assert isinstance(found, Found)
    assert found.remote_id.startswith("urn:li:")
    claimed = context(page, client, content, stored=ctx.handles, is_claimed=lambda one: True)
    assert isinstance(provider.reconcile(claimed), NotFound)


def test_a_page_that_may_not_be_read_is_a_persons_to_check(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    ctx = context(page, client, "Hidden")
    lose(networks, ctx)
    networks.control(KEY, scenario="unreadable")
    assert isinstance(provider.reconcile(ctx), Unreadable)


def test_a_persons_lost_post_is_sent_again_and_linkedin_names_the_first(
    networks: Networks, person: Connected, client: GuardedClient
) -> None:
    ctx = context(person, client, "Only mine")
    lose(networks, ctx)
    assert isinstance(provider.reconcile(ctx), NotFound), "safe to send: LinkedIn holds it back"
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.DUPLICATE
    assert caught.value.remote_ref is not None
    assert networks.sandbox is not None
    assert networks.sandbox.store.post(KEY, caught.value.remote_ref) is not None
    assert client.get(ctx.handles["permalink"]).status_code == 200
    assert networks.posts(KEY) == 1


def test_a_persons_post_that_never_arrived_goes_out_with_the_second_call(
    networks: Networks, person: Connected, client: GuardedClient
) -> None:
    ctx = context(person, client, "Not yet")
    networks.control(KEY, scenario="error_before_accept")
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    assert isinstance(provider.reconcile(ctx), NotFound)
    run(provider, ctx)
    assert networks.posts(KEY) == 1


def test_beyond_the_window_nothing_is_sent_and_a_person_decides(
    networks: Networks, person: Connected, client: GuardedClient, receipt: list[Exchange]
) -> None:
    kept: dict[str, str] = {}
    ctx = context(person, client, "Too late", stored=kept)
    lose(networks, ctx)
    late = datetime.now(UTC) - publishing.REPEAT_TRUSTED - timedelta(seconds=1)
    ctx.remember("sent_at", late.isoformat())
    receipt.clear()
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    assert isinstance(provider.reconcile(ctx), Unreadable)
    assert receipt == [], "LinkedIn was not called"
    assert isinstance(provider.reconcile(ctx), Unreadable), "and it stays so"
    # The person says that it is not out: it goes out afresh.
    networks.control(KEY, clock_offset=700)
    run(provider, context(person, client, "Too late", stored=kept))
    assert networks.posts(KEY) == 2


def test_a_refusal_that_is_definite_starts_no_window(
    networks: Networks, person: Connected, client: GuardedClient
) -> None:
    kept: dict[str, str] = {}
    ctx = context(person, client, "Later", stored=kept)
    networks.control(KEY, scenario="rate_limit")
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.RATE_LIMITED
    assert not kept.get("sent_at")


def test_a_repeat_without_a_name_is_not_tried_for_ever(
    networks: Networks, person: Connected, client: GuardedClient
) -> None:
    ctx = context(person, client, "Nameless")
    networks.control(KEY, scenario="duplicate")
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.DUPLICATE
    assert isinstance(provider.reconcile(ctx), Unreadable)


def test_the_text_of_another_post_of_ours_fails_for_good(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    run(provider, first := context(page, client, "Good morning"))
    mine = first.handles["remote_id"]
    second = context(page, client, "Good morning", is_claimed=lambda urn: urn == mine)
    with pytest.raises(ProviderError) as caught:
        run(provider, second)
    assert caught.value.kind is ErrorKind.VALIDATION
    assert not caught.value.retryable


# --- Numbers -------------------------------------------------------------------------------------


def test_pages_and_people_have_numbers_and_self_serve_apps_none(
    networks: Networks, page: Connected, person: Connected, client: GuardedClient
) -> None:
    names = {one.name for one in provider.capabilities.metrics}
    for connected, expected in ((page, names), (person, names - {"clicks"})):
        run(provider, text := context(connected, client, f"For {connected.account.name}"))
        picture = context(connected, client, Content(f"By {connected.account.name}", (photo(),)))
        run(provider, picture)
        ids = [text.handles["remote_id"], picture.handles["remote_id"], "urn:li:share:zz"]
        networks.control(KEY, clock_offset=3_600)
        found = provider.metrics(connected.credentials, connected.account, ids, client)
        assert set(found) == set(ids[:2])
        assert all(set(numbers) == expected for numbers in found.values())
        assert found[ids[0]]["impressions"] > 0
        networks.control(KEY, clock_offset=0)
    me = grant(networks, client, "maren:share").accounts[0]
    assert provider.metrics(me.credentials, me.account, ids, client) == {}


def test_one_dead_counter_of_a_person_costs_only_itself(
    networks: Networks, person: Connected, client: GuardedClient
) -> None:
    run(provider, ctx := context(person, client, "Numbers"))
    networks.control(KEY, scenario="dead_metric", clock_offset=600)
    mine = ctx.handles["remote_id"]
    found = provider.metrics(person.credentials, person.account, [mine], client)[mine]
    assert set(found) == {"impressions", "reach", "likes", "replies"}


# --- Words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_meaning(code: str) -> None:
    body = json.dumps({"code": code, "message": "m", "status": 400}).encode()
    assert from_answer(400, body, {}, mutating=True).kind is CODES[code][0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ErrorKind.AUTH_EXPIRED),
        (403, ErrorKind.SCOPE_MISSING),
        (404, ErrorKind.VALIDATION),
        (409, ErrorKind.TRANSIENT_SAFE),
        (413, ErrorKind.MEDIA_INVALID),
        (422, ErrorKind.VALIDATION),
        (426, ErrorKind.API_SUNSET),
        (429, ErrorKind.RATE_LIMITED),
        (500, ErrorKind.AMBIGUOUS),
    ],
)
def test_a_status_without_a_code_has_a_meaning_too(status: int, kind: ErrorKind) -> None:
    assert from_answer(status, b"", {}, mutating=True).kind is kind


@pytest.mark.parametrize("urn", ["urn:li:share:7171825482018541568", "urn:li:ugcPost:71"])
def test_a_duplicate_names_the_first(urn: str) -> None:
    said = {"code": "DUPLICATE_POST", "message": f"Content is a duplicate of {urn}"}
    error = from_answer(422, json.dumps(said).encode(), {}, mutating=True)
    assert (error.kind, error.remote_ref) == (ErrorKind.DUPLICATE, urn)


def test_the_days_budget_comes_back_at_midnight_utc(
    networks: Networks, page: Connected, client: GuardedClient
) -> None:
    networks.control(KEY, scenario="quota_full")
    with pytest.raises(ProviderError) as caught:
        run(provider, context(page, client, "Full"))
    assert caught.value.kind is ErrorKind.QUOTA_EXHAUSTED
    at = caught.value.retry_at
    assert at is not None
    assert (at.hour, at.minute) == (0, 0)
    assert timedelta(0) < at - datetime.now(UTC) <= timedelta(days=1)


# --- Shapes --------------------------------------------------------------------------------------


def shape(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: shape(value) for name, value in sorted(data.items())}
    if isinstance(data, list):
        return [shape(data[0])] if data else []
    return type(data).__name__


@pytest.fixture
def calls(
    networks: Networks, page: Connected, client: GuardedClient, receipt: list[Exchange]
) -> list[Exchange]:
    """Everything that Candy ever asks LinkedIn, once."""
    card = {
        "format": "article",
        "link": "https://example.com/a",
        "title": "T",
        "options": {"link_description": "A line"},
    }
    run(provider, context(page, client, Content("Picture", (photo(),))))
    provider.reconcile(context(page, client, "Nobody wrote this"))
    run(provider, ctx := context(page, client, "Recorded"))
    for content in (
        Content("Pair", (photo(), photo("B"))),
        Content("Paper", (document("d.pdf"),)),
        Content("Card", (photo(),), **card),  # type: ignore[arg-type]
        Content("Film", (film(),)),
        captioned(),
        Content("Poll?", poll=Poll(("A", "B"), 4320)),
    ):
        run(provider, context(page, client, content))
    run(provider, context(page, client, "First", role="comment", root=ctx.handles))
    provider.metrics(page.credentials, page.account, [ctx.handles["remote_id"]], client)
    with pytest.raises(ProviderError):
        run(provider, context(page, client, "Recorded"))
    return receipt


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_client_and_simulator_keep_to_the_recorded_shapes(
    calls: list[Exchange], path: Path
) -> None:
    recorded = json.loads(path.read_text())
    asked = recorded["request"]
    pattern = re.escape(asked["path"]).replace(r"\{urn\}", "urn:li:[^/]+")
    same = [
        one
        for one in calls
        if one.method == asked["method"]
        and one.status == recorded["status"]
        and re.search(f"/api{pattern}($|[?&=].*)", unquote(one.url))
        and ("body" not in asked or shape(json.loads(one.request)) == shape(asked["body"]))
    ]
    assert same, "Candy never asks like this"
    answers = [shape(json.loads(one.response)) if one.response else shape(None) for one in same]
    assert shape(recorded["answer"]) in answers
