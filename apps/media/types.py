"""Plain types of the media library. No Django here: the confined checker imports this too."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from apps.media.errors import BadSpec

MIMES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
FORMATS = {mime: name for name, mime in MIMES.items()}

_OFFICE = "application/vnd.openxmlformats-officedocument."
PDF = "application/pdf"
DOC, DOCX = "application/msword", f"{_OFFICE}wordprocessingml.document"
PPT, PPTX = "application/vnd.ms-powerpoint", f"{_OFFICE}presentationml.presentation"
MP4, MOV, WEBM, MKV = "video/mp4", "video/quicktime", "video/webm", "video/x-matroska"

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    MP4: "mp4",
    MOV: "mov",
    WEBM: "webm",
    MKV: "mkv",
    PDF: "pdf",
    DOC: "doc",
    DOCX: "docx",
    PPT: "ppt",
    PPTX: "pptx",
}
Kind = Literal["image", "gif", "video", "document"]
# What a browser may say of a file before it is looked at. "gif" is found out, not declared.
DECLARED: dict[str, Kind] = {
    **dict.fromkeys(MIMES.values(), "image"),
    **dict.fromkeys((MP4, MOV, WEBM, MKV, "video/x-m4v", "video/3gpp"), "video"),
    **dict.fromkeys((PDF, DOC, DOCX, PPT, PPTX), "document"),
}
Fit = Literal["crop", "pad", "blur"]


@dataclass(frozen=True, slots=True)
class Box:
    """Part of a picture, as fractions of its width and height from its top left corner."""

    x: float
    y: float
    width: float
    height: float

    def to_json(self) -> dict[str, float]:
        return {name: round(value, 5) for name, value in asdict(self).items()}


class _Spec:
    """What specs share: they are equal when they ask for the same."""

    __slots__ = ()

    @property
    def digest(self) -> str:
        """32 hex digits, the same for equal specs. What is at its default does not count, so a
        field added later changes no digest."""
        data = {
            field.name: getattr(self, field.name)
            for field in fields(self)  # type: ignore[arg-type]
            if getattr(self, field.name) != field.default or field.name in self._ALWAYS
        }
        if "mimes" in data:
            data["mimes"] = sorted(data["mimes"])
        packed = json.dumps(data | self._KIND, sort_keys=True)
        return hashlib.sha256(packed.encode()).hexdigest()[:32]

    _ALWAYS: frozenset[str] = frozenset()
    _KIND: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class RenditionSpec(_Spec):
    """What an image must be. Sizes in bytes and pixels, ratios width / height; None: no limit.

    ``ratio`` asks for exactly that shape, ``min_ratio`` and ``max_ratio`` for one between them; an
    image that has another shape is made to fit by ``fit``: cut (keeping faces, or what people have
    set as the asset's focus), set on white, or set on a blurred copy of itself.
    """

    mimes: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp", "image/gif")
    max_bytes: int | None = None
    max_pixels: int | None = None
    max_side: int | None = None
    ratio: float | None = None
    min_ratio: float | None = None
    max_ratio: float | None = None
    fit: Fit = "crop"

    _ALWAYS = frozenset({"mimes", "max_bytes", "max_pixels", "max_side"})


@dataclass(frozen=True, slots=True)
class VideoSpec(_Spec):
    """What a video must be: MP4 (H.264 High, yuv420p, AAC-LC stereo, moov first) or a GIF.

    Sizes in pixels and bytes, bitrates in bits a second, durations in seconds; None: no limit.
    ``loudness`` in LUFS, None leaves the sound as it is. ``captions`` burns the asset's captions of
    that language into the picture. A source that is longer than ``max_seconds`` is refused unless
    ``trim``. A GIF that is shorter than ``min_seconds`` is shown several times, a video is refused.
    """

    container: Literal["mp4", "gif"] = "mp4"
    max_width: int | None = None
    max_height: int | None = None
    max_pixels: int | None = None
    min_fps: float | None = None
    max_fps: float | None = None
    max_bitrate: int | None = None
    max_bytes: int | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    trim: bool = False
    ratio: float | None = None
    min_ratio: float | None = None
    max_ratio: float | None = None
    fit: Fit = "pad"
    loudness: float | None = -14.0
    audio: bool = True
    captions: str = ""

    _KIND = {"kind": "video"}

    @property
    def mime(self) -> str:
        return MP4 if self.container == "mp4" else "image/gif"


Spec = RenditionSpec | VideoSpec


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """A spec as a job's input keeps it; ``spec_from_json`` gives it back."""
    data = asdict(spec)
    if isinstance(spec, RenditionSpec):
        data["mimes"] = list(spec.mimes)
    return {"type": "video" if isinstance(spec, VideoSpec) else "image", **data}


def spec_from_json(data: dict[str, Any]) -> Spec:
    """Raises BadSpec for what is no spec."""
    values = dict(data)
    kind = values.pop("type", None)
    try:
        if kind == "video":
            return VideoSpec(**values)
        if kind == "image":
            return RenditionSpec(**{**values, "mimes": tuple(values["mimes"])})
    except (TypeError, KeyError) as error:
        raise BadSpec("This is no description of a rendition.") from error
    raise BadSpec("A rendition is of the type “image” or “video”.")


# What pages show. `full` is the largest form in which an image is ever handed out.
SHOWN: dict[str, RenditionSpec] = {
    "thumb": RenditionSpec(mimes=("image/webp",), max_side=320),
    "card": RenditionSpec(mimes=("image/webp",), max_side=800),
    "large": RenditionSpec(mimes=("image/webp",), max_side=2048),
    "full": RenditionSpec(),
}
# What the player gets where a browser could not play the video as it came.
PLAYED = VideoSpec(max_width=1920, max_height=1920, max_fps=60, loudness=None)


@dataclass(frozen=True, slots=True)
class Encoded:
    """An image we have written ourselves."""

    data: bytes
    mime: str
    width: int
    height: int
