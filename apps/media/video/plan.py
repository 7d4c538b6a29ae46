"""From what a video is and what a network takes to how it is made. Pure: numbers in, arguments out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from apps.media import framing
from apps.media.errors import VideoCannotFit, VideoTooLong, VideoTooShort
from apps.media.types import Box, VideoSpec
from apps.media.video.probe import Probe

MAX_RATE = 12_000_000  # bits a second; more is wasted on what networks show
_GIF_SECONDS, _GIF_FPS, _GIF_SIDE = 60.0, 12.0, 480
# From what phones record in HLG or PQ to what everybody sees; without it all would look washed out.
_TO_SDR = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv"
)
_LEAST_RATE, _LEAST_SIDE = 60_000, 160
# Bits for each pixel and picture: below the first two passes spend them better, below the second
# the picture is made smaller, below the third nobody wants to look at it.
_COMFORT, _TIGHT, _POOR = 0.09, 0.035, 0.012


@dataclass(frozen=True, slots=True)
class Plan:
    """How to encode. Sizes are even; ``picture`` is what is shown inside the frame of that size.

    Rates in bits a second. ``video_rate`` is what pictures may take at most; with ``two_passes``
    what they shall take. ``loops`` is how often a GIF is shown.
    """

    width: int
    height: int
    picture: tuple[int, int]
    crop: Box | None
    fit: str
    fps: float | None
    seconds: float
    video_rate: int
    audio_rate: int
    two_passes: bool
    loops: int = 1

    def smaller(self, factor: float) -> Plan:
        """The same with fewer bits, and smaller pictures where they would be too poor for it."""
        return replace(self, video_rate=int(self.video_rate * factor), two_passes=True)


def make(probe: Probe, spec: VideoSpec, *, crop: Box | None = None, is_gif: bool = False) -> Plan:
    """Raises VideoTooLong, VideoTooShort and VideoCannotFit."""
    seconds, loops = _length(probe, spec, is_gif=is_gif)
    width, height = probe.width, probe.height
    ratio = framing.wanted_ratio(width, height, spec)
    box = None
    if ratio is not None and spec.fit == "crop":
        box = crop or framing.crop_box(width, height, ratio)
        left, top, right, bottom = framing.pixels(box, width, height)
        width, height, ratio = right - left, bottom - top, None
    frame = framing.around(width, height, ratio)
    fps = _fps(probe, spec)
    audio = 128_000 if spec.audio and probe.audio_codec and spec.container == "mp4" else 0
    scale = _scale(frame, spec)
    rate, two_passes = spec.max_bitrate or MAX_RATE, False
    rate = min(rate, MAX_RATE) - (audio if spec.max_bitrate else 0)
    if spec.max_bytes and spec.container == "mp4":
        budget = _budget(spec.max_bytes, seconds, audio)
        if audio and budget < 200_000:
            audio = 64_000
            budget = _budget(spec.max_bytes, seconds, audio)
        rate = min(rate, budget)
        scale, two_passes = _bearable(frame, scale, fps or probe.fps or 30, rate)
    if rate < _LEAST_RATE and spec.container == "mp4":
        raise _cannot(spec)
    # Half up: a frame must not come out narrower than what is put into it.
    size = _even(frame[0] * scale), _even(frame[1] * scale)
    picture = min(size[0], _even(width * scale)), min(size[1], _even(height * scale))
    return Plan(*size, picture, box, spec.fit, fps, seconds, rate, audio, two_passes, loops)


def filters(plan: Plan, probe: Probe, *, captions: str = "") -> str:
    """A filter graph from ``[0:V:0]`` to ``[v]``. ``captions`` is a file's name in the folder."""
    steps = []
    if probe.is_interlaced:
        steps.append("bwdif=mode=send_frame")
    if plan.fps is not None:
        steps.append(f"fps={plan.fps:g}")
    if probe.is_hdr:
        steps.append(_TO_SDR)
    if not probe.has_square_pixels:
        steps.append(f"scale={probe.width}:{probe.height},setsar=1")
    if plan.crop is not None:
        left, top, right, bottom = framing.pixels(plan.crop, probe.width, probe.height)
        steps.append(f"crop={right - left}:{bottom - top}:{left}:{top}")
    width, height = plan.picture
    frame = f"{plan.width}:{plan.height}"
    inner = f"scale={width}:{height}:flags=lanczos,setsar=1"
    after = ["setsar=1", "format=yuv420p"]
    if captions:
        style = "FontName=Roboto,Outline=1.2,Shadow=0,MarginV=24"
        after.insert(0, f"subtitles={captions}:fontsdir=.:force_style='{style}'")
    head = ",".join(steps) or "null"
    if plan.picture == (plan.width, plan.height):
        return f"[0:V:0]{head},{inner},{','.join(after)}[v]"
    if plan.fit == "blur":
        small = f"{max(2, plan.width // 8)}:{max(2, plan.height // 8)}"
        ground = (
            f"scale={small}:force_original_aspect_ratio=increase,crop={small},gblur=sigma=6,"
            f"scale={frame},eq=brightness=-0.08,setsar=1"
        )
        return (
            f"[0:V:0]{head},split[a][b];[a]{ground}[g];[b]{inner}[p];"
            f"[g][p]overlay=(W-w)/2:(H-h)/2,{','.join(after)}[v]"
        )
    pad = f"pad={frame}:(ow-iw)/2:(oh-ih)/2:color=black"
    return f"[0:V:0]{head},{inner},{pad},{','.join(after)}[v]"


