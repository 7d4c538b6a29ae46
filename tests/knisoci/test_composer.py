"""The composer's form: formats, threads, polls, files and prices, and that nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from PIL import Image

from apps.integrations.models import Connection
from apps.integrations.providers import all_publishers
from apps.knisoci import queries
from apps.knisoci.models import Channel, Post, Variant
from apps.knisoci.services import channels, posts
from apps.knisoci.templatetags.knisoci import dollars, worded
from apps.knisoci.web import drafts, parsing, present, previews, shaping, sheets
from apps.media.services import assets
from apps.workspaces.types import Actor
from tests.knisoci.test_pages import BASE, Signed, client_for

__all__ = ["client_for"]  # a fixture


def image(colour: str = "red", size: tuple[int, int] = (400, 300)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def on(actor: Actor, network: Any) -> Callable[[str], Channel]:
    """A channel on network `key`, which nobody asks anything."""

    def made(key: str, **limits: Any) -> Channel:
        row = Connection.objects.create(
            provider=key, host="https://x.example", remote_id=key, handle="@m", limits=limits
        )
        return channels.add(actor=actor, connection=row, name=key.title())

    return made


@pytest.fixture
def asset(actor: Actor, network: Any) -> Any:
    return assets.upload(actor=actor, file=image(), name="tart.jpg", alt_text="A tart")[0]


def parsed(**fields: Any) -> sheets.DraftForm:
    data = QueryDict(mutable=True)
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        data.setlist(name.replace("__", "-"), [str(one) for one in values])
    return parsing.parse(data, list(queries.channels()))


def test_a_thread_with_a_poll_and_an_option_is_stored_and_comes_back(
    on: Callable[..., Channel], actor: Actor, asset: Any
) -> None:
    channel = on("x")
    key = str(channel.pk)
    form = parsed(
        channel=key,
        text="Which one?",
        thread=["p2", "p1"],
        **{
            "part-all-p1": "The second",
            "part-all-p2": "The first",
            "files-all-p2": asset.pk,
            "poll-on": "1",
            "answer": ["Rhubarb", " Lemon ", ""],
            "poll-minutes": "60",
            f"comment-{key}": "Ask away",
            f"option-{key}-reply_settings": "following",
        },
    )
    post = drafts.store(actor=actor, form=form)
    row = Variant.objects.get()
    assert [part["text"] for part in row.thread] == ["The first", "The second"]
    assert row.thread[0]["media"] == [str(asset.pk)]
    assert row.poll == {"options": ["Rhubarb", "Lemon"], "minutes": 60, "multiple": False}
    assert (row.first_comment, row.options) == ("Ask away", {"reply_settings": "following"})

    again = drafts.of_post(queries.composer(post.pk), list(queries.channels()))
    assert [part.text for part in again.sheet.thread] == ["The first", "The second"]
    assert again.poll.is_on
    assert again.poll.options == ("Rhubarb", "Lemon")
    assert again.lines[0].first_comment == "Ask away"
    assert not again.lines[0].is_custom


def test_a_network_without_threads_gets_the_first_part_and_says_so(
    on: Callable[..., Channel], actor: Actor
) -> None:
    threads, plain = on("x"), on("pinterest", boards=[["1", "Spring"]])
    form = parsed(channel=[threads.pk, plain.pk], text="One", thread="p1", **{"part-all-p1": "Two"})
    line = next(line for line in form.lines if line.channel == plain)
    assert line.left_out == ["Pinterest has no threads: only the first part goes there."]
    drafts.store(actor=actor, form=form)
    assert Variant.objects.get(channel=plain).thread == []
    assert len(Variant.objects.get(channel=threads).thread) == 1


def test_an_own_version_has_its_own_text_files_and_thread(
    on: Callable[..., Channel], actor: Actor, asset: Any
) -> None:
    one, other = on("x"), on("mastodon")
    key = str(one.pk)
    form = parsed(
        channel=[key, other.pk],
        text="For all",
        **{
            f"custom-{key}": "on",
            f"text-{key}": "Only on X",
            f"media-{key}": asset.pk,
            f"thread-{key}": "p1",
            f"part-{key}-p1": "And more",
        },
    )
    post = drafts.store(actor=actor, form=form)
    own, common = Variant.objects.get(channel=one), Variant.objects.get(channel=other)
    assert (own.text, own.media, len(own.thread)) == ("Only on X", [asset.pk], 1)
    assert (common.text, common.media, common.thread) == ("For all", [], [])
    again = drafts.of_post(queries.composer(post.pk), list(queries.channels()))
    custom = {line.channel.name: line.is_custom for line in again.lines}
    assert sorted(custom.values()) == [False, True]


def test_a_channel_may_stay_out_of_the_poll(on: Callable[..., Channel], actor: Actor) -> None:
    one, other = on("x"), on("threads")
    form = parsed(
        channel=[one.pk, other.pk],
        text="Which?",
        answer=["A", "B"],
        **{
            "poll-on": "1",
            f"poll-{one.pk}-shown": "1",
            f"poll-{one.pk}": "1",
            f"poll-{other.pk}-shown": "1",
        },
    )
    post = drafts.store(actor=actor, form=form)
    assert Variant.objects.get(channel=one).poll is not None
    assert Variant.objects.get(channel=other).poll is None
    again = drafts.of_post(queries.composer(post.pk), list(queries.channels()))
    assert {line.channel.name: line.with_poll for line in again.lines} == {
        "X": True,
        "Threads": False,
    }


def test_the_price_counts_every_part_and_is_shown_before_scheduling(
    on: Callable[..., Channel], contributor: Any, client_for: Signed
) -> None:
    channel = on("x")
    sent = {
        "channel": str(channel.pk),
        "text": "See https://acme.example",
        "thread": "p1",
        "part-all-p1": "Without a link",
    }
    page = client_for(contributor).post(f"{BASE}/compose/save/", sent).content.decode()
    assert "$0.215" in page
    assert "Costs $0.215" in page


def test_only_kinds_of_post_that_the_files_allow_are_offered(
    on: Callable[..., Channel], asset: Any
) -> None:
    channel = on("x")
    bare = parsed(channel=channel.pk, text="Hi").lines[0]
    assert [one.key for one in bare.formats if one.is_shown] == ["text"]
    assert bare.shape_key == "text"
    line = parsed(channel=channel.pk, text="Hi", media=asset.pk).lines[0]
    assert "video" not in [one.key for one in line.formats if one.is_shown]
    assert line.shape_key == "image"
    chosen = parsed(channel=channel.pk, text="Hi", **{f"format-{channel.pk}": "video"}).lines[0]
    assert [one.key for one in chosen.formats if one.is_chosen and one.is_shown] == ["video"]


def test_an_option_that_has_no_meaning_now_is_not_sent(on: Callable[..., Channel]) -> None:
    facts = parsed(channel=on("x").pk).lines[0].facts
    hidden = facts.options[0].model_copy(update={"name": "brand", "only_if": "made_with_ai"})
    both = facts.model_copy(update={"options": (*facts.options, hidden)})
    kept = shaping.kept_options(both, {"brand": "Acme"}, "text")
    assert kept == {}
    kept = shaping.kept_options(both, {"brand": "Acme", "made_with_ai": "1"}, "text")
    assert kept == {"brand": "Acme", "made_with_ai": "1"}


def test_choices_of_an_account_are_offered_and_required_ones_are_not_preselected(
    on: Callable[..., Channel], contributor: Any, client_for: Signed
) -> None:
    channel = on("pinterest", boards=[["b7", "Spring cakes"]])
    page = client_for(contributor).get(f"{BASE}/compose/").content.decode()
    assert '<option value="b7"' in page
    assert "Spring cakes" in page
    assert "Choose…" in page
    line = parsed(channel=channel.pk, text="Hi").lines[0]
    board = next(one for one in line.choices if one.option.choices_from)
    assert board.is_early
    assert not board.value


@pytest.mark.parametrize(
    "hostile",
    [
        {"thread": ["../x", "<b>", "p1"], "part-all-p1": "fine"},
        {"media": ["not-an-id", "'; drop"]},
        {"poll-on": "1", "poll-minutes": "-5", "answer": ["A"] * 500},
        {"poll-on": "1", "poll-minutes": "9" * 30, "answer": ["A", "B"]},
        {"thread": [f"p{n}" for n in range(500)]},
        {"format-x": "nonsense", "text": "\x00 hidden"},
    ],
)
def test_what_no_browser_sends_breaks_nothing(
    hostile: dict[str, Any], on: Callable[..., Channel], contributor: Any, client_for: Signed
) -> None:
    channel = on("x")
    sent = {"channel": str(channel.pk), "text": "Hello", **hostile}
    answer = client_for(contributor).post(f"{BASE}/compose/save/", sent)
    assert answer.status_code in (200, 422)
    assert Post.objects.count() <= 1


def test_a_refused_save_says_why_and_keeps_no_half(
    on: Callable[..., Channel], contributor: Any, client_for: Signed
) -> None:
    channel = on("x")
    sent = {"channel": str(channel.pk), "text": "Hi", "title": "x" * 201}
    answer = client_for(contributor).post(f"{BASE}/compose/save/", sent)
    assert answer.status_code == 422
    assert "at most 200" in answer.content.decode()
    assert Post.objects.count() == 0


def test_a_refused_time_keeps_the_draft_it_made(
    on: Callable[..., Channel], contributor: Any, client_for: Signed
) -> None:
    channel = on("mastodon")
    sent = {"channel": str(channel.pk), "text": "Hi", "when": "at", "at": "2020-01-01T10:00"}
    answer = client_for(contributor).post(f"{BASE}/compose/schedule/", sent)
    assert answer.status_code == 422
    assert f'value="{Post.objects.get().pk}"' in answer.content.decode()


def test_a_file_of_the_library_becomes_a_tile_of_the_field_that_asked(
    on: Callable[..., Channel],
    actor: Actor,
    contributor: Any,
    viewer: Any,
    client_for: Signed,
) -> None:
    on("x")
    row, _ = assets.upload(actor=actor, file=image("blue"), name="cake.jpg")
    client, added = client_for(contributor), {"id": str(row.pk)}
    tile = client.get(
        f"{BASE}/compose/tile/", {"asset": added["id"], "name": "files-all-p1"}
    ).content.decode()
    assert f'name="files-all-p1" value="{added["id"]}"' in tile
    odd = client.get(f"{BASE}/compose/tile/", {"asset": added["id"], "name": '"><script>'})
    assert 'name="media"' in odd.content.decode()
    assert "cake.jpg" in client.get(f"{BASE}/compose/library/", {"q": "cake"}).content.decode()
    assert "called that" in client.get(f"{BASE}/compose/library/", {"q": "zzz"}).content.decode()
    for path in (f"compose/tile/?asset={added['id']}", "compose/library/"):
        assert client_for(viewer).get(f"{BASE}/{path}").status_code == 403
    missing = client.get(f"{BASE}/compose/tile/", {"asset": "nope"})
    assert missing.status_code == 404


def test_an_own_version_starts_from_what_all_have(
    on: Callable[..., Channel], contributor: Any, outsider: Any, client_for: Signed
) -> None:
    channel = on("x")
    url = f"{BASE}/compose/own/{channel.pk}/"
    sent = {"channel": str(channel.pk), "text": "Common", "thread": "p1", "part-all-p1": "Two"}
    page = client_for(contributor).post(url, sent).content.decode()
    assert f'name="text-{channel.pk}"' in page
    assert "Common" in page
    assert f'name="part-{channel.pk}-p1"' in page
    assert client_for(outsider).post(url, sent).status_code in (302, 403, 404)


def test_the_composer_asks_no_more_for_more_channels(
    on: Callable[..., Channel], actor: Actor, owner: Any, asset: Any, client_for: Signed
) -> None:
    client = client_for(owner)
    counts = []
    for keys in (("x", "mastodon"), ("bluesky", "threads", "pinterest")):
        rows = [on(key) for key in keys]
        post = posts.create(
            actor=actor,
            title="Tarts",
            variants=[{"channel": row, "text": "Hi", "media": [asset.pk]} for row in rows],
        )
        client.get(f"{BASE}/posts/{post.pk}/edit/")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{BASE}/posts/{post.pk}/edit/").status_code == 200
        counts.append(sum(not q["sql"].startswith("SET search_path") for q in seen))
    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize("key", [provider.key for provider in all_publishers()])
def test_each_network_has_a_look_and_a_line(
    key: str, on: Callable[..., Channel], owner: Any, client_for: Signed
) -> None:
    assert previews.look(key) is not None
    on(key)
    page = client_for(owner).get(f"{BASE}/compose/").content.decode()
    assert f'data-network="{key}"' in page
    assert "look look-" in page


@pytest.mark.parametrize("provider", all_publishers(), ids=lambda provider: str(provider.key))
def test_every_stage_has_words_on_the_receipt(provider: Any) -> None:
    assert [stage for stage in provider.stages if stage not in present.STAGES] == []


def test_a_title_is_asked_for_only_where_the_kind_of_post_has_one(
    on: Callable[..., Channel],
) -> None:
    line = parsed(channel=on("facebook").pk, text="Hi").lines[0]
    assert line.shape_key == "text"
    assert not line.title_counts


def test_consent_words_become_links_and_nothing_else_does() -> None:
    drawn = worded("I agree to the [music terms](https://x.example/a?b=1&c=2). <b>")
    assert drawn == (
        'I agree to the <a class="link-accent" href="https://x.example/a?b=1&amp;c=2" '
        'rel="noopener" target="_blank">music terms</a>. &lt;b&gt;'
    )
    assert "<a" not in worded("[x](javascript:alert(1)) http://plain.example")


@pytest.mark.parametrize(
    ("amount", "words"), [("0.015", "$0.015"), ("0.2", "$0.20"), ("3", "$3.00")]
)
def test_prices_are_written_with_their_own_places(amount: str, words: str) -> None:
    from decimal import Decimal

    assert dollars(Decimal(amount)) == words
