"""Captions are read strictly, said where they are wrong, and written anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.errors import PermissionDenied
from apps.media.errors import CaptionNotFound, CaptionsBroken, WrongKind
from apps.media.models import Asset, Caption
from apps.media.services import captions
from apps.media.video.captions import Cue, read, to_srt, to_vtt
from apps.workspaces.types import Actor
from tests.media import samples

SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i> there\r\n\r\n"
    "2\r\n00:00:03,000 --> 00:00:04,000\r\nTwo\r\nlines\r\n"
)
VTT = (
    "WEBVTT - made by hand\nKind: captions\n\nNOTE\nnothing to see\n\nSTYLE\n::cue { color: red }\n\n"
    "intro\n00:01.000 --> 00:02.500 align:start position:10%\n<v Ada>Hello</v> there\n\n"
    "00:00:03.000 --> 00:00:04.000\nTwo\nlines\n"
)
CUES = [Cue(1000, 2500, "Hello there"), Cue(3000, 4000, "Two\nlines")]


@pytest.mark.parametrize("text", [SRT, VTT, SRT.encode("utf-8-sig"), VTT.replace("\n", "\r\n")])
def test_both_formats_are_read(text: str | bytes) -> None:
    assert read(text) == CUES


def test_what_was_written_reads_the_same() -> None:
    odd = [Cue(0, 3_600_000, "a < b & c > d"), Cue(3_600_000, 3_600_500, "Ünï 🙂")]
    assert read(to_vtt(odd)) == odd
    assert read(to_vtt(CUES)) == read(to_srt(CUES)) == CUES


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("WEBVTT\n\n", 1),
        ("WEBVTT\n\n00:01 --> 00:02\nHello", 3),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nHello", 3),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n\nNo time here", 6),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n" + "x" * 1_001, 3),
        (b"\xff\xfe\x00", 1),
        (b"\x00\x01\x02", 1),
        ("x" * 1_000_001, 1),
        ("<script>alert(1)</script>", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str | bytes, line: int) -> None:
    with pytest.raises(CaptionsBroken) as refused:
        read(text)
    assert refused.value.params["line"] == line


def test_no_instruction_reaches_the_renderer_or_a_page() -> None:
    text = r"{\an8\fs99}Big <script>x()</script> {\p1}m 0 0{\p0} \N <font color=red>y</font>"
    cue = read(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}")[0]
    assert "<" not in to_srt([cue]).replace("-->", "")
    assert "\\" not in to_srt([cue])
    assert "{" not in to_srt([cue])
    assert "<" not in to_vtt([cue]).replace("-->", "")


def test_a_video_has_one_text_for_each_language(clip: Asset, actor: Actor) -> None:
    for text in (VTT, SRT.replace("there", "you")):
        captions.set_captions(actor=actor, asset=clip, language="pt-BR", text=text)
    captions.set_captions(actor=actor, asset=clip, language="de", text=SRT)
    assert Caption.objects.count() == 2
    kept = captions.find(asset=clip, language="pt-BR")
    assert kept.text.startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello you")
    assert kept.cues == 2
    captions.remove_captions(actor=actor, asset=clip, language="de")
    with pytest.raises(CaptionNotFound):
        captions.find(asset=clip, language="de")


def test_what_is_no_video_or_no_language_has_none(
    keep: Callable[..., Asset], clip: Asset, actor: Actor
) -> None:
    with pytest.raises(WrongKind):
        captions.set_captions(actor=actor, asset=keep(samples.picture()), language="en", text=VTT)
    for language in ("", "x", "english please", "../etc", "en_US"):
        with pytest.raises(CaptionsBroken):
            captions.set_captions(actor=actor, asset=clip, language=language, text=VTT)
    assert not Caption.objects.exists()


def test_rest_takes_lists_and_removes_them(
    api_for: Any, contributor: Any, viewer: Any, clip: Asset, workspace: Any
) -> None:
    api, path = api_for(contributor), f"assets/{clip.pk}/captions"
    assert api.post(path, {"language": "en", "text": VTT}).status_code == 201
    listed = api_for(viewer).get(path).json()["data"]
    assert [(row["language"], row["cues"]) for row in listed] == [("en", 2)]
    assert api_for(viewer).post(path, {"language": "de", "text": VTT}).status_code == 403
    assert api_for(viewer).delete(f"{path}/en").status_code == 403
    wrong = api.post(path, {"language": "en", "text": "nothing"}).json()["error"]
    assert (wrong["code"], wrong["params"]["line"]) == ("captions_broken", 1)
    assert api.delete(f"{path}/en").status_code == 204
    assert api.delete(f"{path}/en").status_code == 404


def test_who_may_not_captions_nothing(
    clip: Asset, viewer: Any, actor_for: Any, in_workspace: Any
) -> None:
    they = actor_for(viewer, in_workspace)
    with pytest.raises(PermissionDenied):
        captions.set_captions(actor=they, asset=clip, language="en", text=VTT)
    assert not Caption.objects.exists()
