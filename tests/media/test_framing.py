"""What is kept when a picture is cut, and how large a frame around it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from apps.errors import PermissionDenied
from apps.media import framing, images
from apps.media.errors import BadDetails, WrongKind
from apps.media.models import Asset, Rendition
from apps.media.services import assets, renditions
from apps.media.types import Box, RenditionSpec, VideoSpec
from apps.workspaces.types import Actor
from tests.media import samples

SQUARE = RenditionSpec(mimes=("image/png",), ratio=1)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("size", "spec", "ratio"),
    [
        ((1000, 1000), RenditionSpec(), None),
        ((1000, 1000), RenditionSpec(ratio=1), None),
        ((1005, 1000), RenditionSpec(ratio=1), None),  # nobody sees that
        ((1600, 900), RenditionSpec(ratio=1), 1),
        ((1600, 900), RenditionSpec(min_ratio=0.8, max_ratio=1.91), None),
        ((3000, 900), RenditionSpec(min_ratio=0.8, max_ratio=1.91), 1.91),
        ((900, 1600), RenditionSpec(min_ratio=0.8, max_ratio=1.91), 0.8),
        ((900, 1600), RenditionSpec(max_ratio=1.91), None),
    ],
)
def test_a_shape_is_changed_only_where_it_must_be(
    size: tuple[int, int], spec: RenditionSpec, ratio: float | None
) -> None:
    assert framing.wanted_ratio(*size, spec) == ratio


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1, 1.91, 3])
@pytest.mark.parametrize("size", [(1600, 900), (900, 1600), (1000, 1000), (3, 1000)])
def test_a_cut_has_the_ratio_and_lies_inside(size: tuple[int, int], ratio: float) -> None:
    for focus in (None, {"x": 0, "y": 0}, {"x": 1, "y": 1}, {"x": 0.5, "y": 0.9, "width": 0.1}):
        box = framing.crop_box(*size, ratio, focus=focus)
        assert 0 <= box.x <= box.x + box.width <= 1.0001
        assert 0 <= box.y <= box.y + box.height <= 1.0001
        left, top, right, bottom = framing.pixels(box, *size)
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        assert box.width * size[0] / (box.height * size[1]) == pytest.approx(ratio)


def test_a_point_is_in_the_middle_and_a_box_of_the_ratio_is_the_cut() -> None:
    box = framing.crop_box(1600, 900, 1, focus={"x": 0.5, "y": 0.5})
    assert box.x + box.width / 2 == pytest.approx(0.5)
    chosen = {"x": 0.1, "y": 0.2, "width": 0.225, "height": 0.4}
    assert framing.crop_box(1600, 900, 1, focus=chosen) == Box(**chosen)


@pytest.mark.parametrize(
    "focus",
    [{}, {"x": "a", "y": 1}, {"x": 2, "y": 0}, {"x": 0.5, "y": 0.5, "width": 0.9}, {"note": 1}],
)
def test_a_focus_that_is_none_is_not_used(focus: dict[str, Any]) -> None:
    assert framing.read_focus(focus) is None


def test_faces_are_worth_more_than_edges() -> None:
    attention = {
        "rows": 1,
        "columns": 4,
        "grid": [1.0, 1.0, 0.1, 0.1],
        "keep": [[0.7, 0.2, 0.25, 0.6, 3.0]],
    }
    box = framing.crop_box(2000, 1000, 1, attention=attention)
    assert box.x <= 0.7
    assert box.x + box.width >= 0.95


@pytest.mark.parametrize("at", [(40, 120), (740, 140)])
def test_a_logo_is_kept_wherever_it_is(keep: Callable[..., Asset], at: tuple[int, int]) -> None:
    asset = keep(samples.with_mark(at=at))
    made = renditions.image(asset=asset, spec=SQUARE)
    assert (made.width, made.height) == (300, 300)
    box = Box(**made.crop)
    assert box.x * 900 <= at[0] - 10
    assert (box.x + box.width) * 900 >= at[0] + 80
    assert renditions.preview_crop(asset=asset, ratio=1).to_json() == made.crop
    colours = opened(assets.read(made)).convert("RGB").getcolors(100_000)
    assert any(colour == (192, 16, 80) for _, colour in colours or [])


@pytest.mark.parametrize("at", [(700, 250), (450, 250), (200, 250)])
def test_a_face_is_kept_even_beside_loud_lettering(
    keep: Callable[..., Asset], at: tuple[int, int]
) -> None:
    asset = keep(samples.with_face(at=at))
    box = renditions.preview_crop(asset=asset, ratio=0.8)
    assert box.x * 900 <= at[0] - 70
    assert (box.x + box.width) * 900 >= at[0] + 70


PLACES = [
    ((0, 0), (1000, 400), 0.8),
    ((640, 60), (1000, 400), 0.8),
    ((340, 60), (1000, 400), 9 / 16),
    ((40, 0), (400, 1000), 1.91),
    ((40, 640), (400, 1000), 1.91),
    ((40, 300), (400, 1000), 1.0),
]


@pytest.mark.parametrize(("at", "size", "ratio"), PLACES)
def test_the_face_of_a_person_is_kept_wherever_they_stand(
    keep: Callable[..., Asset], at: tuple[int, int], size: tuple[int, int], ratio: float
) -> None:
    picture, face = samples.with_portrait(at, size)
    asset = keep(picture)
    box = renditions.preview_crop(asset=asset, ratio=ratio)
    left, top, right, bottom = framing.pixels(box, *size)
    assert left <= face[0] < face[2] <= right
    assert top <= face[1] < face[3] <= bottom


@pytest.mark.parametrize("at", [(100, 60), (100, 780)])
def test_a_logo_above_or_below_is_kept(keep: Callable[..., Asset], at: tuple[int, int]) -> None:
    asset = keep(samples.with_mark(size=(300, 900), at=at))
    box = renditions.preview_crop(asset=asset, ratio=1)
    assert box.y * 900 <= at[1] - 10
    assert (box.y + box.height) * 900 >= at[1] + 60


def test_a_video_is_cut_around_the_face_and_around_the_logo(keep: Callable[..., Asset]) -> None:
    person, face = samples.with_portrait((640, 60), (1000, 400))
    mark = samples.with_mark(at=(40, 120))
    for picture, size, inside in (
        (person, (1000, 400), face),
        (mark, (900, 300), (30, 110, 120, 190)),
    ):
        asset = keep(samples.film_of(picture), "film.mp4")
        made = renditions.make_video(
            asset=asset,
            spec=VideoSpec(ratio=0.8, fit="crop", loudness=None),
            report=lambda share, what: None,
        )
        left, _, right, _ = framing.pixels(Box(**(made.crop or {})), *size)
        assert left <= inside[0]
        assert inside[2] <= right
        assert made.width / made.height == pytest.approx(0.8, rel=0.02)


def test_what_people_say_wins_and_makes_another_rendition(
    keep: Callable[..., Asset], actor: Actor
) -> None:
    asset = keep(samples.with_mark())
    found = renditions.image(asset=asset, spec=SQUARE)
    plain = renditions.image(asset=asset, spec=RenditionSpec(max_side=200))
    asset = assets.set_focus(actor=actor, asset=asset, focus={"x": 0.0, "y": 0.5})
    theirs = renditions.image(asset=asset, spec=SQUARE)
    assert theirs.pk != found.pk
    assert theirs.crop["x"] == 0
    assert renditions.image(asset=asset, spec=RenditionSpec(max_side=200)).pk == plain.pk
    asset = assets.set_focus(actor=actor, asset=asset, focus=None)
    assert renditions.image(asset=asset, spec=SQUARE).pk == found.pk
    assert Rendition.objects.filter(asset=asset).count() == 4  # and the one that was looked at


def test_only_who_may_sets_a_focus_and_only_one_that_is_one(
    keep: Callable[..., Asset], actor: Actor, viewer: Any, actor_for: Any, in_workspace: Any
) -> None:
    asset = keep(samples.picture())
    with pytest.raises(PermissionDenied):
        assets.set_focus(actor=actor_for(viewer, in_workspace), asset=asset, focus={"x": 0, "y": 0})
    with pytest.raises(BadDetails):
        assets.set_focus(actor=actor, asset=asset, focus={"x": 3, "y": 0})
    with pytest.raises(WrongKind):
        assets.set_focus(actor=actor, asset=keep(samples.pdf()), focus={"x": 0, "y": 0})
    asset.refresh_from_db()
    assert asset.focus is None


@pytest.mark.parametrize("fit", ["pad", "blur"])
def test_a_frame_keeps_all_of_the_picture(fit: Any) -> None:
    master = samples.picture("PNG", size=(400, 200), color=(200, 20, 20))
    spec = RenditionSpec(mimes=("image/png",), ratio=1, fit=fit, max_side=300)
    made = images.fit(master, spec)
    picture = opened(made.data).convert("RGB")
    assert picture.size == (300, 300)
    assert picture.getpixel((150, 150)) == (200, 20, 20)
    edge = picture.getpixel((150, 5))
    assert edge == (255, 255, 255) if fit == "pad" else edge[0] > 120 > edge[1]


def test_a_portrait_too_tall_for_a_feed_is_cut_to_the_tallest_it_takes() -> None:
    spec = RenditionSpec(mimes=("image/jpeg",), min_ratio=0.8, max_ratio=1.91)
    made = images.fit(samples.noise((300, 600)), spec)
    assert made.width / made.height == pytest.approx(0.8, rel=0.01)
    assert made.width == 300


def test_a_specs_name_does_not_change_with_fields_that_are_added() -> None:
    """Renditions that were made before are found again."""
    assert RenditionSpec().digest == "e8b7040cd5bc6bc603a80c349ff4655e"
    assert RenditionSpec(ratio=None).digest == RenditionSpec().digest
    assert RenditionSpec(ratio=1).digest != RenditionSpec().digest
    mixed = RenditionSpec(mimes=("image/png", "image/jpeg"))
    assert mixed.digest == RenditionSpec(mimes=("image/jpeg", "image/png")).digest
