"""Videos in the form that a network takes: made once, by a Job, whoever asks at the same time."""

from __future__ import annotations

import io
import re
import tempfile
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from PIL import Image

from apps.media import images
from apps.media.errors import (
    BadSpec,
    CaptionsMissing,
    RenditionFailed,
    VideoCannotFit,
    VideoTooLong,
    VideoTooShort,
    WrongKind,
)
from apps.media.models import Asset, Rendition
from apps.media.services import assets, captions, renditions
from apps.media.services.renditions import Pending
from apps.media.types import (
    MP4,
    PLAYED,
    SHOWN,
    RenditionSpec,
    VideoSpec,
    spec_from_json,
    spec_to_json,
)
from apps.media.video import ffmpeg, intake, plan
from apps.media.video.ffmpeg import Source
from apps.media.video.probe import Probe, parse
from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Job
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.media import samples
from tests.media.conftest import stored_files

QUIET = VideoSpec(loudness=None)


def make(asset: Asset, spec: VideoSpec, **more: Any) -> Rendition:
    return renditions.make_video(
        asset=asset, spec=spec, report=more.pop("report", lambda *told: None), **more
    )


def probe(made: Rendition) -> Probe:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        file.write(assets.read(made))
        file.flush()
        return intake.look(Source(file.fileno(), made.mime), folder=Path(folder))


def loudness(data: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        source = Source(file.fileno(), MP4)
        ran = ffmpeg.look(
            [*source.arguments(), "-map", "0:a", "-af", "ebur128", "-f", "null", "-"],
            source=source,
            folder=Path(folder),
            level="info",
        )
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", ran.log)[-1])


# --- encoding -------------------------------------------------------------------------------------


def test_what_fits_already_is_copied_picture_for_picture(clip: Asset) -> None:
    made = make(clip, QUIET)
    assert abs(made.size - clip.size) < 2_000
    assert (made.width, made.height, made.mime) == (320, 240, MP4)
    data = assets.read(made)
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"elst" not in data


def test_what_does_not_is_encoded_as_networks_take_it(keep: Callable[..., Asset]) -> None:
    asset = keep(samples.video("webm"), "a.webm")
    made = make(asset, VideoSpec(max_width=200, max_fps=15, loudness=None))
    found = probe(made)
    assert (found.video_codec, found.profile, found.pixel_format) == ("h264", "High", "yuv420p")
    assert (found.audio_codec, found.audio_rate, found.audio_channels) == ("aac", 48_000, "stereo")
    assert (found.width, found.height, found.fps) == (200, 150, 15)
    assert found.duration == pytest.approx(asset.duration, abs=0.1)


def test_where_a_video_was_made_does_not_leave_with_it(keep: Callable[..., Asset]) -> None:
    asset = keep(samples.video_with_location(), "phone.mp4")
    for spec in (QUIET, VideoSpec(max_width=100, loudness=None)):
        data = assets.read(make(asset, spec))
        assert not [word for word in (b"52.5200", b"Ada", b"location") if word in data]


@pytest.mark.parametrize(
    ("fit", "size"), [("crop", (240, 240)), ("pad", (320, 320)), ("blur", (320, 320))]
)
def test_a_shape_is_cut_padded_or_blurred_to(
    clip: Asset, actor: Actor, fit: Any, size: tuple[int, int]
) -> None:
    asset = assets.set_focus(actor=actor, asset=clip, focus={"x": 0, "y": 0})
    made = make(asset, VideoSpec(ratio=1, fit=fit, loudness=None))
    assert (made.width, made.height) == size
    assert (made.crop or {}).get("x") == (0 if fit == "crop" else None)


def test_a_file_is_as_small_as_it_must_be(clip: Asset) -> None:
    made = make(clip, VideoSpec(max_bytes=60_000, loudness=None))
    assert 20_000 < made.size <= 60_000


def test_what_cannot_be_is_said_before_any_work(clip: Asset, actor: Actor) -> None:
    for spec, error in (
        (VideoSpec(max_bytes=3_000), VideoCannotFit),
        (VideoSpec(max_seconds=1), VideoTooLong),
        (VideoSpec(min_seconds=3), VideoTooShort),
        (VideoSpec(captions="de"), CaptionsMissing),
    ):
        with pytest.raises(error):
            renditions.ensure(actor=actor, asset=clip, spec=spec)
    assert not Job.objects.exists()


def test_a_longer_one_is_trimmed_where_that_is_wished(clip: Asset) -> None:
    made = make(clip, VideoSpec(max_seconds=1, trim=True, loudness=None))
    assert 0.8 < (made.duration or 0) <= 1.0


def test_sound_comes_out_as_loud_as_networks_play_it(keep: Callable[..., Asset]) -> None:
    quiet = keep(samples.video(seconds=5, volume=0.05, size="64x64"), "quiet.mp4")
    with_sound = make(quiet, VideoSpec())
    before, after = loudness(assets.read(quiet)), loudness(assets.read(with_sound))
    assert before < -25
    assert after == pytest.approx(-14, abs=1.5)


def test_what_a_phone_records_in_hdr_looks_as_everybody_sees_it(keep: Callable[..., Asset]) -> None:
    tags = "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", tags)
    asset = keep(
        samples.video(
            "mp4",
            size="160x120",
            seconds=1,
            sound=False,
            codecs=(*codec, "-pix_fmt", "yuv420p10le"),
        )
    )
    assert asset.probe["is_hdr"]
    found = probe(make(asset, QUIET))
    assert (found.pixel_format, found.is_hdr, found.video_codec) == ("yuv420p", False, "h264")


