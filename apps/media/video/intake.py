"""A stranger's video: decoded a little, then copied into a clean container, with a cover.

The structure of the file has been checked before (``checking.containers``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from apps.media.confine import MB
from apps.media.errors import VideoBroken
from apps.media.types import MKV, MOV, MP4, WEBM
from apps.media.video import ffmpeg
from apps.media.video.ffmpeg import LOOK, Source
from apps.media.video.probe import Probe, parse

# Nothing about who, where and when; not even which program wrote the file.
CLEAN = (
    *("-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", "-dn", "-sn"),
    *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
)
_ONE = ("-filter_threads", "1", "-filter_complex_threads", "1")
STREAMS = ("-map", "0:V:0", "-map", "0:a:0?")
_IN_MP4 = frozenset(("aac", "mp3", "ac3", "eac3", "opus", "alac", "flac", ""))
_MUXERS = {MP4: "mp4", MOV: "mov", WEBM: "webm", MKV: "matroska"}


@dataclass(frozen=True, slots=True)
class Taken:
    """``master`` and ``cover`` (a JPEG) are files in the folder that was given."""

    probe: Probe
    mime: str
    master: Path
    cover: Path


def take(source: Source, size: int, *, folder: Path, tick: Callable[[], None] | None) -> Taken:
    """Raises VideoBroken, VideoNotTaken, CheckTooHeavy."""
    probe = look(source, folder=folder, tick=tick)
    mime = master_mime(source.mime, probe)
    master = folder / f"master.{_MUXERS[mime]}"
    # Disks set the pace here, not the file's contents: a gigabyte in five seconds.
    limits = replace(LOOK, seconds=30 + size / (200 * MB), file=size + size // 20 + 16 * MB)
    arguments = [*source.arguments(), *STREAMS, *CLEAN, "-c", "copy"]
    if mime in (MP4, MOV):
        arguments += ["-movflags", "+faststart", "-strict", "experimental"]
    ran = ffmpeg.look(
        [*arguments, "-f", _MUXERS[mime], master.name],
        source=source,
        folder=folder,
        limits=limits,
        tick=tick,
    )
    if ran.code or _says_broken(ran.log):
        raise _broken()
    if not probe.duration:
        probe = replace(probe, duration=ran.seconds)
    if probe.duration <= 0:
        raise _broken()
    cover_at = cover(source, folder=folder, seconds=min(1.0, probe.duration / 3), tick=tick)
    return Taken(probe, mime, master, cover_at)


def look(source: Source, *, folder: Path, tick: Callable[[], None] | None = None) -> Probe:
    """The probe, after the first pictures were really decoded."""
    ran = ffmpeg.look(
        [*_ONE, *source.arguments("-threads", "1"), *STREAMS, "-t", "1", "-f", "null", "-"],
        source=source,
        folder=folder,
        level="info",
        tick=tick,
    )
    probe = parse(ran.log)
    if ran.code or not ran.frames:
        raise _broken()
    return probe


def cover(
    source: Source, *, folder: Path, seconds: float, tick: Callable[[], None] | None = None
) -> Path:
    """The picture at ``seconds`` as a JPEG, at most 2048 pixels long, upright, square pixels."""
    file = folder / "cover.jpg"
    scale = "scale='min(2048,iw*sar)':'min(2048,ih)':force_original_aspect_ratio=decrease"
    for start in dict.fromkeys((max(0.0, seconds), 0.0)):  # some have nothing that late
        file.unlink(missing_ok=True)
        ran = ffmpeg.look(
            [
                *(*_ONE, *source.arguments("-threads", "1", "-ss", f"{start:.3f}")),
                *("-map", "0:V:0", "-frames:v", "1", "-vf", f"{scale},setsar=1,format=yuvj420p"),
                *CLEAN,
                *("-threads", "1", "-q:v", "3", "-update", "1", "-f", "image2", file.name),
            ],
            source=source,
            folder=folder,
            tick=tick,
        )
        if not ran.code and file.exists() and file.stat().st_size:
            return file
    raise _broken()


def master_mime(mime: str, probe: Probe) -> str:
    """The container of the clean copy: MP4 wherever its codecs may lie in one."""
    if mime in (MP4, MOV):
        fits = probe.audio_codec in _IN_MP4 and probe.video_codec not in ("prores", "mjpeg")
        return MP4 if fits else MOV
    if probe.video_codec in ("vp8", "vp9", "av1") and probe.audio_codec in ("", "opus", "vorbis"):
        return WEBM
    if probe.video_codec in ("h264", "hevc") and probe.audio_codec in _IN_MP4:
        return MP4
    return MKV


def _says_broken(log: str) -> bool:
    return any(words in log for words in ("partial file", "Truncat", "corrupt", "File ended prem"))


def _broken() -> VideoBroken:
    return VideoBroken(
        "This video is damaged or was cut off. Export it again and retry.", field="file"
    )