def can_copy_pictures(probe: Probe, spec: VideoSpec, size: int, mime: str) -> bool:
    """Whether the pictures need not be encoded again: then nothing of them is lost."""
    return (
        spec.container == "mp4"
        and mime in ("video/mp4", "video/quicktime")
        and probe.video_codec == "h264"
        and probe.pixel_format == "yuv420p"
        and probe.profile in ("High", "Main", "Baseline", "Constrained Baseline")
        and not probe.rotation
        and not (probe.is_interlaced or probe.is_hdr)
        and probe.has_square_pixels
        and not (probe.width % 2 or probe.height % 2)
        and not spec.captions
        and framing.wanted_ratio(probe.width, probe.height, spec) is None
        and _scale((probe.width, probe.height), spec) == 1
        and _fps(probe, spec) is None
        and (spec.max_seconds is None or probe.duration <= spec.max_seconds - 0.05)
        and (spec.max_bytes is None or size <= spec.max_bytes)
        and (spec.max_bitrate is None or size * 8 / probe.duration <= spec.max_bitrate)
    )


def can_copy_sound(probe: Probe, spec: VideoSpec, loudness: float | None) -> bool:
    """``loudness`` is the measured one in LUFS, None where there is none to correct."""
    if not spec.audio or not probe.audio_codec:
        return True
    is_plain = probe.audio_codec == "aac" and probe.audio_channels in ("mono", "stereo")
    is_right = spec.loudness is None or loudness is None or abs(loudness - spec.loudness) <= 1.0
    return is_plain and probe.audio_rate <= 48_000 and is_right


def gif_plan(plan: Plan, spec: VideoSpec) -> Plan:
    """The same as a GIF: few pictures a second, and small."""
    side = min(1.0, _GIF_SIDE / max(plan.width, plan.height)) if not spec.max_bytes else 1.0
    side = min(side, 800 / max(plan.width, plan.height))
    return replace(shrunk(plan, side), fps=min(plan.fps or _GIF_FPS, _GIF_FPS))


def shrunk(plan: Plan, factor: float) -> Plan:
    """The same with smaller pictures."""
    if factor >= 1:
        return plan
    size = _even(plan.width * factor), _even(plan.height * factor)
    picture = (
        min(size[0], _even(plan.picture[0] * factor)),
        min(size[1], _even(plan.picture[1] * factor)),
    )
    return replace(plan, width=size[0], height=size[1], picture=picture)


def _length(probe: Probe, spec: VideoSpec, *, is_gif: bool) -> tuple[float, int]:
    longest = spec.max_seconds
    if spec.container == "gif":
        longest = min(longest or _GIF_SECONDS, _GIF_SECONDS)
    seconds, loops = probe.duration, 1
    if spec.min_seconds and seconds < spec.min_seconds:
        if not is_gif:
            raise VideoTooShort(
                f"This video has {seconds:.1f} seconds; at least {spec.min_seconds:g} are needed.",
                field="media",
            )
        loops = math.ceil(spec.min_seconds / seconds)
        seconds *= loops
    if longest is not None and seconds > longest + 0.05:
        if not spec.trim:
            raise VideoTooLong(
                f"This video has {seconds:.0f} seconds; at most {longest:g} are taken.",
                field="media",
            )
        seconds = longest
    if longest is not None:
        seconds = min(seconds, longest - 0.05)  # sound ends on a frame of its own
    return seconds, loops


def _fps(probe: Probe, spec: VideoSpec) -> float | None:
    """Pictures a second to change to; None to leave them."""
    if spec.max_fps and probe.fps > spec.max_fps * 1.01:
        return spec.max_fps
    if spec.min_fps and 0 < probe.fps < spec.min_fps * 0.99:
        return spec.min_fps  # pictures are shown twice: nobody sees that, and the network takes it
    return None if probe.fps else 30.0


def _scale(frame: tuple[int, int], spec: VideoSpec) -> float:
    scale = 1.0
    if spec.max_width:
        scale = min(scale, spec.max_width / frame[0])
    if spec.max_height:
        scale = min(scale, spec.max_height / frame[1])
    if spec.max_pixels:
        scale = min(scale, math.sqrt(spec.max_pixels / (frame[0] * frame[1])))
    return scale


def _budget(max_bytes: int, seconds: float, audio: int) -> int:
    """Bits a second that are left for the pictures, after sound and the container's own needs."""
    return int((max_bytes * 0.96 - 4_000) * 8 / seconds) - audio


def _bearable(frame: tuple[int, int], scale: float, fps: float, rate: int) -> tuple[float, bool]:
    """A size at which that rate still shows something, and whether two passes are worth it."""

    def bits(at: float) -> float:
        return rate / (frame[0] * frame[1] * at * at * fps)

    two_passes = bits(scale) < _COMFORT
    while bits(scale) < _TIGHT and min(frame) * scale * 0.8 >= _LEAST_SIDE:
        scale *= 0.8
    if bits(scale) < _POOR:
        raise VideoCannotFit(
            "This video is too long to be made that small. Cut it and retry.", field="media"
        )
    return scale, two_passes


def _even(value: float) -> int:
    return max(2, int(value + 0.001) // 2 * 2)


def _cannot(spec: VideoSpec) -> VideoCannotFit:
    limit = f"{spec.max_bytes:,} bytes" if spec.max_bytes else f"{spec.max_bitrate:,} bits a second"
    return VideoCannotFit(
        f"This video cannot be made small enough for {limit}. Cut it and retry.", field="media"
    )
