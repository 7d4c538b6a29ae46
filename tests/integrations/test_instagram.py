"""What only Instagram has: two ways to sign in, pulled pictures, sent videos, stories, comments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.integrations.http import Exchange, GuardedClient, guarded_client
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
from apps.integrations.providers.instagram.errors import TABLE
from apps.integrations.providers.instagram.provider import provider
from apps.integrations.providers.instagram.simulated_rules import check_fields
from apps.integrations.providers.meta.errors import from_answer
from apps.integrations.providers.meta.simulated import Refused
from apps.integrations.providers.oauth import Token
from tests.support.networks import Networks
from tests.support.publishing import (
    MP4,
    Files,
    context,
    jpeg,
    media_files,
    publish_all,
    run,
    sandbox_app,
    shape,
    sign_in,
)

FIXTURES = provider.folder / "fixtures"
KEY = "instagram"
REDIRECT = "https://candy.test/connect/instagram/callback"


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


@pytest.fixture
def store(networks: Networks) -> Any:
    return networks.sandbox.store  # type: ignore[union-attr]


# --- Signing in ----------------------------------------------------------------------------------


def consent(client: GuardedClient, url: str, login: str = "maren") -> str:
    """What the person's browser does: the page, a tick, back with a code."""
    assert login in client.get(url).text
    head, _, query = url.partition("?")
    approve = f"{head.rpartition('/')[0]}/approve?{query}&login={login}"
    answer = client.get(approve, follow_redirects=False)
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def test_instagram_login_ends_with_a_token_of_sixty_days(
    networks: Networks, client: GuardedClient, receipt: list[Exchange]
) -> None:
    app = sandbox_app(networks, provider)
    begun = provider.start_oauth({}, app=app, redirect_uri=REDIRECT, state="s", client=client)
    assert "/web/oauth/authorize?" in begun.authorize_url
    code = consent(client, begun.authorize_url)
    grant = provider.finish_oauth(
        begun.secrets, app=app, code=code, redirect_uri=REDIRECT, client=client
    )
    (one,) = grant.accounts
    assert one.account.handle == "@maren"
    assert one.account.limits["account_type"] == "BUSINESS"
    assert one.account.limits["quotas"]["posts"]["limit"] == 100
    assert one.expires_at is not None
    assert one.expires_at - datetime.now(UTC) > timedelta(days=59)
    assert one.credentials["access"] not in repr(receipt)
    fresh = provider.refresh(one.credentials, client, app=app, host=one.account.host)
    assert fresh is not None
    assert fresh.credentials["access"] != one.credentials["access"]


def test_facebook_login_offers_the_linked_accounts_and_names_the_rest(
    networks: Networks, client: GuardedClient, files: Files
) -> None:
    app = sandbox_app(networks, provider, login="facebook")
    begun = provider.start_oauth({}, app=app, redirect_uri=REDIRECT, state="s", client=client)
    assert f"/dialog/{provider.capabilities.api.version}/dialog/oauth?" in begun.authorize_url
    code = consent(client, begun.authorize_url)
    grant = provider.finish_oauth(
        begun.secrets, app=app, code=code, redirect_uri=REDIRECT, client=client
    )
    (one,) = grant.accounts
    assert one.account.handle == "@maren"
    assert one.expires_at is None
    assert [refused.name for refused in grant.refused] == [
        "Maren without Instagram",
        "Maren not ticked",
    ]
    assert provider.verify(one.credentials, one.account, client) == one.account
    assert provider.refresh(one.credentials, client, app=app, host=one.account.host) is None
    run(provider, context(one, client, Content("By a page's token", (files.image(),))))
    assert networks.posts(KEY) == 1


# --- Publishing ----------------------------------------------------------------------------------


