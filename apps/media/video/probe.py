"""What a video is made of, read off ffmpeg's own description of it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

from apps.media.errors import VideoBroken, VideoNotTaken
from apps.media.video.ffmpeg import AUDIO_CODECS, VIDEO_CODECS

MAX_PIXELS = 8192 * 4352  # of one frame
MAX_SECONDS = 4 * 3600
MAX_FPS = 250
MAX_STREAMS = 32

_DURATION = re.compile(r"^\s*Duration: (?:(\d+):(\d\d):(\d\d(?:\.\d+)?)|N/A)", re.M)
_STREAM = re.compile(r"^\s*Stream #0:\d+.*?: (Video|Audio|Subtitle|Data|Attachment): (.*)$", re.M)
_ROTATION = re.compile(r"rotation of (-?\d+(?:\.\d+)?) degrees")
_SIZE = re.compile(r"\b(\d{1,6})x(\d{1,6})\b")
_SAR = re.compile(r"\[SAR (\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Probe:
    """``width`` and ``height`` are as it is shown: upright, with square pixels. Bitrates in bits/s."""

    duration: float  # seconds
    width: int
    height: int
    fps: float
    video_codec: str
    pixel_format: str
    profile: str = ""
    video_bitrate: int | None = None
    rotation: int = 0  # degrees that a player turns it by
    has_square_pixels: bool = True
    is_interlaced: bool = False
    is_hdr: bool = False  # HLG or PQ: brighter and more colourful than networks show
    audio_codec: str = ""  # empty: without sound
    audio_rate: int = 0
    audio_channels: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Probe:
        """Raises VideoBroken for what is no probe: an asset from before it was kept."""
        known = {field.name for field in fields(cls)}
        try:
            return cls(**{name: value for name, value in data.items() if name in known})
        except TypeError as error:
            raise VideoBroken("This video has not been checked.") from error

    @property
    def is_for_browsers(self) -> bool:
        """Whether every browser plays it as it is."""
        return (
            self.video_codec in ("h264", "vp8", "vp9")
            and self.pixel_format in ("yuv420p", "yuvj420p")
            and not self.is_hdr
            and self.audio_codec in ("", "aac", "mp3", "opus", "vorbis")
        )


def parse(log: str) -> Probe:
    """``log``: what ffmpeg says of its one input at level ``info``. Raises VideoBroken, VideoNotTaken."""
    log = log.partition("Stream mapping:")[0].partition("\nOutput #0")[0]
    streams = _STREAM.findall(log)
    if len(streams) > MAX_STREAMS:
        raise VideoNotTaken("This video has far too many tracks.", field="file")
    pictures = [text for kind, text in streams if kind == "Video" and "attached pic" not in text]
    if not pictures:
        if any(kind == "Audio" for kind, _ in streams):
            raise VideoNotTaken("Sound without a picture is not taken.", field="file")
        raise VideoBroken("This video has no pictures in it.", field="file")
    sounds = [text for kind, text in streams if kind == "Audio"]
    found = Probe(
        duration=_seconds(log), **_video(pictures[0], log), **(_audio(sounds[0]) if sounds else {})
    )
    _check(found)
    return found


def _seconds(log: str) -> float:
    match = _DURATION.search(log)
    if match is None or match.group(1) is None:
        return 0.0
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _video(text: str, log: str) -> dict[str, Any]:
    parts = _split(text)
    size = _SIZE.search(text)
    if size is None:
        raise VideoBroken("This video's pictures have no size.", field="file")
    width, height = int(size.group(1)), int(size.group(2))
    sar = Fraction(1)
    match = _SAR.search(text)
    if match and int(match.group(2)) and int(match.group(1)):
        sar = Fraction(int(match.group(1)), int(match.group(2)))
    rotation = round(float(turned.group(1))) if (turned := _ROTATION.search(log)) else 0
    width = round(width * sar)
    if rotation % 180:
        width, height = height, width
    codec, _, rest = parts[0].partition(" ")
    profile = re.match(r"\(([^)/]+)\)", rest)
    pixel_format = parts[1] if len(parts) > 1 else ""
    return {
        "width": width,
        "height": height,
        "fps": round(_before(parts, "fps") or _before(parts, "tbr") or 0.0, 3),
        "video_codec": codec,
        "profile": profile.group(1) if profile else "",
        "pixel_format": pixel_format.partition("(")[0].strip(),
        "is_interlaced": "top first" in pixel_format or "bottom first" in pixel_format,
        "is_hdr": "arib-std-b67" in pixel_format or "smpte2084" in pixel_format,
        "video_bitrate": round(rate * 1000) if (rate := _before(parts, "kb/s")) else None,
        "rotation": rotation,
        "has_square_pixels": sar == 1,
    }


def _audio(text: str) -> dict[str, Any]:
    parts = _split(text)
    return {
        "audio_codec": parts[0].partition(" ")[0],
        "audio_rate": int(_before(parts, "Hz") or 0),
        "audio_channels": parts[2].partition("(")[0] if len(parts) > 2 else "",
    }


def _split(text: str) -> list[str]:
    """At commas, but not at those in brackets."""
    return [part.strip() for part in re.split(r",\s*(?![^(\[]*[)\]])", text)]


def _before(parts: list[str], unit: str) -> float | None:
    for part in parts:
        if part.split(" (")[0].endswith(f" {unit}"):
            number = part.split()[0]
            scale = 1000 if number.endswith("k") else 1
            try:
                return float(number.rstrip("k")) * scale
            except ValueError:
                return None
    return None


def _check(probe: Probe) -> None:
    if probe.video_codec not in VIDEO_CODECS:
        raise VideoNotTaken(
            f"Videos in {probe.video_codec} are not taken. Export an MP4 with H.264.", field="file"
        )
    sound = probe.audio_codec
    if sound and sound not in AUDIO_CODECS and not sound.startswith("pcm_"):
        raise VideoNotTaken(f"Sound in {sound} is not taken. Export an MP4 with AAC.", field="file")
    if probe.width * probe.height > MAX_PIXELS or min(probe.width, probe.height) < 16:
        raise VideoNotTaken(
            f"Pictures of {probe.width} × {probe.height} cannot be handled.", field="file"
        )
    if probe.duration > MAX_SECONDS or probe.fps > MAX_FPS:
        raise VideoNotTaken(
            "A video may last four hours and show 250 pictures a second.", field="file"
        )
