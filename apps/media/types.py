"""Plain types of the media library."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

MIMES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
FORMATS = {mime: name for name, mime in MIMES.items()}
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


@dataclass(frozen=True, slots=True)
class RenditionSpec:
    """What an image must be. Sizes in bytes and pixels; None where there is no limit."""

    mimes: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp", "image/gif")
    max_bytes: int | None = None
    max_pixels: int | None = None
    max_side: int | None = None

    @property
    def digest(self) -> str:
        """The same for equal specs, whatever the order of their formats."""
        data = asdict(self) | {"mimes": sorted(self.mimes)}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:32]


# What pages show. `full` is the largest form in which an image is ever handed out.
SHOWN: dict[str, RenditionSpec] = {
    "thumb": RenditionSpec(mimes=("image/webp",), max_side=320),
    "card": RenditionSpec(mimes=("image/webp",), max_side=800),
    "large": RenditionSpec(mimes=("image/webp",), max_side=2048),
    "full": RenditionSpec(),
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """An image we have written ourselves."""

    data: bytes
    mime: str
    width: int
    height: int