def test_a_picture_is_fetched_and_shown_with_its_description(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, store: Any
) -> None:
    item = files.image("A red square", width=1080, height=1350)
    ctx = context(me, client, Content("Hello #art", (item,)))
    assert provider.stages_for(ctx.content) == ("container", "submit", "permalink")
    run(provider, ctx)
    assert len(files.site.hits) == 1
    page = client.get(ctx.handles["permalink"]).text
    assert 'alt="A red square"' in page
    (kept,) = store.post(KEY, ctx.handles["remote_id"])["media"]
    assert store.blob(KEY, kept["blob"])[1] == item.read()


def test_a_reel_is_sent_as_bytes_with_cover_and_choices(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, store: Any
) -> None:
    video = replace(files.video(), cover=files.image("", width=1080, height=1350))
    options = {"share_to_feed": False, "collaborators": "@kestrel, newsdesk", "location_id": "77"}
    ctx = context(me, client, Content("Moving", (video,), options=options))
    run(provider, ctx)
    post = store.post(KEY, ctx.handles["remote_id"])
    assert post["product"] == "REELS"
    assert store.blob(KEY, post["media"][0]["blob"])[1] == MP4
    assert post["media"][0]["cover"]
    assert post["options"]["share_to_feed"] == "false"
    assert json.loads(post["options"]["collaborators"]) == ["kestrel", "newsdesk"]
    assert len(files.site.hits) == 1, "the cover only; the video was sent"


def tagged(typed: str, *media: MediaItem) -> Content:
    return Content("Look who is here", media, options={"user_tags": typed})


def test_people_are_tagged_where_they_stand(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, store: Any
) -> None:
    one, two, film = files.image("One"), files.image("Two"), files.video()
    typed = "@Kestrel 30 70, newsdesk, 2: maren.b 0 100"
    wholes = {
        "carousel": (tagged(typed, one, two), [2, 1]),
        "image": (tagged("kestrel", one), [1]),
        "reel": (tagged("kestrel, newsdesk", film), [2]),
    }
    kept = {}
    for key, (content, counts) in wholes.items():
        assert not [i for i in provider.validate(content, me.account) if i.level == "error"]
        ctx = context(me, client, content)
        run(provider, ctx)
        kept[key] = [m["people"] for m in store.post(KEY, ctx.handles["remote_id"])["media"]]
        assert [len(people) for people in kept[key]] == counts
    first, second = kept["carousel"]
    assert first[0] == {"username": "kestrel", "x": 0.3, "y": 0.7}
    assert (first[1]["username"], first[1]["y"]) == ("newsdesk", 0.5)
    assert second == [{"username": "maren.b", "x": 0.0, "y": 1.0}]
    assert kept["image"] == [[{"username": "kestrel", "x": 0.5, "y": 0.5}]]
    assert kept["reel"] == [[{"username": "kestrel"}, {"username": "newsdesk"}]]


@pytest.mark.parametrize(
    "typed",
    [
        "a b",
        "kestrel 101 50",
        "kestrel 30",
        "2:kestrel",
        "0:kestrel",
        "kestrel, @Kestrel 20 20",
        ",".join(f"person{n}" for n in range(21)),
    ],
)
def test_people_who_cannot_be_tagged_are_found_before(
    me: Connected, files: Files, typed: str
) -> None:
    found = provider.validate(tagged(typed, files.image("One")), me.account)
    assert "option.user_tags" in [one.code for one in found if one.level == "error"]


def test_people_in_videos_have_no_place_and_in_a_carousels_videos_none_can_be(
    me: Connected, files: Files
) -> None:
    for content in (
        tagged("kestrel 10 10", files.video()),
        tagged("2:kestrel", files.image("One"), files.video()),
    ):
        found = provider.validate(content, me.account)
        assert "option.user_tags" in [one.code for one in found if one.level == "error"]


@pytest.mark.parametrize("name", ["nobody.here", "private.person"])
def test_a_person_that_instagram_cannot_tag_is_named_as_the_fault(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, name: str
) -> None:
    with pytest.raises(ProviderError) as caught:
        run(provider, context(me, client, tagged(name, files.image("One"))))
    assert (caught.value.kind, caught.value.field) == (ErrorKind.VALIDATION, "user_tags")
    assert networks.posts(KEY) == 0