def test_a_silent_video_stays_one(keep: Callable[..., Asset]) -> None:
    asset = keep(samples.video(sound=False), "silent.mp4")
    assert probe(make(asset, VideoSpec(max_width=100))).audio_codec == ""


def test_a_gif_becomes_a_video_long_enough_and_a_video_a_gif(
    keep: Callable[..., Asset], clip: Asset
) -> None:
    asset = keep(samples.animation(5, size=(51, 33), milliseconds=100), "a.gif")
    assert asset.kind == "gif"
    made = make(asset, VideoSpec(min_seconds=3))
    assert (made.mime, made.width, made.height) == (MP4, 50, 32)
    assert 3 <= (made.duration or 0) < 4
    back = make(clip, VideoSpec(container="gif", max_bytes=150_000))
    assert (back.mime, back.size <= 150_000) == ("image/gif", True)
    with Image.open(io.BytesIO(assets.read(back))) as image:
        assert getattr(image, "n_frames", 1) > 5


def test_captions_are_burnt_into_the_picture(clip: Asset, actor: Actor) -> None:
    captions.set_captions(
        actor=actor,
        asset=clip,
        language="en",
        text="WEBVTT\n\n00:00.000 --> 00:02.000\n\u2588\u2588\u2588 Café Привет",
    )
    spec = VideoSpec(captions="en", loudness=None)
    burnt = make(clip, spec)
    assert burnt.pk != make(clip, QUIET).pk
    plain_frame, frame = frame_of(clip), frame_of(burnt)
    changed = sum(
        abs(a - b) > 60 for a, b in zip(frame.tobytes(), plain_frame.tobytes(), strict=True)
    )
    assert changed > 200  # letters in the lower third
    captions.set_captions(
        actor=actor, asset=clip, language="en", text="WEBVTT\n\n00:00.000 --> 00:02.000\nOther"
    )
    assert renditions.ready(clip, spec) is None


def frame_of(what: Asset | Rendition) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        file.write(assets.read(what))
        file.flush()
        cover = intake.cover(Source(file.fileno(), MP4), folder=Path(folder), seconds=1)
        with Image.open(cover) as image:
            return image.convert("L").crop((0, 160, 320, 240))


# --- once, and by a job ---------------------------------------------------------------------------


def test_two_that_ask_at_once_get_one_job(clip: Asset, actor: Actor) -> None:
    first = renditions.ensure(actor=actor, asset=clip, spec=QUIET)
    again = renditions.ensure(actor=actor, asset=clip, spec=QUIET)
    other = renditions.ensure(actor=actor, asset=clip, spec=VideoSpec(max_width=100))
    assert isinstance(first, Pending)
    assert first == again
    assert other != first
    assert Job.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_job_makes_it_and_everybody_finds_it(
    clip: Asset, actor: Actor, work: Callable[..., None]
) -> None:
    spec = VideoSpec(max_width=160, loudness=None)
    waiting = renditions.ensure(actor=actor, asset=clip, spec=spec)
    assert isinstance(waiting, Pending)
    work()
    job = Job.objects.get(pk=waiting.job_id)
    assert (job.state, job.error_message) == ("succeeded", "")
    assert job.progress == pytest.approx(0.97, abs=0.1)
    made = renditions.ensure(actor=actor, asset=clip, spec=spec)
    assert isinstance(made, Rendition)
    assert (made.width, job.output["rendition"]) == (160, made.pk)


