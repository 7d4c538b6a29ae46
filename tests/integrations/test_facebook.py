"""What only Facebook has: pages to pick, unpublished photos, three ways for a video, page stories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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
    ProviderError,
    Unreadable,
    Wait,
)
from apps.integrations.providers.facebook.errors import TABLE
from apps.integrations.providers.facebook.provider import provider
from apps.integrations.providers.meta.errors import from_answer
from apps.integrations.providers.meta.usage import read_usage
from tests.support.networks import Networks
from tests.support.publishing import (
    MP4,
    Files,
    context,
    media_files,
    publish_all,
    run,
    sandbox_app,
    shape,
    sign_in,
)

FIXTURES = provider.folder / "fixtures"
KEY = "facebook"
REDIRECT = "https://candy.test/connect/facebook/callback"


@pytest.fixture
def receipt() -> list[Exchange]:
    return []


@pytest.fixture
def client(networks: Networks, receipt: list[Exchange]) -> Iterator[GuardedClient]:
    with guarded_client(record=receipt.append, timeout=10) as client:
        yield client


@pytest.fixture
def page(networks: Networks, client: GuardedClient) -> Connected:
    return sign_in(provider, networks, client)


@pytest.fixture
def files(networks: Networks, settings: Any) -> Iterator[Files]:
    """Facebook gets bytes, so nothing here may ever be fetched."""
    with media_files(settings) as files:
        yield files
        assert files.site.hits == []


@pytest.fixture
def store(networks: Networks) -> Any:
    return networks.sandbox.store  # type: ignore[union-attr]


# --- Signing in ----------------------------------------------------------------------------------


def test_pages_are_offered_with_tokens_of_their_own_and_the_rest_is_named(
    networks: Networks, client: GuardedClient, receipt: list[Exchange], store: Any
) -> None:
    app = sandbox_app(networks, provider, config_id="77")
    begun = provider.start_oauth({}, app=app, redirect_uri=REDIRECT, state="s", client=client)
    asked = parse_qs(urlsplit(begun.authorize_url).query)
    assert asked["config_id"] == ["77"]
    assert "pages_manage_posts" in asked["scope"][0].split(",")
    head, _, query = begun.authorize_url.partition("?")
    answer = client.get(
        f"{head.rpartition('/')[0]}/approve?{query}&login=maren", follow_redirects=False
    )
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    grant = provider.finish_oauth(
        begun.secrets, app=app, code=code, redirect_uri=REDIRECT, client=client
    )
    assert [one.account.handle for one in grant.accounts] == ["@maren", "@maren-shop"]
    assert [one.name for one in grant.refused] == ["Maren Archive", "Maren Fans"]
    assert "not ticked" in grant.refused[0].reason
    for one in grant.accounts:
        kept = store.get(KEY, "token", one.credentials["access"])
        assert kept["scope"] == "page", "never the person's own token"
        assert set(one.credentials) == {"access"}
        assert one.expires_at is None
        assert one.credentials["access"] not in repr(receipt)
    assert provider.refresh(grant.accounts[0].credentials, client, app=app, host="") is None


def test_a_persons_token_may_not_post(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    simulator: Any = networks.sandbox.simulators[KEY]  # type: ignore[union-attr]
    personal = simulator.desk.issue("maren", "pages_show_list", ttl=3600)["access_token"]
    ctx = context(replace(page, credentials={"access": personal}), client, "As myself")
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.SCOPE_MISSING


# --- Publishing ----------------------------------------------------------------------------------


def test_text_link_photo_and_photos(
    networks: Networks, client: GuardedClient, page: Connected, files: Files, store: Any
) -> None:
    contents = {
        "text": Content("Words #tag"),
        "link": Content("See", link="https://example.com/a"),
        "photo": Content("One", (files.image("Alone"),)),
        "photos": Content("Three", tuple(files.image(f"No {n}") for n in range(3))),
    }
    posts = {}
    for name, content in contents.items():
        ctx = context(page, client, content)
        run(provider, ctx)
        posts[name] = store.post(KEY, ctx.handles["remote_id"])
        assert client.get(ctx.handles["permalink"]).status_code == 200
    assert posts["link"]["link"] == "https://example.com/a"
    assert [one["alt"] for one in posts["photo"]["media"]] == ["Alone"]
    assert [one["alt"] for one in posts["photos"]["media"]] == ["No 0", "No 1", "No 2"]
    assert networks.posts(KEY) == 4


def test_a_place_goes_along_with_words_and_photos(
    networks: Networks, client: GuardedClient, page: Connected, files: Files, store: Any
) -> None:
    for number, media in enumerate(((), (files.image(),), (files.image(), files.image("Two")))):
        content = Content(f"At the harbour, {number}", media, options={"place": " 7640348500 "})
        assert not [i for i in provider.validate(content, page.account) if i.level == "error"]
        ctx = context(page, client, content)
        run(provider, ctx)
        assert store.post(KEY, ctx.handles["remote_id"])["place"] == "7640348500"


def test_a_place_that_is_none_is_found_before_or_refused(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    content = Content("Somewhere", options={"place": "the harbour"})
    found = [one.code for one in provider.validate(content, page.account)]
    assert found == ["option.place"]
    for place in ("the harbour", "40400"):
        with pytest.raises(ProviderError) as caught:
            run(provider, context(page, client, Content("There", options={"place": place})))
        assert caught.value.kind is ErrorKind.VALIDATION
    assert networks.posts(KEY) == 0


def test_a_link_that_is_no_address_is_found_before(
    networks: Networks, client: GuardedClient, page: Connected, files: Files
) -> None:
    wrong = Content("See", link="not an address")
    assert [one.code for one in provider.validate(wrong, page.account)] == ["link.address"]
    with pytest.raises(ProviderError) as caught:
        run(provider, context(page, client, wrong))
    assert (caught.value.kind, caught.value.field) == (ErrorKind.VALIDATION, "link")
    beside = Content("See", (files.image(),), link="https://example.com/a")
    assert [one.code for one in provider.validate(beside, page.account)] == ["link.not_shown"]


def test_photos_are_uploaded_once_each_whatever_happens_between(
    networks: Networks,
    client: GuardedClient,
    page: Connected,
    files: Files,
    receipt: list[Exchange],
) -> None:
    stored: dict[str, str] = {}
    content = Content("Three", tuple(files.image(f"{n}") for n in range(3)))
    networks.control(KEY, scenario="error_before_accept", point="upload", nth=2)
    first = context(page, client, content, stored=stored)
    with pytest.raises(ProviderError) as caught:
        run(provider, first)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    assert set(stored) == {"photo.0"}
    networks.control(KEY, scenario="success")
    run(provider, context(page, client, content, stored=stored))
    uploads = [one for one in receipt if one.url.endswith("/photos") and one.status == 200]
    assert len(uploads) == 3
    assert networks.posts(KEY) == 1


def test_a_video_goes_out_in_pieces_and_a_lost_answer_costs_none(
    networks: Networks,
    client: GuardedClient,
    page: Connected,
    files: Files,
    store: Any,
    receipt: list[Exchange],
) -> None:
    stored: dict[str, str] = {}
    content = Content("About it", (files.video(width=1920, height=1080),), title="A film")
    networks.control(KEY, scenario="accept_then_drop", point="upload", nth=2)
    first = context(page, client, content, stored=stored)
    with pytest.raises(ProviderError):
        run(provider, first)
    networks.control(KEY, scenario="success")
    again = context(page, client, content, stored=stored)
    run(provider, again)
    post = store.post(KEY, again.handles["remote_id"])
    assert (post["kind"], post["title"], post["text"]) == ("video", "A film", "About it")
    assert store.blob(KEY, post["media"][0]["blob"])[1] == MP4
    begun = [one for one in receipt if "upload_phase=start" in one.request]
    assert len(begun) == 1
    assert networks.posts(KEY) == 1


@pytest.mark.parametrize(("shape", "size"), [("video", 300_000), ("reel", 9_000_000)])
def test_a_long_video_is_never_held_whole(
    networks: Networks,
    client: GuardedClient,
    page: Connected,
    files: Files,
    store: Any,
    shape: str,
    size: int,
) -> None:
    ctx = context(page, client, Content("Long", (files.long_video(size),), format=shape))
    run(provider, ctx)
    (kept,) = store.post(KEY, ctx.handles["remote_id"])["media"]
    assert len(store.blob(KEY, kept["blob"])[1]) == size


def test_a_reel_goes_on_where_it_was_cut_off_and_is_out_when_facebook_says_so(
    networks: Networks, client: GuardedClient, page: Connected, files: Files, store: Any
) -> None:
    stored: dict[str, str] = {}
    content = Content("Dance", (files.video(),), format="reel")
    assert provider.validate(content, page.account) == []
    networks.control(KEY, scenario="error_before_accept", point="upload")
    with pytest.raises(ProviderError):
        run(provider, context(page, client, content, stored=stored))
    store.put_blob(KEY, f"upload:{stored['video']}", "application/octet-stream", MP4[:999])
    networks.control(KEY, scenario="slow_processing", seconds=60)
    ctx = context(page, client, content, stored=stored)
    run(provider, ctx, until="confirm")
    assert "remote_id" not in ctx.handles
    assert isinstance(provider.run_stage("confirm", ctx), Wait)
    networks.control(KEY, scenario="success", clock_offset=120)
    run(provider, ctx)
    post = store.post(KEY, ctx.handles["remote_id"])
    assert post["kind"] == "reel"
    assert store.blob(KEY, post["media"][0]["blob"])[1] == MP4
    assert networks.posts(KEY) == 1


def test_a_reel_that_facebook_cannot_process_fails_with_its_reason(
    networks: Networks, client: GuardedClient, page: Connected, files: Files
) -> None:
    networks.control(KEY, scenario="container_error")
    ctx = context(page, client, Content("Broken", (files.video(),), format="reel"))
    with pytest.raises(ProviderError) as caught:
        run(provider, ctx)
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert "codec" in caught.value.message
    assert "remote_id" not in ctx.handles
    assert networks.posts(KEY) == 0
    networks.control(KEY, scenario="success")
    run(provider, ctx)  # a person tries again
    assert networks.posts(KEY) == 1


def test_a_reel_that_was_accepted_long_ago_is_never_called_failed(
    networks: Networks, client: GuardedClient, page: Connected, files: Files
) -> None:
    networks.control(KEY, scenario="slow_processing", seconds=90_000)
    ctx = context(page, client, Content("Slow", (files.video(),), format="reel"))
    run(provider, ctx, until="confirm")
    assert isinstance(provider.run_stage("confirm", ctx), Wait)
    ctx.handles["finished"] = (datetime.now(UTC) - timedelta(minutes=31)).isoformat()
    run(provider, ctx)
    assert ctx.handles["remote_id"] == ctx.handles["video"]
    assert networks.posts(KEY) == 1


def test_stories_of_both_kinds(
    networks: Networks, client: GuardedClient, page: Connected, files: Files, store: Any
) -> None:
    for item in (files.image("", width=1080, height=1920), files.video()):
        ctx = context(page, client, Content("", (item,), format="story"))
        assert [one.level for one in provider.validate(ctx.content)] in ([], ["warning"])
        run(provider, ctx)
        assert store.post(KEY, ctx.handles["remote_id"])["kind"] == "story"
        assert client.get(ctx.handles["permalink"]).status_code == 200


def test_a_first_comment_stands_below_its_post(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    post, comment = publish_all(
        provider, page, client, Content("Above", first_comment="Below: https://example.com")
    )
    seen = client.get(post.handles["permalink"]).text
    assert seen.index("Above") < seen.index("Below")
    assert comment.handles["permalink"]
    assert networks.posts(KEY) == 2


# --- After a lost answer -------------------------------------------------------------------------


def contents(files: Files) -> dict[str, Content]:
    return {
        "text": Content("Only once"),
        "photo": Content("Only once", (files.image(),)),
        "photos": Content("Only once", (files.image("a"), files.image("b"))),
        "video": Content("Only once", (files.video(width=1920, height=1080),)),
        "reel": Content("Only once", (files.video(),), format="reel"),
        "photo story": Content("", (files.image(),), format="story"),
        "video story": Content("", (files.video(),), format="story"),
    }


@pytest.mark.parametrize(
    ("fault", "is_out"),
    [("accept_then_drop", True), ("error_after_accept", True), ("error_before_accept", False)],
)
@pytest.mark.parametrize(
    "name", ["text", "photo", "photos", "video", "reel", "photo story", "video story"]
)
def test_every_kind_of_post_is_found_again_or_known_to_be_missing(
    networks: Networks,
    client: GuardedClient,
    page: Connected,
    files: Files,
    name: str,
    fault: str,
    is_out: bool,
) -> None:
    ctx = context(page, client, contents(files)[name])
    run(provider, ctx, until="submit")
    assert isinstance(provider.reconcile(ctx), NotFound)
    networks.control(KEY, scenario=fault)
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("submit", ctx)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    found = provider.reconcile(ctx)
    assert networks.posts(KEY) == int(is_out)
    assert isinstance(found, Found if is_out else NotFound)
    if not is_out:
        run(provider, ctx)
        assert networks.posts(KEY) == 1


def test_equal_texts_are_told_apart_and_an_unreadable_page_is_said_to_be(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    one = context(page, client, "Good morning")
    run(provider, one)
    claimed = {one.handles["remote_id"]}
    two = context(page, client, "Good morning", is_claimed=claimed.__contains__)
    assert isinstance(provider.reconcile(two), NotFound)
    networks.control(KEY, scenario="unreadable")
    assert isinstance(provider.reconcile(two), Unreadable)


def test_an_equal_post_of_an_hour_ago_is_not_taken_for_this_one(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    networks.control(KEY, scenario="success", clock_offset=-3600)
    run(provider, context(page, client, "Every day"))
    networks.control(KEY, scenario="success")
    assert isinstance(provider.reconcile(context(page, client, "Every day")), NotFound)
    late = context(page, client, "Every day", started_at=datetime.now(UTC) - timedelta(hours=1))
    assert isinstance(provider.reconcile(late), Found)


def test_a_lost_comment_is_found_and_somebody_elses_is_not_taken(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    root = context(page, client, "Above")
    run(provider, root)
    other = sign_in(provider, networks, client, "kestrel")
    same = context(other, client, "First", role="comment", root=root.handles)
    run(provider, same)
    mine = context(page, client, "First", role="comment", root=root.handles)
    assert isinstance(provider.reconcile(mine), NotFound)
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        run(provider, mine)
    networks.control(KEY, scenario="success")
    found = provider.reconcile(mine)
    assert isinstance(found, Found)
    assert found.remote_id != same.handles["remote_id"]


def test_a_doubt_older_than_many_posts_reads_on(
    networks: Networks, client: GuardedClient, page: Connected
) -> None:
    ctx = context(page, client, "Long ago")
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        run(provider, ctx)
    networks.control(KEY, scenario="success")
    for number in range(60):
        run(provider, context(page, client, f"Newer {number}"))
    assert isinstance(provider.reconcile(ctx), Found)


# --- Quotas and allowances -----------------------------------------------------------------------


def test_thirty_reels_a_day(
    networks: Networks, client: GuardedClient, page: Connected, files: Files
) -> None:
    (rule,) = provider.capabilities.quotas
    assert (rule.limit, rule.seconds, rule.formats) == (30, 86400, ("reel",))
    for number in range(30):
        run(
            provider,
            context(page, client, Content(f"Reel {number}", (files.video(),), format="reel")),
        )
    with pytest.raises(ProviderError) as caught:
        run(provider, context(page, client, Content("31", (files.video(),), format="reel")))
    assert caught.value.kind is ErrorKind.RATE_LIMITED
    assert caught.value.retry_at is not None


def test_a_filling_allowance_slows_down_and_a_full_one_stops(
    networks: Networks, client: GuardedClient, page: Connected, files: Files
) -> None:
    simulator: Any = networks.sandbox.simulators[KEY]  # type: ignore[union-attr]
    real = type(simulator)._usage_headers
    content = Content("Two", (files.image("a"), files.image("b")))
    try:
        type(simulator)._usage_headers = lambda self, percent, minutes: real(self, 90, 0)
        ctx = context(page, client, content)
        step = provider.run_stage("upload", ctx)
        assert isinstance(step, Wait)
        assert step.seconds == 33
        type(simulator)._usage_headers = lambda self, percent, minutes: real(self, 100, 7)
        api = provider.api(page.credentials, page.account.host, client)
        api.get(page.account.remote_id, fields="id")
        with pytest.raises(ProviderError) as caught:
            api.get(page.account.remote_id, fields="id")
    finally:
        type(simulator)._usage_headers = real
    assert caught.value.kind is ErrorKind.RATE_LIMITED
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > datetime.now(UTC) + timedelta(minutes=6)


@pytest.mark.parametrize("value", ["", "nonsense", "[]", "7", '{"1": [3]}', '{"call_count": "x"}'])
def test_headers_that_make_no_sense_are_no_usage(value: str) -> None:
    usage = read_usage({"x-app-usage": value, "x-business-use-case-usage": value})
    assert (usage.percent, usage.full, usage.pause) == (0, False, 0)


# --- Numbers, shapes, errors ---------------------------------------------------------------------


def test_impressions_are_dated_and_a_dead_name_spoils_only_itself(
    networks: Networks, client: GuardedClient, page: Connected, files: Files
) -> None:
    before = {m.name for m in provider.capabilities.live_metrics(date(2026, 6, 15))}
    after = {m.name for m in provider.capabilities.live_metrics(date(2026, 6, 16))}
    assert before - after == {"impressions", "impressions_unique"}
    post = context(page, client, "Count me")
    reel = context(page, client, Content("Watch me", (files.video(),), format="reel"))
    for ctx in (post, reel):
        run(provider, ctx)
    mine, film = post.handles["remote_id"], reel.handles["remote_id"]
    networks.control(KEY, scenario="dead_metric", clock_offset=3600)
    gone = f"{page.account.remote_id}_1"
    numbers = provider.metrics(page.credentials, page.account, [mine, film, gone], client)
    assert set(numbers) == {mine, film}
    assert set(numbers[mine]) == {"views", "reach", "likes", "comments", "shares"}
    assert numbers[mine]["views"] > 0
    assert set(numbers[film]) == {"views", "likes", "comments"}


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_the_simulator_answers_in_the_recorded_shapes(
    networks: Networks, client: GuardedClient, page: Connected, files: Files, name: str
) -> None:
    recorded = json.loads((FIXTURES / f"{name}.json").read_text())
    post = context(page, client, "For the shapes")
    reel = context(page, client, Content("Reel", (files.video(),), format="reel"))
    for ctx in (post, reel):
        run(provider, ctx)
    words = {
        "page": page.account.remote_id,
        "post": post.handles["remote_id"],
        "video": reel.handles["video"],
    }
    request = recorded["request"]
    personal = request.get("as") == "person"
    token = "sandbox-maren" if personal else page.credentials["access"]
    answer = client.request(
        request["method"],
        f"{page.account.host}/{request.get('host', 'api')}{request['path'].format(**words)}",
        headers={"Authorization": f"Bearer {token}"},
        data=request.get("form"),
    )
    assert answer.status_code == recorded["status"], answer.text
    assert shape(answer.json()) == shape(recorded["answer"])


def test_every_documented_error_has_its_meaning() -> None:
    kinds = {
        ErrorKind.AUTH_EXPIRED: [(190, 463), (190, 467)],
        ErrorKind.AUTH_REVOKED: [(190, 458), (190, 459), (190, 460), (190, 464)],
        ErrorKind.SCOPE_MISSING: [(102, 0), (10, 0), (200, 0), (283, 0), (299, 0)],
        ErrorKind.RATE_LIMITED: [
            *((code, 0) for code in (4, 17, 32, 341, 613, 80001, 80006)),
            (100, 1390008),
        ],
        ErrorKind.POLICY_BLOCKED: [
            (368, 0),
            *((1, sub) for sub in (1346003, 1404006, 4854002, 1404078, 1404102, 1404112)),
        ],
        ErrorKind.DUPLICATE: [(506, 0), (100, 1366051)],
        ErrorKind.MEDIA_INVALID: [(100, 1366046), (1, 2069019), (1, 1349125)],
        ErrorKind.VALIDATION: [(100, 0), (100, 2061006), (100, 1609008)],
        ErrorKind.TRANSIENT_SAFE: [(1, 1363047), (1, 1609010)],
        ErrorKind.AMBIGUOUS: [(1, 0), (2, 0)],
    }
    for kind, codes in kinds.items():
        for code, subcode in codes:
            body = json.dumps({"error": {"code": code, "error_subcode": subcode, "message": "m"}})
            found = from_answer(
                400, body.encode(), {}, mutating=True, network="Facebook", table=TABLE
            )
            assert found.kind is kind, (code, subcode)


def test_the_api_version_rings_sixty_days_before_its_end() -> None:
    api = provider.capabilities.api
    assert api.version == "v25.0"
    assert api.sunset_on == date(2028, 7, 29)
    assert api.days_left(date(2028, 5, 30)) == api.alarm_days