@pytest.mark.parametrize(
    ("kind", "people"),
    [
        ("IMAGE", [{"username": "kestrel"}]),
        ("IMAGE", [{"username": "kestrel", "x": 30, "y": 70}]),
        ("IMAGE", [{"username": f"p{n}", "x": 0, "y": 0} for n in range(21)]),
        ("REELS", [{"username": "kestrel", "x": 0.3, "y": 0.7}]),
        ("CAROUSEL", [{"username": "kestrel", "x": 0.3, "y": 0.7}]),
    ],
)
def test_the_simulated_instagram_refuses_wrong_tags(kind: str, people: list[Any]) -> None:
    with pytest.raises(Refused):
        check_fields({"media_type": kind, "user_tags": json.dumps(people)}, "maren")


def test_a_place_is_a_number(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    content = Content("Here", (files.image("One"),), options={"location_id": "Harbour"})
    found = provider.validate(content, me.account)
    assert "option.location_id" in [one.code for one in found if one.level == "error"]
    with pytest.raises(ProviderError) as caught:
        run(provider, context(me, client, content))
    assert caught.value.kind is ErrorKind.VALIDATION


def test_a_long_reel_is_never_held_whole(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, store: Any
) -> None:
    video = files.long_video()
    ctx = context(me, client, Content("Long", (video,)))
    run(provider, ctx)
    (kept,) = store.post(KEY, ctx.handles["remote_id"])["media"]
    assert len(store.blob(KEY, kept["blob"])[1]) == video.size > 8 * 1024 * 1024


def test_an_upload_that_was_cut_off_goes_on_where_it_stopped(
    networks: Networks,
    client: GuardedClient,
    me: Connected,
    files: Files,
    receipt: list[Exchange],
    store: Any,
) -> None:
    stored: dict[str, str] = {}
    video = files.video()
    ctx = context(me, client, Content("Resumed", (video,)), stored=stored)
    networks.control(KEY, scenario="error_before_accept", point="upload", nth=1)
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("container", ctx)
    assert caught.value.kind is ErrorKind.TRANSIENT_SAFE
    networks.control(KEY, scenario="success")
    half = len(MP4) // 2
    container = ctx.handles["container"]
    store.put_blob(KEY, f"upload:{container}", "application/octet-stream", MP4[:half])
    again = context(me, client, Content("Resumed", (video,)), stored=stored)
    run(provider, again)
    post = store.post(KEY, again.handles["remote_id"])
    assert store.blob(KEY, post["media"][0]["blob"])[1] == MP4
    assert again.handles["container"] == container


def test_an_upload_that_arrived_whole_is_not_sent_again(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, receipt: list[Exchange]
) -> None:
    ctx = context(me, client, Content("Whole", (files.video(),)))
    networks.control(KEY, scenario="accept_then_drop", point="upload", nth=1)
    with pytest.raises(ProviderError):
        provider.run_stage("container", ctx)
    networks.control(KEY, scenario="success")
    run(provider, ctx)
    sent = [one for one in receipt if "ig-api-upload" in one.url]
    assert len(sent) == 1
    assert networks.posts(KEY) == 1


def test_a_carousel_mixes_and_awaits_each_child(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, store: Any
) -> None:
    networks.control(KEY, scenario="slow_processing", seconds=30)
    media = (files.image("One"), files.video(), files.image("Three"))
    ctx = context(me, client, Content("Three", media))
    assert provider.stages_for(ctx.content)[:2] == ("upload", "container")
    assert isinstance(provider.run_stage("upload", ctx), Wait)
    assert {"item.0", "item.1", "item.2"} <= set(ctx.handles)
    assert "container" not in ctx.handles
    networks.control(KEY, scenario="success", clock_offset=60)
    run(provider, ctx)
    post = store.post(KEY, ctx.handles["remote_id"])
    assert [one["kind"] for one in post["media"]] == ["image", "video", "image"]
    assert post["media_type"] == "CAROUSEL_ALBUM"


def test_stories_are_for_business_accounts(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, store: Any
) -> None:
    for item in (files.image("", width=1080, height=1920), files.video()):
        ctx = context(me, client, Content("", (item,), format="story"))
        assert provider.validate(ctx.content, me.account) == []
        run(provider, ctx)
        assert store.post(KEY, ctx.handles["remote_id"])["product"] == "STORY"
    creator = sign_in(provider, networks, client, "creator-maren")
    story = Content("", (files.image(),), format="story")
    assert "format.account" in [one.code for one in provider.validate(story, creator.account)]


def test_the_first_comment_follows_and_comments_can_be_turned_off(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, store: Any
) -> None:
    content = Content("Look", (files.image(),), first_comment="#one #two")
    post, comment = publish_all(provider, me, client, content)
    assert comment.handles["permalink"] == post.handles["permalink"]
    assert "#one" in client.get(post.handles["permalink"]).text
    quiet = context(me, client, Content("Quiet", (files.image(),), options={"comments_off": True}))
    run(provider, quiet)
    assert store.post(KEY, quiet.handles["remote_id"])["comments"] is False


@pytest.mark.parametrize("fault", ["accept_then_drop", "error_after_accept"])
def test_a_lost_comment_is_found_again_and_not_said_twice(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, fault: str
) -> None:
    root = context(me, client, Content("Look", (files.image(),)))
    run(provider, root)
    comment = context(me, client, "First!", role="comment", root=root.handles, parent=root.handles)
    assert isinstance(provider.reconcile(comment), NotFound)
    networks.control(KEY, scenario=fault)
    with pytest.raises(ProviderError) as caught:
        run(provider, comment)
    assert caught.value.kind is ErrorKind.AMBIGUOUS
    networks.control(KEY, scenario="success")
    assert isinstance(provider.reconcile(comment), Found)
    assert networks.posts(KEY) == 2


def test_a_published_container_is_adopted_also_where_captions_repeat(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    first = context(me, client, Content("Same", (files.image(),)))
    run(provider, first)
    claimed = {first.handles["remote_id"]}
    second = context(me, client, Content("Same", (files.image(),)), is_claimed=claimed.__contains__)
    run(provider, second, until="submit")
    assert isinstance(provider.reconcile(second), NotFound)
    networks.control(KEY, scenario="accept_then_drop")
    with pytest.raises(ProviderError):
        provider.run_stage("submit", second)
    networks.control(KEY, scenario="success")
    found = provider.reconcile(second)
    assert isinstance(found, Found)
    assert found.remote_id not in claimed
    assert networks.posts(KEY) == 2


@pytest.mark.parametrize(("block", "is_out"), [("live", True), ("held", False)])
def test_a_spam_block_is_a_doubt_and_never_sent_again(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, block: str, is_out: bool
) -> None:
    simulator: Any = networks.sandbox.simulators[KEY]  # type: ignore[union-attr]
    simulator.spam["maren"] = block
    ctx = context(me, client, Content("Buy now", (files.image(),)))
    try:
        if is_out:
            run(provider, ctx)
        else:
            with pytest.raises(ProviderError) as caught:
                run(provider, ctx)
            assert caught.value.kind is ErrorKind.AMBIGUOUS
            assert isinstance(provider.reconcile(ctx), Unreadable)
    finally:
        simulator.spam.clear()
    assert networks.posts(KEY) == int(is_out)


def test_an_expired_container_is_made_anew_at_the_last_step(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    ctx = context(me, client, Content("Late", (files.image(),)))
    run(provider, ctx, until="submit")
    old = ctx.handles["container"]
    networks.control(KEY, scenario="success", clock_offset=25 * 3600)
    run(provider, ctx)
    assert ctx.handles["container"] != old
    assert networks.posts(KEY) == 1


def test_the_token_may_end_while_a_reel_is_processed(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    ctx = context(me, client, Content("Ends", (files.video(),)))
    networks.control(KEY, scenario="expire_polling")
    with pytest.raises(ProviderError) as caught:
        provider.run_stage("container", ctx)
    assert caught.value.kind is ErrorKind.AUTH_EXPIRED
    networks.control(KEY, scenario="success")
    kept = ctx.handles["container"]
    run(provider, ctx)
    assert ctx.handles["container"] == kept
    assert networks.posts(KEY) == 1


def test_a_full_quota_waits_and_says_so_before(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    networks.control(KEY, scenario="quota_full")
    seen = provider.verify(me.credentials, me.account, client).limits["quotas"]["posts"]
    assert seen["used"] == seen["limit"]
    with pytest.raises(ProviderError) as caught:
        run(provider, context(me, client, Content("x", (files.image(),))))
    assert caught.value.kind is ErrorKind.QUOTA_EXHAUSTED
    assert caught.value.retry_at is not None


def test_containers_count_against_their_own_limit(
    client: GuardedClient, me: Connected, files: Files, receipt: list[Exchange]
) -> None:
    run(provider, context(me, client, Content("x", (files.image(), files.image()))))
    groups = [provider.endpoint_of(one.method, one.url) for one in receipt]
    assert groups.count("containers") == 3
    assert {rule.endpoint for rule in provider.capabilities.rates} == {"all", "containers"}


def test_without_a_quota_total_fifty_stands_in() -> None:
    from apps.integrations.providers.meta.login import quota

    read = quota({"data": [{"quota_usage": 2}]}, "", provider.capabilities.quotas[0].limit)
    assert read == {"used": 2, "limit": 50, "seconds": 86400}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"width": 300, "height": 900}, "media.ratio"),
        ({"width": 1200, "height": 400}, "media.ratio"),
    ],
)
def test_what_instagram_refuses_is_found_before(
    networks: Networks,
    client: GuardedClient,
    me: Connected,
    files: Files,
    change: dict[str, int],
    code: str,
) -> None:
    content = Content("x", (files.image("y", **change),))
    errors = [one.code for one in provider.validate(content, me.account) if one.level == "error"]
    assert errors == [code]
    with pytest.raises(ProviderError) as caught:
        run(provider, context(me, client, content))
    assert caught.value.kind is ErrorKind.MEDIA_INVALID


def test_captions_and_kinds_are_checked(me: Connected, files: Files) -> None:
    picture = files.image("y")
    cases = {
        "text.too_long": Content("x" * 2201, (picture,)),
        "text.too_many_hashtags": Content(" ".join(f"#t{n}a" for n in range(31)), (picture,)),
        "text.too_many_mentions": Content(" ".join(f"@p{n}" for n in range(21)), (picture,)),
        "option.collaborators": Content("x", (picture,), options={"collaborators": "a,b,c,d"}),
        "media.missing": Content("words alone"),
        "media.kind": Content("x", (replace(picture, mime="image/png"),)),
        "media.too_many": Content("x", (picture,) * 11),
    }
    for code, content in cases.items():
        found = [one.code for one in provider.validate(content, me.account)]
        assert code in found, (code, found)


def test_a_png_behind_a_jpegs_name_is_refused(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    item = files.image(data=jpeg().replace(b"\xff\xd8\xff", b"\x00\x00\x00", 1))
    with pytest.raises(ProviderError) as caught:
        run(provider, context(me, client, Content("x", (item,))))
    assert caught.value.kind is ErrorKind.MEDIA_INVALID
    assert "JPEG" in caught.value.message


# --- Numbers, shapes, errors ---------------------------------------------------------------------


def test_numbers_fit_the_kind_of_post_and_a_dead_name_spoils_only_itself(
    networks: Networks, client: GuardedClient, me: Connected, files: Files
) -> None:
    picture = context(me, client, Content("p", (files.image(),)))
    reel = context(me, client, Content("r", (files.video(),)))
    for ctx in (picture, reel):
        run(provider, ctx)
    ids = [picture.handles["remote_id"], reel.handles["remote_id"]]
    networks.control(KEY, scenario="dead_metric", clock_offset=3600)
    numbers = provider.metrics(me.credentials, me.account, [*ids, "1799"], client)
    assert set(numbers) == set(ids)
    assert "profile_visits" in numbers[ids[0]]
    assert "average_watch_ms" in numbers[ids[1]]
    assert "average_watch_ms" not in numbers[ids[0]]
    assert "saves" not in numbers[ids[0]], "the dead one"
    assert "impressions" not in numbers[ids[0]], "gone since 2025"
    assert numbers[ids[0]]["views"] > 0


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_the_simulator_answers_in_the_recorded_shapes(
    networks: Networks, client: GuardedClient, me: Connected, files: Files, name: str
) -> None:
    recorded = json.loads((FIXTURES / f"{name}.json").read_text())
    ctx = context(me, client, Content("For the shapes", (files.image(),)))
    run(provider, ctx, until="submit" if name in ("container_status", "publish") else "")
    words = {
        "user": me.account.remote_id,
        "container": ctx.handles["container"],
        "media": ctx.handles.get("remote_id", ""),
        "image": files.image().url(),
    }
    form = recorded["request"].get("form") or {}
    answer = client.request(
        recorded["request"]["method"],
        f"{me.account.host}/api{recorded['request']['path'].format(**words)}",
        headers={"Authorization": f"Bearer {me.credentials['access']}"},
        data={key: value.format(**words) for key, value in form.items()},
    )
    assert answer.status_code == recorded["status"], answer.text
    assert shape(answer.json()) == shape(recorded["answer"])


def test_every_documented_error_has_its_meaning() -> None:
    kinds = {
        ErrorKind.AUTH_EXPIRED: [(190, 463)],
        ErrorKind.AUTH_REVOKED: [(190, 458), (190, 460)],
        ErrorKind.RATE_LIMITED: [(4, 0), (80002, 0)],
        ErrorKind.QUOTA_EXHAUSTED: [(9, 2207042)],
        ErrorKind.AMBIGUOUS: [(4, 2207051)],
        ErrorKind.MEDIA_NOT_READY: [(9007, 2207027), (100, 33)],
        ErrorKind.POLICY_BLOCKED: [(100, 2207050), (100, 2207001), (368, 0)],
        ErrorKind.TRANSIENT_SAFE: [
            (-1, 2207032),
            (-1, 2207053),
            (-1, 2207082),
            (-2, 2207003),
            (9004, 2207052),
        ],
        ErrorKind.MEDIA_INVALID: [
            (352, 2207026),
            (36003, 2207009),
            (36001, 2207005),
            (100, 2207004),
            (100, 2207028),
        ],
        ErrorKind.VALIDATION: [
            (100, 2207010),
            (100, 2207023),
            (-2, 2207020),
            (100, 2207081),
            (100, 2207057),
            (100, 2207037),
        ],
    }
    for kind, codes in kinds.items():
        for code, subcode in codes:
            body = json.dumps({"error": {"code": code, "error_subcode": subcode, "message": "m"}})
            found = from_answer(
                400, body.encode(), {}, mutating=True, network="Instagram", table=TABLE
            )
            assert found.kind is kind, (code, subcode)


def test_a_used_up_allowance_says_when_it_comes_back() -> None:
    case = {"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 42}
    headers = {"x-business-use-case-usage": json.dumps({"1": [case]})}
    body = json.dumps({"error": {"code": 80002, "message": "slow down"}}).encode()
    found = from_answer(400, body, headers, mutating=True, network="Instagram", table=TABLE)
    assert found.kind is ErrorKind.RATE_LIMITED
    assert found.retry_at is not None
    wait = found.retry_at - datetime.now(UTC)
    assert timedelta(minutes=41) < wait <= timedelta(minutes=42)


def test_a_wrong_app_is_named_as_the_mistake(networks: Networks, client: GuardedClient) -> None:
    app = replace(sandbox_app(networks, provider), client_secret="wrong")
    token = Token(access_token="sandbox-maren")
    with pytest.raises(ProviderError) as caught:
        provider.accounts(token, app=app, host=app.base, client=client)
    assert caught.value.field == "client_id"