@pytest.mark.django_db(transaction=True)
def test_progress_is_told_while_it_runs_and_cancelling_ends_the_encoder(
    keep: Callable[..., Asset], actor: Actor
) -> None:
    asset = keep(samples.video(seconds=6, size="640x480"), "long.mp4")
    told: list[float] = []

    class Enough(Exception):
        pass

    def report(fraction: float, message: str) -> None:
        told.append(fraction)

    def tick() -> None:
        if len(told) >= 3:
            raise Enough

    with pytest.raises(Enough):
        make(asset, VideoSpec(max_bytes=400_000), report=report, tick=tick)
    assert told == sorted(told)
    assert not Rendition.objects.filter(asset=asset, mime=MP4).exists()
    assert not [name for name in stored_files(Path(asset_root())) if name.endswith("out.mp4")]


def asset_root() -> str:
    from django.conf import settings

    return str(settings.MEDIA_ROOT)


@pytest.mark.django_db(transaction=True)
def test_a_job_that_was_cancelled_leaves_nothing_and_may_be_asked_for_again(
    clip: Asset, actor: Actor, work: Callable[..., None]
) -> None:
    spec = VideoSpec(max_width=160, loudness=None)
    first = renditions.ensure(actor=actor, asset=clip, spec=spec)
    assert isinstance(first, Pending)
    orchestrator.cancel(actor=actor, job_id=first.job_id)
    work()
    assert renditions.ready(clip, spec) is None
    again = renditions.ensure(actor=actor, asset=clip, spec=spec)
    assert isinstance(again, Pending)
    assert again.job_id != first.job_id
    work()
    assert renditions.ready(clip, spec) is not None


def test_what_a_job_ended_in_is_what_asking_again_says(clip: Asset, actor: Actor) -> None:
    spec = VideoSpec(max_width=160)
    waiting = renditions.ensure(actor=actor, asset=clip, spec=spec)
    assert isinstance(waiting, Pending)
    Job.objects.filter(pk=waiting.job_id).update(
        state="failed", error_code="video_cannot_fit", error_message="Too long."
    )
    with pytest.raises(VideoCannotFit, match="Too long"):
        renditions.ensure(actor=actor, asset=clip, spec=spec)


def test_a_job_whose_person_left_is_given_to_who_asks_next(clip: Asset, actor: Actor) -> None:
    waiting = renditions.ensure(actor=actor, asset=clip, spec=QUIET)
    assert isinstance(waiting, Pending)
    Job.objects.filter(pk=waiting.job_id).update(state="failed", error_code="actor_gone")
    again = renditions.ensure(actor=actor, asset=clip, spec=QUIET)
    assert isinstance(again, Pending)
    assert again.job_id != waiting.job_id


def test_who_asks_on_and_on_does_not_keep_the_encoder_busy(clip: Asset, actor: Actor) -> None:
    spec = VideoSpec(max_width=160)
    waiting = renditions.ensure(actor=actor, asset=clip, spec=spec)
    assert isinstance(waiting, Pending)
    dead = Job.objects.filter(pk=waiting.job_id)
    dead.update(state="dead", error_message="It gave up.", finished_at=timezone.now())
    with pytest.raises(RenditionFailed, match="gave up"):
        renditions.ensure(actor=actor, asset=clip, spec=spec)
    dead.update(finished_at=timezone.now() - timedelta(minutes=11))
    assert isinstance(renditions.ensure(actor=actor, asset=clip, spec=spec), Pending)


@pytest.mark.django_db(transaction=True)
def test_of_several_that_want_an_image_at_once_one_makes_it(
    keep: Callable[..., Asset], workspace: Any, monkeypatch: Any
) -> None:
    asset, made, found = keep(samples.noise((800, 600))), [], []
    whole = images.fit

    def counted(*given: Any, **more: Any) -> Any:
        made.append(threading.get_ident())
        return whole(*given, **more)

    monkeypatch.setattr(images, "fit", counted)

    def ask() -> None:
        with workspace_context(workspace):
            found.append(renditions.image(asset=asset, spec=SHOWN["card"]).pk)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 5
    assert len(set(found)) == len(made) == 1


