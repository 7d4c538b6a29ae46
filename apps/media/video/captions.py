"""Captions: WebVTT or SubRip as people bring them, read strictly and written anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from apps.media.errors import CaptionsBroken

MAX_BYTES, MAX_CUES, MAX_TEXT = 1_000_000, 5_000, 1_000
_TIME = r"(?:(\d{1,3}):)?(\d\d):(\d\d)[.,](\d{3})"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s+\S.*)?$")
_TAG = re.compile(r"</?[a-zA-Z0-9.:_ \-]{1,80}>|<\d[\d:.]{0,14}>|\{\\[^}]{0,80}\}")
_TYPED = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Cue:
    """``start`` and ``end`` in milliseconds; ``text`` is plain, lines divided by ``\\n``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an editor as somebody typed it: times in any of the ways ``typed_time`` reads."""

    start: str
    end: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line, numbered from 1, in one of its fields: start, end or text."""

    line: int
    field: str
    message: str


def read(data: bytes | str) -> list[Cue]:
    """The cues, in order of time. Raises CaptionsBroken with the line that is wrong."""
    lines = _lines(data)
    cues: list[Cue] = []
    for number, block in _blocks(lines):
        timed = next((at for at, line in enumerate(block) if "-->" in line), None)
        if timed is None:
            if number == 1 or block[0].startswith(("NOTE", "STYLE", "REGION", "WEBVTT")):
                continue
            raise _broken("There is no time above this text.", number)
        cues.append(_cue(block[timed], block[timed + 1 :], number + timed))
        if len(cues) > MAX_CUES:
            raise _broken(f"There are more than {MAX_CUES:,} captions.", number)
    cues = [cue for cue in cues if cue.text]
    if not cues:
        raise _broken("There are no captions in this file.", 1)
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def from_lines(lines: Sequence[Line]) -> list[Cue]:
    """What somebody typed, in order of time; lines with nothing in them are left out.

    Raises CaptionsBroken with every problem in ``params["problems"]``.
    """
    if len(lines) > MAX_CUES:
        raise CaptionsBroken(f"There are more than {MAX_CUES:,} captions.", field="cues")
    cues: list[Cue] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if not (line.start.strip() or line.end.strip() or line.text.strip()):
            continue
        start, end, text = typed_time(line.start), typed_time(line.end), _tidy(line.text)
        found = list(_wrong(start, end, text))
        problems += [Problem(number, field, message) for field, message in found]
        if not found and start is not None and end is not None:
            cues.append(Cue(start, end, text))
    if problems:
        raise CaptionsBroken(
            "Some captions are not right yet.",
            field="cues",
            params={"problems": [asdict(one) for one in problems]},
        )
    if not cues:
        raise CaptionsBroken("Write at least one caption.", field="cues")
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def typed_time(text: str) -> int | None:
    """``1:02.5``, ``00:01:02,500`` and ``62.5`` are the same: milliseconds; None for what is no time."""
    match = _TYPED.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, rest = match.groups()
    if (minutes and int(seconds) > 59) or (hours and int(minutes) > 59):
        return None
    return _milliseconds(hours, minutes or "0", seconds, (rest or "0").ljust(3, "0"))


def short_clock(milliseconds: int) -> str:
    """As an editor shows it: ``1:02.500``, with hours only where there are some."""
    return _clock(milliseconds, ".").removeprefix("00:").removeprefix("0")


def to_vtt(cues: Sequence[Cue]) -> str:
    parts = ["WEBVTT"]
    parts += [
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_escaped(cue.text)}" for cue in cues
    ]
    return "\n\n".join(parts) + "\n"


def to_srt(cues: Sequence[Cue]) -> str:
    parts = [
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_plain(cue.text)}"
        for number, cue in enumerate(cues, 1)
    ]
    return "\n\n".join(parts) + "\n"


def check_language(language: str) -> str:
    """A language tag such as ``en`` or ``pt-BR``. Raises CaptionsBroken."""
    if not _LANGUAGE.fullmatch(language):
        raise CaptionsBroken("Give the language as en, de or pt-BR.", field="language")
    return language


def _wrong(start: int | None, end: int | None, text: str) -> Iterator[tuple[str, str]]:
    for field, value in (("start", start), ("end", end)):
        if value is None:
            yield field, "Give a time such as 1:02.5."
    if start is not None and end is not None and end <= start:
        yield "end", "This ends before it begins."
    if not text:
        yield "text", "Write what is said, or remove this line."
    elif len(text) > MAX_TEXT:
        yield "text", f"A caption has at most {MAX_TEXT:,} characters."


def _tidy(text: str) -> str:
    """Without empty lines, which would end the cue in a file, and without what cannot be shown."""
    shown = "".join(char if char == "\n" or ord(char) >= 32 else " " for char in text)
    return "\n".join(filter(None, (line.strip() for line in shown.split("\n"))))


def _lines(data: bytes | str) -> list[str]:
    if len(data) > MAX_BYTES:
        raise _broken("Captions may have at most 1 MB.", 1)
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _broken("Save the captions as UTF-8.", 1) from None
    text = data.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if any(ord(char) < 32 and char not in "\n\t" for char in text):
        raise _broken("This is not a text file.", 1)
    return text.split("\n")


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not empty, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield number - len(block), block
            block = []


def _cue(timing: str, lines: list[str], number: int) -> Cue:
    match = _TIMING.match(timing)
    if match is None:
        raise _broken("This is not a time such as 00:01.500 --> 00:04.000.", number)
    start, end = _milliseconds(*match.groups()[:4]), _milliseconds(*match.groups()[4:])
    if end <= start:
        raise _broken("This caption ends before it begins.", number)
    text = "\n".join(filter(None, (_without_tags(line) for line in lines)))
    if len(text) > MAX_TEXT:
        raise _broken(f"A caption has at most {MAX_TEXT:,} characters.", number)
    return Cue(start, end, text)


def _without_tags(line: str) -> str:
    line = _TAG.sub("", line)
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
        line = line.replace(entity, char)
    return line.strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    """Nothing that a renderer of subtitles would take for an instruction."""
    text = text.replace("-->", "→").replace("{", "(").replace("}", ")").replace("\\", "/")
    return text.replace("<", "‹").replace(">", "›")


def _milliseconds(hours: str | None, minutes: str, seconds: str, rest: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(rest)


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"


def _broken(message: str, line: int) -> CaptionsBroken:
    return CaptionsBroken(f"Line {line}: {message}", field="captions", params={"line": line})
