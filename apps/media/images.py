"""Decoding what strangers send and writing it anew. Pure: bytes in, bytes out, no storage.

Content decides, never the name: only the four formats are tried, sizes are read from the header
before anything is decoded, and whatever hides behind the picture stays behind.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import (
    Image,
    ImageCms,
    ImageEnhance,
    ImageFilter,
    ImageOps,
    ImageSequence,
    UnidentifiedImageError,
)

from apps.media import framing
from apps.media.errors import CannotFit, ImageBroken, NotAnImage, TooManyPixels
from apps.media.types import FORMATS, MIMES, Box, Encoded, RenditionSpec

MAX_PIXELS = 40_000_000  # of one picture: 160 MB decoded
MAX_ANIMATED_PIXELS = 100_000_000  # of all frames together
MAX_FRAMES = 600
_OPTIMISED = 12_000_000  # pixels
_QUALITIES = (90, 85, 78, 70, 60, 50, 40)
_SMALLEST = 64  # pixels of the longer side; below that we say that it cannot be done
_SRGB = ImageCms.createProfile("sRGB")


def sanitise(data: bytes) -> tuple[Encoded, str, int]:
    """`data` written anew: upright, in sRGB, without metadata. Also its own type and frame count.

    Raises NotAnImage, TooManyPixels, ImageBroken.
    """
    made, mime, frames, _ = sanitise_with_time(data)
    return made, mime, frames


def sanitise_with_time(data: bytes) -> tuple[Encoded, str, int, float | None]:
    """As `sanitise`, with the seconds that one showing of an animation takes."""
    with _opened(data) as image:
        mime = MIMES[image.format or ""]
        frames = getattr(image, "n_frames", 1)
        _check_size(image, frames)
        if frames > 1 and mime in ("image/gif", "image/webp"):
            made, seconds = _write_animation(image, mime)
            return made, mime, frames, seconds
        upright = _upright(image)
        keeps_alpha = _has_alpha(upright)
        out = "image/png" if mime == "image/gif" or (mime == "image/jpeg" and keeps_alpha) else mime
        return _write(upright, out, quality=92), mime, 1, None


def fit(
    master: bytes, spec: RenditionSpec, *, is_animated: bool = False, crop: Box | None = None
) -> Encoded:
    """`master` in the form `spec` asks for; `crop` is what to keep where it must be cut (None: the
    middle). Raises CannotFit.

    An animation stays one where it fits as it is; else its first frame is taken.
    """
    with _opened(master) as image:
        mime = MIMES[image.format or ""]
        if _fits(image, mime, len(master), spec):
            return Encoded(master, mime, image.width, image.height)
        if is_animated:
            image.seek(0)
        picture = _upright(image)
    ratio = framing.wanted_ratio(picture.width, picture.height, spec)
    target = _choose(mime, _has_alpha(picture) and (ratio is None or spec.fit == "crop"), spec)
    if ratio is not None and spec.fit == "crop":
        box = crop or framing.crop_box(picture.width, picture.height, ratio)
        picture = picture.crop(framing.pixels(box, picture.width, picture.height))
        ratio = None
    picture = _shrunk(picture, _scale(picture, spec, ratio))
    if ratio is not None:
        picture = _framed(picture, ratio, is_blurred=spec.fit == "blur")
    return _squeeze(picture, target, spec)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The image behind `data`, its failures in our words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=list(MIMES)) as image:
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels(_too_many(None), field="file") from None
    except UnidentifiedImageError:
        raise NotAnImage(
            "This is not a JPEG, PNG, WebP or GIF image, whatever its name says.", field="file"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise ImageBroken(
            "This image is damaged or was cut off. Export it again and retry.", field="file"
        ) from error


def _check_size(image: Image.Image, frames: int) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise TooManyPixels(_too_many(pixels), field="file")
    if frames > MAX_FRAMES or pixels * frames > MAX_ANIMATED_PIXELS:
        raise TooManyPixels(
            f"This animation has {frames:,} frames of {image.width} × {image.height}; that is too "
            "much to handle. Shorten it or make it smaller.",
            field="file",
        )


def _too_many(pixels: int | None) -> str:
    size = f"has {pixels / 1e6:.0f} million pixels" if pixels else "is far too large"
    return f"This image {size}; at most {MAX_PIXELS // 1_000_000} million can be handled."


def _upright(image: Image.Image) -> Image.Image:
    """Decoded to the end, turned as its EXIF says, in sRGB, as RGB or RGBA."""
    image.load()
    profile = image.info.get("icc_profile")
    ImageOps.exif_transpose(image, in_place=True)  # a copy would be another 160 MB
    turned = image
    if turned.mode not in ("RGB", "RGBA", "CMYK"):
        turned = turned.convert("RGBA" if _has_alpha(turned) else "RGB")
    if profile:
        turned = _to_srgb(turned, profile)
    return turned.convert("RGB") if turned.mode == "CMYK" else turned


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A wrong profile is common and no reason to refuse a photo."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        base = image.convert("RGB") if alpha is not None else image
        done = ImageCms.profileToProfile(base, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    if done is None:
        return image
    if alpha is not None:
        done.putalpha(alpha)
    return done


def _has_alpha(image: Image.Image) -> bool:
    if image.mode in ("RGBA", "LA", "PA"):
        low: Any = image.getchannel("A").getextrema()[0]
        return bool(low < 255)
    return "transparency" in image.info


def _write(image: Image.Image, mime: str, *, quality: int) -> Encoded:
    out = io.BytesIO()
    if mime == "image/jpeg":
        flat = _flat(image)
        # Better tables need all of the picture once more in memory.
        is_small = flat.width * flat.height <= _OPTIMISED
        flat.save(out, "JPEG", quality=quality, optimize=is_small, progressive=False)
    elif mime == "image/png":
        image.save(out, "PNG", compress_level=6)
    else:
        image.save(out, "WEBP", quality=quality, method=3)
    return Encoded(out.getvalue(), mime, image.width, image.height)


def _write_animation(image: Image.Image, mime: str) -> tuple[Encoded, float]:
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        durations.append(int(frame.info.get("duration", 100)) or 100)
        frames.append(frame.convert("RGBA"))
    out = io.BytesIO()
    frames[0].save(
        out,
        FORMATS[mime],
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=int(image.info.get("loop", 0) or 0),
        disposal=2,
    )
    return Encoded(out.getvalue(), mime, image.width, image.height), sum(durations) / 1000


def _flat(image: Image.Image) -> Image.Image:
    """On white: JPEG knows no transparency."""
    if image.mode == "RGB":
        return image
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _fits(image: Image.Image, mime: str, size: int, spec: RenditionSpec) -> bool:
    return (
        mime in spec.mimes
        and (spec.max_bytes is None or size <= spec.max_bytes)
        and (spec.max_pixels is None or image.width * image.height <= spec.max_pixels)
        and (spec.max_side is None or max(image.size) <= spec.max_side)
        and framing.wanted_ratio(image.width, image.height, spec) is None
    )


def _choose(mime: str, has_alpha: bool, spec: RenditionSpec) -> str:
    """The format that keeps most: its own, one with transparency where that matters, else JPEG."""
    wishes = [mime if mime != "image/gif" else "image/png"]
    wishes += ["image/png", "image/webp"] if has_alpha else []
    wishes += ["image/jpeg", "image/webp", "image/png"]
    for wish in wishes:
        if wish in spec.mimes:
            return wish
    raise CannotFit("This network takes no image format that Candy can write.", field="media")


def _scale(image: Image.Image, spec: RenditionSpec, ratio: float | None) -> float:
    """How much smaller it must be, counting what is put around it to have `ratio`."""
    width, height = framing.around(image.width, image.height, ratio)
    scale = 1.0
    if spec.max_side:
        scale = min(scale, spec.max_side / max(width, height))
    if spec.max_pixels:
        scale = min(scale, math.sqrt(spec.max_pixels / (width * height)))
    return scale


def _framed(image: Image.Image, ratio: float, *, is_blurred: bool) -> Image.Image:
    """In the middle of a ground of that shape: white, or itself, enlarged and blurred."""
    size = framing.around(image.width, image.height, ratio)
    flat = _flat(image)
    if is_blurred:
        small = ImageOps.fit(flat, (max(1, size[0] // 16), max(1, size[1] // 16)))
        small = small.filter(ImageFilter.GaussianBlur(max(1, max(small.size) // 24)))
        ground = small.resize(size, Image.Resampling.BICUBIC)
        ground = ImageEnhance.Brightness(ground).enhance(0.85)
    else:
        ground = Image.new("RGB", size, "white")
    ground.paste(flat, ((size[0] - flat.width) // 2, (size[1] - flat.height) // 2))
    return ground


def _shrunk(image: Image.Image, scale: float) -> Image.Image:
    if scale >= 1:
        return image
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _squeeze(image: Image.Image, mime: str, spec: RenditionSpec) -> Encoded:
    """Less quality first, then fewer pixels, until it is small enough."""
    has_alpha = _has_alpha(image)
    while max(image.size) >= _SMALLEST or spec.max_bytes is None:
        for quality in _QUALITIES if mime != "image/png" else (0,):
            made = _write(image, mime, quality=quality)
            if spec.max_bytes is None or len(made.data) <= spec.max_bytes:
                return made
        if mime == "image/png" and not has_alpha and "image/jpeg" in spec.mimes:
            mime = "image/jpeg"
            continue
        image = _shrunk(image, 0.75)
    raise CannotFit(
        f"This image cannot be made smaller than {spec.max_bytes:,} bytes.", field="media"
    )