def test_equal_outputs_share_one_file(keep: Callable[..., Asset], settings: Any) -> None:
    asset = keep(samples.noise((300, 200)))
    first = renditions.image(asset=asset, spec=RenditionSpec(max_side=100))
    second = renditions.image(asset=asset, spec=RenditionSpec(max_side=100, max_bytes=10**7))
    assert (first.pk != second.pk, first.file) == (True, second.file)
    assert len([one for one in stored_files(settings.MEDIA_ROOT) if "renditions" in one]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_video_that_browsers_cannot_play_gets_one_that_they_can(
    keep: Callable[..., Asset], work: Callable[..., None], workspace: Any
) -> None:
    asset = keep(samples.video("mov"), "a.mov")
    assert not renditions.probe_of(asset).is_for_browsers
    work()
    made = renditions.ready(asset, PLAYED)
    assert made is not None
    assert probe(made).is_for_browsers


def test_images_and_documents_are_no_videos(keep: Callable[..., Asset], actor: Actor) -> None:
    for asset in (keep(samples.picture()), keep(samples.pdf())):
        with pytest.raises(WrongKind):
            renditions.ensure(actor=actor, asset=asset, spec=QUIET)
    with pytest.raises(WrongKind):
        renditions.ensure(actor=actor, asset=keep(samples.pdf()), spec=SHOWN["card"])


def test_a_cover_is_picked_and_the_forms_of_it_change(clip: Asset, actor: Actor) -> None:
    before = renditions.image(asset=clip, spec=SHOWN["card"])
    changed = assets.pick_cover(actor=actor, asset=clip, milliseconds=1500)
    assert (changed.cover_ms, changed.poster != clip.poster) == (1500, True)
    after = renditions.image(asset=changed, spec=SHOWN["card"])
    assert (after.pk != before.pk, after.sha256 != before.sha256) == (True, True)


# --- pure -----------------------------------------------------------------------------------------


def test_a_spec_travels_as_data() -> None:
    for spec in (VideoSpec(ratio=1, fit="blur"), RenditionSpec(mimes=("image/png",), ratio=2)):
        assert spec_from_json(spec_to_json(spec)) == spec
    for nonsense in ({}, {"type": "video", "colour": 1}, {"type": "image"}, {"type": "x"}):
        with pytest.raises(BadSpec):
            spec_from_json(nonsense)
    assert VideoSpec().digest != VideoSpec(ratio=1).digest


@pytest.mark.parametrize("megabytes", [1, 5, 50, 500])
@pytest.mark.parametrize("seconds", [5, 60, 600, 3_600])
def test_a_plan_never_promises_more_bytes_than_there_are(megabytes: int, seconds: int) -> None:
    source = Probe(seconds, 1920, 1080, 30, "h264", "yuv420p", audio_codec="aac")
    try:
        made = plan.make(source, VideoSpec(max_bytes=megabytes * 10**6))
    except VideoCannotFit:
        assert megabytes * 8 / seconds < 0.3  # megabits a second: nobody would want to see it
        return
    assert (made.video_rate + made.audio_rate) * seconds / 8 <= megabytes * 10**6
    assert made.width % 2 == made.height % 2 == 0
    assert made.width / made.height == pytest.approx(16 / 9, rel=0.03)


def test_ffmpegs_words_are_understood() -> None:
    found = parse(
        "Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'fd:':\n"
        "  Duration: 01:02:03.50, start: 0.000000, bitrate: 869 kb/s\n"
        "  Stream #0:0[0x1](und): Video: hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, "
        "bt2020nc/bt2020/arib-std-b67), 1920x1080 [SAR 4:3 DAR 64:27], 7880 kb/s, 29.97 fps, "
        "30 tbr, 600 tbn (default)\n"
        "      Side data:\n        displaymatrix: rotation of -90.00 degrees\n"
        "  Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, stereo, fltp\n"
        "  Stream #0:2[0x3](und): Data: none (mebx / 0x7862656D), 0 kb/s (default)\n"
    )
    assert (found.duration, found.fps) == (3723.5, 29.97)
    assert (found.width, found.height, found.rotation) == (1080, 2560, -90)
    assert (found.video_codec, found.pixel_format) == ("hevc", "yuv420p10le")
    assert (found.audio_codec, found.audio_rate, found.audio_channels) == ("aac", 44_100, "stereo")
    assert not found.is_for_browsers
    assert Probe.from_json(found.to_json()) == found


def test_an_asset_of_nothing_is_said(actor: Actor) -> None:
    from apps.media.errors import AssetNotFound

    with pytest.raises(AssetNotFound):
        assets.get_with_trash(uuid.uuid4())
