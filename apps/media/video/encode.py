"""Making a rendition of a video or a GIF: copied where it fits already, encoded where it does not."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from apps.media.confine import MB, Limits
from apps.media.errors import FileRefused, RenditionFailed, VideoCannotFit
from apps.media.types import MP4, Box, VideoSpec
from apps.media.video import ffmpeg, intake, plan
from apps.media.video.captions import Cue, to_srt
from apps.media.video.ffmpeg import Ran, Source
from apps.media.video.intake import CLEAN
from apps.media.video.plan import Plan
from apps.media.video.probe import Probe

TRIES = 4
_MEASURED = re.compile(r"\{[^{}]*\"input_i\"[^{}]*\}", re.S)

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A file in the folder that was given. Sizes in bytes and pixels, ``duration`` in seconds."""

    file: Path
    mime: str
    size: int
    width: int
    height: int
    duration: float
    crop: Box | None


@dataclass(slots=True)
class Encoder:
    """One video on its way into one spec. ``report`` gets how far it is, 0 to 1, and in words;
    ``tick`` is called all the time; what either raises ends the work."""

    source: Source
    size: int
    probe: Probe
    spec: VideoSpec
    folder: Path
    crop: Box | None = None
    cues: Sequence[Cue] = ()
    report: Report = lambda fraction, message: None
    tick: Callable[[], None] | None = None
    max_seconds: float = 3_600

    def make(self) -> Made:
        """Raises CannotFit and its kind, RenditionFailed, confine.TimeIsUp."""
        is_gif = self.source.mime == "image/gif"
        planned = plan.make(self.probe, self.spec, crop=self.crop, is_gif=is_gif)
        if self.spec.container == "gif":
            return self._gif(plan.gif_plan(planned, self.spec))
        measured = self._loudness(planned)
        copied = self._copied(planned, measured)
        return copied or self._encoded(planned, measured)

    # --- as it is --------------------------------------------------------------------------------

    def _copied(self, planned: Plan, measured: dict[str, str] | None) -> Made | None:
        """The pictures as they are, the sound too where it is right; None where that does not fit."""
        if not plan.can_copy_pictures(self.probe, self.spec, self.size, self.source.mime):
            return None
        loudness = float(measured["input_i"]) if measured else None
        arguments = [*self.source.arguments(), "-map", "0:V:0", *CLEAN, "-c:v", "copy"]
        if self.spec.audio and self.probe.audio_codec:
            arguments += ["-map", "0:a:0"]
            if plan.can_copy_sound(self.probe, self.spec, loudness):
                arguments += ["-c:a", "copy"]
            else:
                arguments += self._sound(planned, measured)
        self._run([*arguments, *_MP4, "out.mp4"], planned, 0.2, 0.95, "Copying")
        made = self._made("out.mp4", MP4, None)
        is_small = self.spec.max_bytes is None or made.size <= self.spec.max_bytes
        return made if is_small else None

    # --- anew ------------------------------------------------------------------------------------

    def _encoded(self, planned: Plan, measured: dict[str, str] | None) -> Made:
        for number in range(TRIES):
            begin, span = 0.1 + 0.85 * (1 - 0.5**number), 0.85 * 0.5 ** (number + 1)
            if number == TRIES - 1 or self.spec.max_bytes is None:
                span = 0.95 - begin
            self._encode(planned, measured, begin, begin + span)
            made = self._made("out.mp4", MP4, planned.crop)
            if self.spec.max_bytes is None or made.size <= self.spec.max_bytes:
                return made
            planned = planned.smaller(0.94 * self.spec.max_bytes / made.size)
        raise self._cannot()

    def _encode(
        self, planned: Plan, measured: dict[str, str] | None, begin: float, end: float
    ) -> None:
        graph = plan.filters(planned, self.probe, captions=self._captions())
        source = self.source.arguments(*self._loops(planned))
        pictures = [
            *source,
            *("-filter_complex", graph, "-map", "[v]", "-t", f"{planned.seconds:.3f}"),
            *("-c:v", "libx264", "-profile:v", "high", "-preset", "fast", "-threads", "2"),
            *("-g", "60", "-flags", "+cgop", "-maxrate", str(planned.video_rate)),
            *("-bufsize", str(planned.video_rate * 2)),
        ]
        if planned.two_passes:
            rate = ["-b:v", str(int(planned.video_rate * 0.97)), "-passlogfile", "pass"]
            middle = (begin + end) / 2
            self._run(
                [*pictures, *rate, "-pass", "1", "-an", "-f", "null", "-"],
                *(planned, begin, middle, "Looking through"),
            )
            pictures, begin = [*pictures, *rate, "-pass", "2"], middle
        else:
            pictures += ["-crf", "20"]
        sound = ["-map", "0:a:0", *self._sound(planned, measured)] if planned.audio_rate else []
        self._run([*pictures, *sound, *CLEAN, *_MP4, "out.mp4"], planned, begin, end, "Encoding")

    def _gif(self, planned: Plan) -> Made:
        for number in range(TRIES * 2):
            graph = plan.filters(planned, self.probe, captions=self._captions())
            graph = graph.removesuffix(",format=yuv420p[v]") + (
                ",split[x][y];[x]palettegen=stats_mode=diff[t];[y][t]paletteuse=dither=bayer[v]"
            )
            arguments = [
                *self.source.arguments(*self._loops(planned)),
                *("-filter_complex", graph, "-map", "[v]", "-t", f"{planned.seconds:.3f}"),
                *("-loop", "0", *CLEAN, "-f", "gif", "out.gif"),
            ]
            self._run(arguments, planned, 0.1 + number * 0.1, 0.2 + number * 0.1, "Encoding")
            made = self._made("out.gif", "image/gif", planned.crop)
            if self.spec.max_bytes is None or made.size <= self.spec.max_bytes:
                return made
            factor = math.sqrt(self.spec.max_bytes / made.size) * 0.95
            planned = plan.shrunk(planned, min(0.85, max(0.4, factor)))
            if min(planned.width, planned.height) < 64:
                break
        raise self._cannot()

    # --- sound -----------------------------------------------------------------------------------

    def _loudness(self, planned: Plan) -> dict[str, str] | None:
        """How loud it is, by EBU R128; None for silence and where nobody asks."""
        if not planned.audio_rate or self.spec.loudness is None:
            return None
        target = f"loudnorm=I={self.spec.loudness:g}:TP=-1.5:LRA=11:print_format=json"
        ran = self._run(
            [
                *self.source.arguments(),
                *("-map", "0:a:0", "-t", f"{planned.seconds:.3f}", "-vn", "-sn", "-dn"),
                *("-af", target, "-f", "null", "-"),
            ],
            *(planned, 0.0, 0.1, "Measuring the sound"),
            level="info",
        )
        match = _MEASURED.search(ran.log)
        if match is None:
            return None
        found: dict[str, str] = json.loads(match.group(0))
        return found if math.isfinite(float(found["input_i"])) else None

    def _sound(self, planned: Plan, measured: dict[str, str] | None) -> list[str]:
        steps = []
        if measured is not None and self.spec.loudness is not None:
            steps.append(
                f"loudnorm=I={self.spec.loudness:g}:TP=-1.5:LRA=11:linear=true"
                f":measured_I={measured['input_i']}:measured_TP={measured['input_tp']}"
                f":measured_LRA={measured['input_lra']}:measured_thresh={measured['input_thresh']}"
                f":offset={measured['target_offset']}"
            )
        steps.append("aresample=48000")
        return [
            *("-af", ",".join(steps), "-c:a", "aac", "-profile:a", "aac_low"),
            *("-ac", "2", "-ar", "48000", "-b:a", str(planned.audio_rate or 128_000)),
        ]

    # --- all -------------------------------------------------------------------------------------

    def _loops(self, planned: Plan) -> list[str]:
        return ["-stream_loop", str(planned.loops - 1)] if planned.loops > 1 else []

    def _captions(self) -> str:
        if not self.spec.captions:
            return ""
        (self.folder / "captions.srt").write_text(to_srt(self.cues), encoding="utf-8")
        font = _font()
        if font is not None:
            shutil.copyfile(font, self.folder / font.name)
        return "captions.srt"

    def _run(
        self,
        arguments: Sequence[str],
        planned: Plan,
        begin: float,
        end: float,
        words: str,
        level: str = "error",
    ) -> Ran:
        def on_seconds(seconds: float) -> None:
            share = min(1.0, seconds / planned.seconds) if planned.seconds else 0.0
            self.report(begin + (end - begin) * share, f"{words}: {share:.0%}")

        limits = Limits(
            seconds=self.max_seconds,
            memory=3_000 * MB,
            file=max(4 * self.size, 1_000 * MB),
            tasks=128,
        )
        ran = ffmpeg.run(
            arguments,
            source=self.source,
            folder=self.folder,
            limits=limits,
            on_seconds=on_seconds,
            tick=self.tick,
            level=level,
        )
        if ran.code:
            raise ffmpeg.failed(ran)
        return ran

    def _made(self, name: str, mime: str, crop: Box | None) -> Made:
        """What came out, as it really is."""
        file = self.folder / name
        try:
            with file.open("rb") as handle:
                source = Source(handle.fileno(), mime)
                probe = intake.look(source, folder=self.folder, tick=self.tick)
        except FileRefused as error:  # ours, so it is not the sender's fault: try again
            raise RenditionFailed(f"What was made cannot be read: {error.message}") from error
        return Made(
            file, mime, file.stat().st_size, probe.width, probe.height, probe.duration, crop
        )

    def _cannot(self) -> VideoCannotFit:
        return VideoCannotFit(
            f"This video cannot be made smaller than {self.spec.max_bytes:,} bytes.", field="media"
        )


# The index first, so that playing begins before all is there; no edit lists, which some networks
# misread.
_MP4 = ("-movflags", "+faststart+negative_cts_offsets", "-use_editlist", "0", "-f", "mp4")


@lru_cache
def _font() -> Path | None:
    """Latin, Greek and Cyrillic without a font on the machine."""
    try:
        import font_roboto
    except ImportError:
        return None
    return Path(str(font_roboto.Roboto))
