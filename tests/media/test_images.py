"""What strangers send becomes a plain image of ours, or a clear refusal."""

from __future__ import annotations

import io
import resource

import pytest
from PIL import Image

from apps.media import images
from apps.media.errors import CannotFit, ImageBroken, NotAnImage, TooManyPixels
from apps.media.types import RenditionSpec
from tests.media import samples

JPEG_ONLY = RenditionSpec(mimes=("image/jpeg",))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_taken_format_is_written_anew(kind: str) -> None:
    made, mime, frames = images.sanitise(samples.picture(kind))
    assert (made.width, made.height, frames) == (64, 48, 1)
    assert mime == f"image/{kind.lower()}"
    assert opened(made.data).size == (64, 48)


def test_location_and_camera_are_dropped_and_the_picture_stands_upright() -> None:
    sent = samples.with_location(size=(80, 40), orientation=6)
    assert 0x8825 in opened(sent).getexif()
    made, _, _ = images.sanitise(sent)
    assert (made.width, made.height) == (40, 80)
    assert not opened(made.data).getexif()
    assert b"Ada" not in made.data


def test_what_hides_behind_a_picture_stays_behind() -> None:
    script = b"<script>alert(1)</script><?php system('id') ?>"
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        made, _, _ = images.sanitise(samples.picture(kind) + script)
        assert b"script" not in made.data


def test_text_inside_metadata_is_dropped() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>")
    made, _, _ = images.sanitise(samples.picture("PNG", pnginfo=info))
    assert b"alert" not in made.data


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><body>hello</body></html>",
        b"%PDF-1.7 ...",
        b"#EXTM3U\nfile:///etc/passwd",
        b"\x00" * 200,
        b"GIF",
        b"II*\x00" + b"\0" * 100,  # TIFF
        b"8BPS" + b"\0" * 100,
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
)
def test_what_is_no_image_is_refused_by_its_content(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        images.sanitise(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_image_is_refused(kind: str) -> None:
    whole = samples.noise((200, 200), kind)
    with pytest.raises((ImageBroken, NotAnImage)) as refused:
        images.sanitise(whole[: len(whole) // 2])
    assert refused.value.field == "file"


@pytest.mark.parametrize("side", [8_000, 12_000, 30_000, 65_000])
def test_a_pixel_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooManyPixels):
        images.sanitise(samples.bomb(side))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 100_000  # kilobytes


def test_an_animation_stays_one_and_too_long_a_one_is_refused() -> None:
    made, mime, frames = images.sanitise(samples.animation(4))
    assert (mime, frames) == ("image/gif", 4)
    assert getattr(opened(made.data), "n_frames", 1) == 4
    with pytest.raises(TooManyPixels):
        images.sanitise(samples.animation(images.MAX_FRAMES + 1, size=(4, 4)))


def test_a_rendition_keeps_what_fits_already() -> None:
    master = samples.picture("PNG")
    assert images.fit(master, RenditionSpec()).data == master


def test_a_rendition_is_small_enough_in_bytes_and_pixels() -> None:
    master = samples.noise((900, 600), "JPEG", quality=95)
    made = images.fit(
        master, RenditionSpec(mimes=("image/jpeg",), max_bytes=60_000, max_pixels=100_000)
    )
    assert len(made.data) <= 60_000
    assert made.width * made.height <= 100_000
    assert abs(made.width / made.height - 1.5) < 0.02


def test_transparency_lands_on_white_where_the_network_takes_jpeg_only() -> None:
    master = samples.picture("PNG", color=(255, 0, 0, 0))
    made = images.fit(master, JPEG_ONLY)
    assert made.mime == "image/jpeg"
    assert opened(made.data).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_a_large_png_photo_becomes_a_jpeg_rather_than_a_stamp() -> None:
    master = samples.noise((500, 500), "PNG")
    made = images.fit(master, RenditionSpec(mimes=("image/png", "image/jpeg"), max_bytes=120_000))
    assert made.mime == "image/jpeg"
    assert made.width >= 280


def test_what_cannot_be_made_small_enough_is_said() -> None:
    with pytest.raises(CannotFit):
        images.fit(samples.noise((300, 300)), RenditionSpec(mimes=("image/jpeg",), max_bytes=200))


def test_a_cmyk_photo_is_taken() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (20, 20), (0, 200, 200, 0)).save(out, "JPEG")
    made, _, _ = images.sanitise(out.getvalue())
    assert opened(made.data).mode == "RGB"
