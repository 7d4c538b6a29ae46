"""A wide video of the library as a reel and as a Short: what the networks got is what they take."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.providers.base import Account, Content
from apps.integrations.services import sandbox
from apps.knisoci import media_items
from apps.knisoci.models import Target
from apps.knisoci.services import channels, posts
from apps.knisoci.transitions import TargetState
from apps.media.models import Asset, Rendition
from apps.media.services import assets, captions
from apps.media.types import MP4
from apps.media.video import intake
from apps.media.video.ffmpeg import Source
from apps.media.video.probe import Probe
from apps.orchestrator.models import Job
from apps.workspaces.tenancy import public_context
from tests.knisoci.conftest import again
from tests.knisoci.stage import step
from tests.media import samples
from tests.media.test_renditions import loudness
from tests.orchestrator.conftest import run_until_idle
from tests.support.networks import Networks

ENCODE = "media.make_rendition"
FORMS = {
    "instagram": ("reel", {"fit": "blur"}),
    "youtube": ("short", {"made_for_kids": "no"}),  # upright unless somebody says otherwise
}


@pytest.fixture
def film(actor: Any, network: Networks) -> Asset:
    """Wide, slow, quiet: nothing about it is what a reel wants."""
    data = samples.video(seconds=4, size="320x180", rate=12, volume=0.05)
    return assets.upload(actor=actor, file=data, name="film.mp4", alt_text="A test picture")[0]


@pytest.fixture
def publish(actor: Any, network: Networks, settings: Any, live_server: Any) -> Callable[..., Any]:
    settings.CANDY_PUBLIC_URL = live_server.url  # Instagram fetches the file itself
    for key in FORMS:
        network.control(key, scenario="success", reset=True)
    rows = {
        key: channels.add(
            actor=actor, connection=sandbox.connect(actor=actor, provider=key, login="maren")
        )
        for key in FORMS
    }

    def publish(text: str, film: Asset) -> dict[str, Target]:
        made = posts.create(
            actor=actor,
            title=text,
            variants=[
                {
                    "channel": rows[key],
                    "text": text,
                    "title": text if key == "youtube" else "",
                    "media": [film.pk],
                    "format": shape,
                    "options": options,
                }
                for key, (shape, options) in FORMS.items()
            ],
        )
        posts.schedule(actor=actor, post=made, when="now")
        with public_context():
            run_until_idle(60, until=lambda: not _waiting())  # the clock and a worker, with ffmpeg
        found = Target.objects.filter(post=made).select_related("channel__connection")
        return {one.channel.connection.provider: _out(one, network) for one in found}

    return publish


def _waiting() -> bool:
    from apps.workspaces.models import Workspace
    from apps.workspaces.tenancy import workspace_context

    with workspace_context(Workspace.objects.get(slug="acme")):
        return Job.objects.filter(action=ENCODE).exclude(state="succeeded").exists()


def _out(target: Target, network: Networks) -> Target:
    """What the network wants time for, it gets at once."""
    for turn in range(40):
        if again(target).state == TargetState.PUBLISHED:
            break
        if step(target) == "later":
            key = target.channel.connection.provider
            network.control(key, clock_offset=20 * (turn + 1))
    return again(target)


def _arrived(network: Networks, key: str, target: Target) -> bytes:
    store = network.sandbox.store  # type: ignore[union-attr]
    post: Any = store.post(key, target.remote_id)
    found = store.blob(key, post["media"][0]["blob"] if key == "instagram" else post["file"])
    assert found is not None
    return found[1]


def _probe(data: bytes) -> Probe:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return intake.look(Source(file.fileno(), MP4), folder=Path(folder))


@pytest.mark.django_db(transaction=True)
def test_what_arrives_is_what_the_capability_file_asks_for_and_is_made_once(
    film: Asset, publish: Callable[..., Any], network: Networks
) -> None:
    first = publish("Our kitchen", film)
    for key, (shape, _) in FORMS.items():
        target = first[key]
        assert (target.state, target.error) == (TargetState.PUBLISHED, ""), key
        assert sum(network.state(key)["posts"].values()) == 1
        data = _arrived(network, key, target)
        facts = providers.get(key).capabilities
        rules = facts.format(shape).video or facts.video  # type: ignore[union-attr]
        assert rules is not None
        found = _probe(data)
        assert found.width / found.height == pytest.approx(9 / 16, rel=0.01), key
        assert (found.video_codec, found.pixel_format) == ("h264", "yuv420p")
        assert (found.audio_codec, found.audio_rate) == ("aac", 48_000)
        assert found.duration == pytest.approx(4, abs=0.1)
        assert rules.min_seconds <= found.duration <= rules.max_seconds
        assert (rules.min_fps or 0) - 0.5 <= found.fps <= (rules.max_fps or 1_000)
        assert max(found.width, 0) <= (rules.max_width or 10_000)
        assert len(data) <= rules.max_bytes
        assert data.index(b"moov") < data.index(b"mdat")
        assert loudness(data) == pytest.approx(-14, abs=1.5)
    made = Rendition.objects.filter(asset=film, mime=MP4).count()
    jobs = Job.objects.filter(action=ENCODE).count()
    assert made == jobs == len(FORMS)

    second = publish("Our kitchen once more", film)
    for key in FORMS:
        assert second[key].state == TargetState.PUBLISHED
        assert sum(network.state(key)["posts"].values()) == 2
        assert sum(network.state(key)["duplicates"].values()) == 0
        assert _arrived(network, key, second[key]) == _arrived(network, key, first[key])
    assert Rendition.objects.filter(asset=film, mime=MP4).count() == made
    assert Job.objects.filter(action=ENCODE).count() == jobs


# --- the choice -----------------------------------------------------------------------------------


def _expected(key: str, asset: Asset, **sketch: Any) -> Any:
    (item,) = media_items.items(
        [asset.pk],
        provider=providers.get(key),
        account=Account("1", "@a", "A", limits={}),
        sketch=Content("", **sketch),
    )
    return item


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "shape", "fit", "ratio"),
    [
        ("instagram", "reel", "", 16 / 9),
        ("instagram", "reel", "keep", 16 / 9),
        ("instagram", "reel", "blur", 9 / 16),
        ("instagram", "reel", "crop", 9 / 16),
        ("instagram", "story", "pad", 9 / 16),
        ("instagram", "reel", "nonsense", 16 / 9),  # which the checks refuse
        ("youtube", "short", "", 9 / 16),
        ("youtube", "short", "keep", 1),
        ("youtube", "video", "blur", 16 / 9),  # only Shorts stand upright
        ("facebook", "reel", "", 9 / 16),
    ],
)
def test_how_a_video_comes_upright_is_the_posts_choice(
    film: Asset, network: Networks, key: str, shape: str, fit: str, ratio: float
) -> None:
    item = _expected(key, film, format=shape, options={"fit": fit} if fit else {})
    assert item.ratio == pytest.approx(ratio, rel=0.02)
    assert item.width <= (180 if fit == "crop" else 320)


@pytest.mark.django_db
def test_a_picture_in_a_story_stands_upright_where_that_is_chosen(
    actor: Any, network: Networks
) -> None:
    photo, _ = assets.upload(actor=actor, file=samples.picture(size=(800, 600)), name="a.jpg")
    for fit, ratio in (("keep", 4 / 3), ("blur", 9 / 16), ("crop", 9 / 16)):
        item = _expected("instagram", photo, format="story", options={"fit": fit})
        assert item.ratio == pytest.approx(ratio, rel=0.01), fit


@pytest.mark.django_db
def test_a_slow_animation_is_no_reason_to_refuse(actor: Any, network: Networks) -> None:
    """Instagram takes 23 pictures a second and more: ours are shown twice instead."""
    dance, _ = assets.upload(
        actor=actor, file=samples.animation(30, size=(540, 540), milliseconds=120), name="d.gif"
    )
    assert (dance.fps or 0) < 10
    provider = providers.get("instagram")
    item = _expected("instagram", dance, format="reel")
    assert item.fps >= 23
    account = Account("1", "@a", "A", limits={})
    issues = provider.validate(Content("Hi", media=(item,), format="reel"), account)
    assert [one.code for one in issues if one.level == "error"] == []


@pytest.mark.django_db
def test_captions_are_burnt_where_a_network_takes_none_beside_the_video(
    film: Asset, actor: Any, network: Networks
) -> None:
    for language in ("de", "en"):
        text = f"WEBVTT\n\n00:00.000 --> 00:02.000\n{language}"
        captions.set_captions(actor=actor, asset=film, language=language, text=text)

    def asked(key: str, options: dict[str, Any], **sketch: Any) -> str:
        account = Account("1", "@a", "A", limits={})
        Job.objects.filter(action=ENCODE).delete()
        media_items.items(
            [film.pk],
            provider=providers.get(key),
            account=account,
            sketch=Content("", options=options, **sketch),
            wanted="begin",
        )
        return str(Job.objects.get(action=ENCODE).input["spec"]["captions"])

    burn = {"burn_captions": True}
    for key in ("instagram", "facebook", "tiktok", "threads"):
        assert asked(key, {}) == ""
        assert asked(key, burn, language="en") == "en"
        assert asked(key, burn, language="fr") == "de"  # the first there are
    assert asked("youtube", burn, language="en") == ""  # gets them as a track
    captions.remove_captions(actor=actor, asset=film, language="de")
    captions.remove_captions(actor=actor, asset=film, language="en")
    assert asked("instagram", burn) == ""  # nothing to write is no reason to fail
