"""Letters for pictures: the first font of the machine that has the letter.

Pillow's own font has Latin, so that a machine without any font still draws; what no font has is
written as its Unicode name, which can be read, unlike an empty box.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import ImageFont

_PLACES = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "C:/Windows/Fonts")
_WANTED = (
    "Inter-Regular.ttf",
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "Arial Unicode.ttf",
    "arial.ttf",
)
_INVISIBLE = frozenset({"Cf", "Cc", "Cn", "Cs"})
_MARKS = frozenset({"Mn", "Me"})  # drawn over the letter before, where the font can


@lru_cache(maxsize=1)
def _files() -> list[Path]:
    found: dict[str, Path] = {}
    for place in _PLACES:
        for path in Path(place).rglob("*.tt[fc]") if Path(place).is_dir() else ():
            if path.name in _WANTED:
                found.setdefault(path.name, path)
    return [found[name] for name in _WANTED if name in found]


@lru_cache(maxsize=16)
def chain(size: int) -> list[Any]:
    """Fonts of `size` in the order they are asked."""
    return [
        *(ImageFont.truetype(str(path), size) for path in _files()),
        ImageFont.load_default(size),
    ]


@lru_cache(maxsize=8192)
def font_for(letter: str, size: int) -> Any | None:
    """The first font that has `letter`; None where none has."""
    for font in chain(size):
        if letter.isspace() or _shape(font, letter) != _shape(font, "\uffff"):
            return font
    return None


def _shape(font: Any, letter: str) -> bytes:
    return bytes(font.getmask(letter))


def runs(text: str, size: int) -> list[tuple[str, Any]]:
    """`text` in pieces that one font can draw each."""
    found: list[tuple[str, Any]] = []
    for letter in text:
        category = unicodedata.category(letter)
        if category in _INVISIBLE:
            continue
        font = font_for(letter, size)
        if font is None:
            if category in _MARKS:
                continue
            letter = f"[{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}]"
            font = chain(size)[0]
        if found and found[-1][1] is font:
            found[-1] = (found[-1][0] + letter, font)
        else:
            found.append((letter, font))
    return found


def width(text: str, size: int) -> float:
    return sum(font.getlength(piece) for piece, font in runs(text, size))
