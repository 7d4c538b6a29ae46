"""Calling ffmpeg: never with an address or a name that a stranger chose, always with the demuxer said.

The input is an open descriptor. The only protocol allowed for it is ``fd``, and only the demuxer that
our own look at the file has found, so a playlist or a reference to another file leads nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from apps.errors import Unavailable
from apps.media import confine
from apps.media.confine import MB, Limits
from apps.media.errors import CheckTooHeavy, RenditionFailed
from apps.media.types import MKV, MOV, MP4, WEBM

DEMUXERS = {MP4: "mov", MOV: "mov", WEBM: "matroska", MKV: "matroska", "image/gif": "gif"}
VIDEO_CODECS = frozenset(
    ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "prores", "mjpeg", "h263", "gif")
)
AUDIO_CODECS = frozenset(
    ("aac", "mp3", "opus", "vorbis", "flac", "alac", "ac3", "eac3", "amr_nb", "amrnb")
)
_DECODERS = ",".join(
    sorted(
        VIDEO_CODECS
        | AUDIO_CODECS
        | {"libdav1d", "mp3float", "libopus", "libvorbis"}
        | {f"pcm_{kind}" for kind in ("s16le", "s16be", "s24le", "s24be", "s32le", "f32le", "u8")}
    )
)

# What the first look at a stranger's video may take, and what the encoder may take of our machine.
# The program itself is mapped with 170 MB, which count as address space but are hardly ever in memory.
LOOK = Limits(seconds=30, memory=(512 + 170) * MB, file=64 * MB, tasks=32)


@dataclass(frozen=True, slots=True)
class Source:
    """An open file and what it is (``DEMUXERS`` knows how to read it)."""

    fd: int
    mime: str

    def arguments(self, *before: str) -> list[str]:
        """``-i`` with everything that must stand before it."""
        demuxer = DEMUXERS[self.mime]
        found = ["-protocol_whitelist", "fd", "-codec_whitelist", _DECODERS]
        found += ["-format_whitelist", demuxer, "-f", demuxer]
        if demuxer == "mov":
            found += ["-enable_drefs", "0", "-use_absolute_path", "0"]
        return [*found, *before, "-fd", str(self.fd), "-i", "fd:"]


@dataclass(frozen=True, slots=True)
class Ran:
    """``seconds`` and ``frames`` are what was written; ``log`` is the end of what it said."""

    code: int
    seconds: float
    frames: int
    log: str
    peak_memory: int


@lru_cache
def binary() -> Path:
    """The program: ``CANDY_FFMPEG``, or the one that came with the wheel. Raises Unavailable."""
    if settings.CANDY_FFMPEG:
        return Path(settings.CANDY_FFMPEG)
    try:
        import imageio_ffmpeg

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise Unavailable(
            "Videos cannot be handled: there is no ffmpeg for this machine. Set CANDY_FFMPEG."
        ) from error


def run(
    arguments: Sequence[str],
    *,
    source: Source,
    folder: Path,
    limits: Limits,
    readable: Sequence[Path] = (),
    on_seconds: Callable[[float], None] | None = None,
    tick: Callable[[], None] | None = None,
    level: str = "error",
) -> Ran:
    """Run ffmpeg in ``folder``; output names are relative to it. ``on_seconds`` gets how much of the
    output is written, a few times a second. Raises confine.TimeIsUp and what the callbacks raise.
    """
    os.lseek(source.fd, 0, os.SEEK_SET)
    reached = {"seconds": 0.0, "frames": 0}

    def line(text: str) -> None:
        name, _, value = text.partition("=")
        if name == "frame" and value.strip().isdigit():
            reached["frames"] = int(value)
        elif name == "out_time_us" and value.strip().lstrip("-").isdigit():
            reached["seconds"] = max(0.0, int(value) / 1e6)
        elif name == "progress" and on_seconds is not None:
            on_seconds(reached["seconds"])

    command: list[str | Path] = [
        binary(),
        "-hide_banner",
        "-nostdin",
        "-y",
        "-v",
        level,
        "-nostats",
    ]
    ended = confine.run(
        [*command, "-progress", "pipe:1", "-stats_period", "0.3", *arguments],
        folder=folder,
        limits=limits,
        fds=[source.fd],
        readable=readable,
        on_line=line,
        tick=tick,
    )
    return Ran(ended.code, reached["seconds"], int(reached["frames"]), ended.err, ended.peak_memory)


def look(
    arguments: Sequence[str],
    *,
    source: Source,
    folder: Path,
    limits: Limits = LOOK,
    level: str = "error",
    tick: Callable[[], None] | None = None,
) -> Ran:
    """Run for a check: half a minute and half a gigabyte, or the file is refused."""
    try:
        ran = run(arguments, source=source, folder=folder, limits=limits, level=level, tick=tick)
    except confine.TimeIsUp:
        raise CheckTooHeavy("Checking this video takes too long.", field="file") from None
    if ran.code < 0 or "Cannot allocate memory" in ran.log:
        raise CheckTooHeavy("Checking this video takes too much memory.", field="file")
    return ran


def failed(ran: Ran) -> RenditionFailed:
    lines = [line for line in ran.log.splitlines() if line.strip()]
    return RenditionFailed(f"The video encoder gave up: {lines[-1][:200] if lines else ran.code}")
