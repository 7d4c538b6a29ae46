"""Files of every kind go out in the form that the format wants; what takes minutes is begun ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.providers.base import Content, ErrorKind, ProviderError
from apps.knisoci import content, media_items
from apps.knisoci.errors import ContentInvalid, MediaPreparing
from apps.knisoci.models import Attempt, Channel
from apps.knisoci.services import posts, publishing
from apps.knisoci.transitions import TargetState
from apps.media.models import Caption
from apps.media.services import assets, renditions
from apps.media.types import spec_from_json
from apps.orchestrator import Defer
from apps.orchestrator.models import Job
from tests.knisoci.conftest import again, run
from tests.media import samples

S = TargetState
ENCODE = "media.make_rendition"


@pytest.fixture
def film(actor: Any) -> Any:
    return assets.upload(
        actor=actor, file=samples.video(), name="film.mp4", alt_text="A test picture"
    )[0]


def make_all() -> int:
    """What the media queue's workers do."""
    waiting = Job.objects.filter(action=ENCODE)
    for job in waiting:
        asset = assets.get(job.input["asset"])
        spec: Any = spec_from_json(job.input["spec"])
        renditions.make_video(asset=asset, spec=spec, report=lambda share, what: None)
    return waiting.count()


def test_a_video_is_made_ahead_and_publishing_waits_for_it(
    make_target: Any, film: Any, network: Any
) -> None:
    target = make_target("Moving", media=[film.pk])
    assert Job.objects.filter(action=ENCODE).count() == 1  # scheduling began it
    with pytest.raises(Defer) as later:
        publishing.publish(target=target.pk, job_id=target.job_id)
    assert later.value.run_at - timezone.now() < timedelta(seconds=10)
    assert network.posts() == 0
    assert not Attempt.objects.exists()
    assert make_all() == 1
    done = run(target, seconds=20)
    assert (done.state, done.error) == (S.PUBLISHED, "")
    stored = network.sandbox.store.posts("mastodon")[0]
    kept = network.sandbox.store.get("mastodon", "media", stored["media"][0])
    assert kept["description"] == "A test picture"
    assert Job.objects.filter(action=ENCODE).count() == 1


def test_a_draft_or_a_check_encodes_nothing(make_target: Any, film: Any, channel: Channel) -> None:
    target = make_target("Draft", media=[film.pk], when=None)
    built = content.build(target.variant, channel)
    assert built.media[0].kind == "video"
    assert built.media[0].seconds == pytest.approx(2, abs=0.2)
    assert not Job.objects.filter(action=ENCODE).exists()
    with pytest.raises(MediaPreparing):
        content.build(target.variant, channel, wanted="insist")


def test_a_video_that_no_form_can_mend_is_refused_when_scheduled(
    make_target: Any, film: Any, monkeypatch: Any
) -> None:
    network = providers.get("mastodon")
    assert network.capabilities.video is not None
    short = network.capabilities.video.model_copy(update={"max_seconds": 1})
    strict = network.capabilities.model_copy(update={"video": short})
    monkeypatch.setitem(network.__dict__, "capabilities", strict)
    with pytest.raises(ContentInvalid) as refused:
        make_target("Too long", media=[film.pk])
    assert (refused.value.field or "").endswith(".media")


def _items(key: str, asset: Any, *, limits: Any = None, **sketch: Any) -> Any:
    from apps.integrations.providers.base import Account

    provider = providers.get(key)
    account = Account("1", "@a", "A", limits=limits or {})
    return media_items.items(
        [asset.pk], provider=provider, account=account, sketch=Content("", **sketch)
    )[0]


def test_a_picture_gets_the_shape_of_its_format(actor: Any) -> None:
    """Instagram's feed takes 4:5 to 1.91:1; a banner is cut to that."""
    asset, _ = assets.upload(actor=actor, file=samples.picture(size=(1600, 400)), name="a.jpg")
    rules = providers.get("instagram").capabilities.images
    assert rules.max_ratio is not None
    made = _items("instagram", asset)
    assert made.ratio <= rules.max_ratio + 0.01
    assert made.mime in rules.mimes
    assert _items("mastodon", asset).ratio == pytest.approx(4, abs=0.01)


def test_an_animation_becomes_a_video_where_a_network_has_no_gifs(actor: Any) -> None:
    asset, _ = assets.upload(
        actor=actor, file=samples.animation(30, size=(240, 240)), name="dance.gif"
    )
    assert _items("mastodon", asset).kind == "gif"
    keys = [
        one.key
        for one in providers.all_publishers()
        if one.capabilities.video
        and not any("gif" in shape.takes for shape in one.capabilities.formats)
        and any("video" in shape.takes for shape in one.capabilities.formats)
    ]
    assert keys
    for key in keys:
        assert _items(key, asset).kind == "video", key


def test_a_document_goes_as_it_is_with_its_pages(actor: Any) -> None:
    asset, _ = assets.upload(actor=actor, file=samples.pdf(), name="report.pdf")
    made = _items("linkedin", asset)
    assert (made.kind, made.mime, made.name) == ("document", "application/pdf", "report.pdf")
    assert made.pages == asset.pages
    assert made.read()[:4] == b"%PDF"
    assert made.part(1, 3) == b"PDF"


def test_cover_moment_and_captions_come_where_the_network_takes_them(
    actor: Any, film: Any, monkeypatch: Any
) -> None:
    Caption.objects.create(asset=film, language="de", text="WEBVTT\n", cues=1)
    Caption.objects.create(asset=film, language="en", text="WEBVTT\n\nen", cues=1)
    film.cover_ms = 500
    film.save()
    network = providers.get("mastodon")
    rules = network.capabilities.video
    assert rules is not None
    for cover, captions in (("both", True), ("none", False)):
        changed = rules.model_copy(update={"cover": cover, "captions": captions})
        facts = network.capabilities.model_copy(update={"video": changed})
        monkeypatch.setitem(network.__dict__, "capabilities", facts)
        made = _items("mastodon", film, language="en")
        assert (made.cover is not None) is (cover == "both")
        assert made.cover_ms == (500 if cover == "both" else None)
        assert (made.captions is not None) is captions
        if captions:
            assert (made.captions_language, made.captions()) == ("en", b"WEBVTT\n\nen")
        if made.cover is not None:
            assert made.cover.mime == "image/jpeg"


def test_only_an_installation_with_an_address_has_one_for_files(actor: Any, settings: Any) -> None:
    asset, _ = assets.upload(actor=actor, file=samples.picture(), name="a.jpg")
    settings.CANDY_PUBLIC_URL = "http://localhost:8000"
    with pytest.raises(ProviderError) as refused:
        _items("instagram", asset).url()
    assert refused.value.kind is ErrorKind.MEDIA_INVALID
    settings.CANDY_PUBLIC_URL = "https://candy.example.com"
    assert _items("instagram", asset).url().startswith("https://candy.example.com/")


def test_files_of_a_threads_parts_are_made_too(
    make_target: Any, film: Any, actor: Any, network: Any
) -> None:
    target = make_target("First", thread=[{"text": "Second", "media": [str(film.pk)]}])
    assert make_all() == 1
    done = run(target, seconds=20)
    assert (again(done).state, done.parts_done) == (S.PUBLISHED, 2)
    posts.duplicate(actor=actor, post=done.post_id)
    assert network.posts() == 2
