"""Captions beside the player: by language, from files, and in an editor that loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.media.errors import CaptionsBroken, CaptionsChanged
from apps.media.models import Asset, Caption
from apps.media.services import assets, captions
from apps.media.video.captions import Cue, Line, from_lines, read, short_clock, typed_time
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.knisoci.test_pages import BASE, Signed, client_for
from tests.media import samples
from tests.media.test_captions import SRT, VTT
from tests.support.fleet import wait_until

__all__ = ["client_for"]  # a fixture
HX = {"HX-Request": "true"}
GOOD = [
    {"start": "0:00.5", "end": "1", "text": "Hello"},
    {"start": "1:02,5", "end": "1:04", "text": "Two\nlines"},
]


def saved(client: Any, clip: Asset, cues: Any = GOOD, **more: Any) -> Any:
    sent = {"language": "de", "seen": "", "cues": json.dumps(cues), **more}
    return client.post(f"{BASE}/media/{clip.pk}/captions/", sent, headers=HX)


# --- what is typed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "milliseconds"),
    [
        ("1:02.5", 62_500),
        ("00:01:02,500", 62_500),
        ("62.5", 62_500),
        (" 0:00.05 ", 50),
        ("1:00:00.001", 3_600_001),
        ("", None),
        ("1:60", None),
        ("1:75:00", None),
        ("-1", None),
        ("1.2345", None),
        ("1:2:3:4", None),
    ],
)
def test_times_are_read_as_people_type_them(typed: str, milliseconds: int | None) -> None:
    """The same table as in `static/src/lib/cues.test.ts`: browser and server agree."""
    assert typed_time(typed) == milliseconds


def test_a_time_is_shown_so_that_it_reads_the_same() -> None:
    for value in (0, 1, 59_999, 60_000, 600_000, 3_599_999, 3_600_000, 360_000_001):
        assert typed_time(short_clock(value)) == value
    assert (short_clock(62_500), short_clock(0)) == ("1:02.500", "0:00.000")


def test_every_problem_of_every_line_is_said_at_once() -> None:
    lines = [
        Line("0", "1", "Right"),
        Line("soon", "", " "),
        Line("", "", ""),  # nobody wrote anything: not a line
        Line("5", "4", "x" * 1_001),
    ]
    with pytest.raises(CaptionsBroken) as refused:
        from_lines(lines)
    found = [(one["line"], one["field"]) for one in refused.value.params["problems"]]
    assert found == [(2, "start"), (2, "end"), (2, "text"), (4, "end"), (4, "text")]


def test_lines_come_out_in_order_of_time_and_read_back_as_they_were_typed() -> None:
    odd = "a < b & c\n\n\x00 --> <i>d</i>"
    cues = from_lines([Line("5", "6", "Second"), Line("1", "2", odd)])
    assert cues == [Cue(1_000, 2_000, "a < b & c\n--> <i>d</i>"), Cue(5_000, 6_000, "Second")]
    from apps.media.video.captions import to_vtt

    assert read(to_vtt(cues)) == cues


# --- pages ----------------------------------------------------------------------------------------


def test_languages_are_listed_and_the_player_has_a_track_of_each(
    clip: Asset, actor: Actor, viewer: Any, contributor: Any, client_for: Signed
) -> None:
    for language in ("de", "pt-BR"):
        captions.set_captions(actor=actor, asset=clip, language=language, text=VTT)
    url = f"{BASE}/media/{clip.pk}/"
    page = client_for(contributor).get(url, headers=HX).content.decode()
    assert page.count('<track kind="captions"') == 2
    assert "German" in page
    assert "Brazilian Portuguese" in page
    assert page.count("2 captions") == 2
    assert "Write captions" in page
    theirs = client_for(viewer).get(url, headers=HX).content.decode()
    assert "German" in theirs
    assert "Write captions" not in theirs
    assert "captions-file" not in theirs


def test_only_videos_have_a_place_for_captions(
    keep: Callable[..., Asset], contributor: Any, client_for: Signed
) -> None:
    photo = keep(samples.picture(), "a.jpg")
    client = client_for(contributor)
    page = client.get(f"{BASE}/media/{photo.pk}/", headers=HX).content.decode()
    assert 'id="captions"' not in page
    assert saved(client, photo).status_code == 409
    assert not Caption.objects.exists()


def test_what_is_typed_is_saved_and_opened_again(
    clip: Asset, contributor: Any, client_for: Signed
) -> None:
    client, url = client_for(contributor), f"{BASE}/media/{clip.pk}/captions/"
    empty = client.get(url, {"editor": "1"}, headers=HX).content.decode()
    assert "New captions" in empty
    answer = saved(client, clip, name="For learners")
    assert (answer.status_code, "Captions saved." in answer["HX-Trigger"]) == (200, True)
    kept = captions.find(asset=clip, language="de")
    assert (kept.name, kept.cues) == ("For learners", 2)
    assert read(kept.text) == [Cue(500, 1_000, "Hello"), Cue(62_500, 64_000, "Two\nlines")]
    again = client.get(url, {"editor": "1", "language": "de"}, headers=HX).content.decode()
    assert 'value="1:02.500"' in again
    assert "Two\nlines</textarea>" in again
    assert kept.version in again
    assert client.get(url, {"editor": "1", "language": "fr"}, headers=HX).status_code == 404
    assert client.get(url).status_code == 302  # without htmx the file's own page


def test_a_refused_save_says_what_is_wrong_and_touches_nothing(
    clip: Asset, contributor: Any, client_for: Signed
) -> None:
    client = client_for(contributor)
    bad = [*GOOD, {"start": "9", "end": "8", "text": "Backwards"}]
    answer = saved(client, clip, bad)
    assert answer.status_code == 422
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#captions-problems", "innerHTML")
    page = answer.content.decode()
    assert 'data-line="3" data-field="end"' in page
    assert "Line 3: This ends before it begins." in page
    assert "<form" not in page  # what was typed is still in the browser, and stays
    wrong = saved(client, clip, language="../etc")
    assert (wrong.status_code, 'data-field="language"' in wrong.content.decode()) == (422, True)
    for nonsense in ("", "{", "[1]", '[{"start": 1}]', "null", "[" * 100_000, '"x"'):
        sent = {"language": "de", "seen": "", "cues": nonsense}
        url = f"{BASE}/media/{clip.pk}/captions/"
        assert client.post(url, sent, headers=HX).status_code == 422, nonsense[:20]
    assert saved(client, clip, [{"start": "", "end": "", "text": ""}]).status_code == 422
    assert not Caption.objects.exists()


def test_nobody_writes_over_what_they_have_not_seen(
    clip: Asset, actor: Actor, contributor: Any, client_for: Signed
) -> None:
    client = client_for(contributor)
    first = captions.set_captions(actor=actor, asset=clip, language="de", text=VTT)
    taken = saved(client, clip)  # as new captions
    assert (taken.status_code, "already" in taken.content.decode()) == (422, True)
    captions.set_captions(actor=actor, asset=clip, language="de", text=SRT.replace("there", "you"))
    stale = saved(client, clip, seen=first.version)
    assert stale.status_code == 422
    now = captions.find(asset=clip, language="de")
    assert "Hello you" in now.text
    assert f'name="instead" value="{now.version}"' in stale.content.decode()
    assert saved(client, clip, seen=first.version, instead=now.version).status_code == 200
    assert captions.find(asset=clip, language="de").text.count("-->") == 2
    captions.remove_captions(actor=actor, asset=clip, language="de")
    assert "removed" in saved(client, clip, seen=now.version).content.decode()
    with pytest.raises(CaptionsChanged):
        captions.set_captions(actor=actor, asset=clip, language="de", text=VTT, seen="other")


def test_files_are_taken_in_and_never_over_others_by_a_slip(
    clip: Asset, contributor: Any, client_for: Signed
) -> None:
    client, url = client_for(contributor), f"{BASE}/media/{clip.pk}/captions/upload/"

    def send(text: str | bytes, **more: Any) -> Any:
        data = text if isinstance(text, bytes) else text.encode()
        file = SimpleUploadedFile("a.srt", data)
        return client.post(url, {"file": file, "language": "en", **more}, headers=HX)

    assert send(SRT).status_code == 200
    wrong = send("WEBVTT\n\n00:02.000 --> 00:01.000\nHello", language="fr")
    assert (wrong.status_code, wrong["HX-Retarget"]) == (422, "#captions-refused")
    assert "Line 3" in wrong.content.decode()
    assert "already" in send(VTT.replace("there", "you")).content.decode()
    assert "Hello there" in captions.find(asset=clip, language="en").text
    assert send(VTT.replace("there", "you"), replace="1").status_code == 200
    assert "Hello you" in captions.find(asset=clip, language="en").text
    assert send(b"x" * 1_000_001, language="fr").status_code == 422
    assert client.post(url, {"language": "fr"}, headers=HX).status_code == 422
    assert Caption.objects.count() == 1
    removed = client.post(
        f"{BASE}/media/{clip.pk}/captions/remove/", {"language": "en"}, headers=HX
    )
    assert removed.status_code == 200
    assert not Caption.objects.exists()


@pytest.mark.parametrize("path", ["captions/", "captions/upload/", "captions/remove/"])
def test_only_who_may_manage_files_captions_them(
    path: str,
    clip: Asset,
    actor: Actor,
    viewer: Any,
    outsider: Any,
    other_owner: Any,
    client_for: Signed,
) -> None:
    kept = captions.set_captions(actor=actor, asset=clip, language="de", text=VTT)
    sent = {"language": "de", "seen": kept.version, "cues": json.dumps(GOOD)}
    url = f"{BASE}/media/{clip.pk}/{path}"
    for person, allowed in (
        (viewer, {403}),
        (outsider, {302, 403, 404}),
        (other_owner, {403, 404}),
    ):
        assert client_for(person).post(url, sent, headers=HX).status_code in allowed
    assert client_for(viewer).get(url, {"editor": "1"}, headers=HX).status_code in {403, 405}
    assert captions.find(asset=clip, language="de").version == kept.version


def test_what_lies_in_the_trash_is_not_captioned(
    clip: Asset, actor: Actor, contributor: Any, client_for: Signed
) -> None:
    assets.delete(actor=actor, asset=clip)
    assert saved(client_for(contributor), clip).status_code == 404
    assert not Caption.objects.exists()


def test_a_form_on_the_files_own_page_answers_there(
    clip: Asset, contributor: Any, client_for: Signed
) -> None:
    """And not in the drawer, the second time either."""
    client, url = client_for(contributor), f"{BASE}/media/{clip.pk}/"
    sent = {"name": "New name.mp4", "alt_text": "", "folder": "", "tags": ""}
    page = client.post(url, sent, headers={**HX, "HX-Target": "asset-page"}).content.decode()
    assert 'hx-target="#asset-page"' in page
    assert "#drawer-content" not in page.split('class="asset-details"')[1].split(">")[0]


# --- in a browser ---------------------------------------------------------------------------------

# What the player shows now: its own track, read by the browser itself.
PREVIEW = """[...document.querySelector('video').textTracks]
    .filter(track => track.mode === 'showing')
    .flatMap(track => [...(track.cues ?? [])].map(cue => [cue.startTime, cue.text]))"""
LINE = "tr:nth-child({}) [data-field={}]"


@pytest.fixture
def film(workspace: Any, settings: Any, tmp_path: Any) -> Asset:
    settings.MEDIA_ROOT = tmp_path
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        row, _ = assets.upload(
            actor=actor, file=samples.video(seconds=4), name="film.mp4", alt_text="A film"
        )
        captions.set_captions(actor=actor, asset=row, language="de", text=VTT)
        return row


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_captions_are_written_by_keyboard_and_seen_on_the_player(
    theme: str, width: int, film: Asset, workspace: Any, owner: Any, look: Callable[..., Any]
) -> None:
    with look("/w/acme/media/", user=owner, theme=theme, width=width) as sight:
        page = sight.page
        page.wait_for_load_state("networkidle")
        page.click(".asset-open >> nth=0")
        page.click("#drawer[open] >> text=Write captions")
        page.wait_for_selector("[data-captions-target=state]:not(:empty)")
        page.fill("#captions-language", "en")
        page.focus(LINE.format(1, "start"))
        page.keyboard.press("Shift+ArrowUp")
        assert page.input_value(LINE.format(1, "start")) == "0:01.000"
        page.fill(LINE.format(1, "text"), "The first words that are said in this film of ours")
        page.keyboard.press("Control+Enter")
        assert (
            page.evaluate("document.activeElement.getAttribute('aria-label')") == "Text of line 2"
        )
        page.fill(LINE.format(2, "start"), "1.5")
        page.wait_for_selector("tr:nth-child(2) .caption-note:has-text('Overlaps')")
        page.wait_for_selector("tr:nth-child(1) .caption-note:has-text('characters a second')")
        page.wait_for_selector("tr:nth-child(2) .caption-note[data-level=error]")
        assert sight.serious() == []
        assert sight.overflow() <= 0

        page.click("text=Save captions")  # the second line says nothing yet
        page.wait_for_selector("#captions-problems >> text=Line 2: Write what is said")
        assert (
            page.evaluate("document.activeElement.getAttribute('aria-label')") == "Text of line 2"
        )
        assert page.input_value(LINE.format(1, "text")).startswith("The first words")
        page.keyboard.type("Second")
        wait_until(lambda: len(page.evaluate(PREVIEW)) == 2, seconds=10)
        assert page.evaluate(PREVIEW)[1] == [1.5, "Second"]

        page.click("#drawer >> [aria-label=Close]")  # by a slip
        page.click(".asset-open >> nth=0")
        page.click("#drawer[open] >> text=Write captions")
        page.wait_for_selector("tr:nth-child(2)")
        assert page.input_value(LINE.format(2, "text")) == "Second"
        page.fill("#captions-language", "en")
        page.click("text=Save captions")
        page.wait_for_selector("#captions >> text=English")
        assert page.locator("video track").count() == 2
        assert page.locator("video track[srclang=en]").count() == 1
        assert sight.serious() == []
        refused = "422 (Unprocessable"  # the one above
        assert [one for one in sight.complaints if refused not in one] == []
    with workspace_context(workspace):
        kept = read(captions.find(asset=film, language="en").text)
        assert [cue.text for cue in kept][1] == "Second"
        assert kept[1].start == 1_500
