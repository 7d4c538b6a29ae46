"""A video's captions as LinkedIn wants them: SubRip, described by a language and where they are from."""

from __future__ import annotations

from html import unescape
from typing import Any

# The one LinkedIn's documents show.
_ENGLISH = {"variant": "AMERICAN", "country": "US", "language": "EN"}


def subrip(vtt: bytes) -> bytes:
    """Of WebVTT as the library writes it: a head, then cues with hours in their times."""
    cues = [block for block in vtt.decode().strip().split("\n\n")[1:] if "-->" in block]
    parts = []
    for number, cue in enumerate(cues, 1):
        timing, _, text = cue.partition("\n")
        parts.append(f"{number}\n{timing.replace('.', ',')}\n{_shown(text)}\n")
    return "\n".join(parts).encode()


def _shown(text: str) -> str:
    return unescape(text).replace("-->", "→")


def about(language: str) -> dict[str, Any]:
    """What LinkedIn is told of captions in `language`, a tag such as `en` or `pt-BR`."""
    name, *rest = language.split("-")
    locale = {"language": name.upper()}
    if region := next((part for part in rest if len(part) == 2), ""):
        locale["country"] = region.upper()
    return {
        "format": "SRT",
        "formattedForEasyReader": True,
        "largeText": True,
        "source": "USER_PROVIDED",
        "locale": _ENGLISH if language.lower() in ("en", "en-us") else locale,
        "transcriptType": "CLOSED_CAPTION",
    }
