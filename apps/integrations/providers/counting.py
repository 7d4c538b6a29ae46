"""How networks count a text, by the names that capability files use. Pure.

A rule takes the text and what a link counts as (None: its own length) and gives a number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import regex

from .text import graphemes, links

_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Regional_Indicator}|\u20E3")
_GRAPHEME = regex.compile(r"\X")
# Code points that X counts as one; everything else counts as two.
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def _without_links(text: str, per_url: int | None) -> tuple[str, int]:
    """The text without its links, and what those count together."""
    if per_url is None:
        return text, 0
    out, at, number = [], 0, 0
    for span in links(text):
        out.append(text[at : span.start])
        at, number = span.end, number + 1
    return "".join([*out, text[at:]]), number * per_url


def characters(text: str, per_url: int | None = None) -> int:
    """Unicode code points."""
    rest, linked = _without_links(text, per_url)
    return len(rest) + linked


def by_grapheme(text: str, per_url: int | None = None) -> int:
    """What a person would call characters."""
    rest, linked = _without_links(text, per_url)
    return graphemes(rest) + linked


def utf8_bytes(text: str, per_url: int | None = None) -> int:
    rest, linked = _without_links(text, per_url)
    return len(rest.encode("utf-8", "surrogatepass")) + linked


def utf16_units(text: str, per_url: int | None = None) -> int:
    rest, linked = _without_links(text, per_url)
    return len(rest.encode("utf-16-le", "surrogatepass")) // 2 + linked


def emoji_as_bytes(text: str, per_url: int | None = None) -> int:
    """Code points, but an emoji as many as its UTF-8 has bytes (Threads)."""
    rest, linked = _without_links(text, per_url)
    return linked + sum(
        len(cluster.encode()) if _EMOJI.search(cluster) else len(cluster)
        for cluster in _GRAPHEME.findall(rest)
    )


def weighted(text: str, per_url: int | None = 23) -> int:
    """X's rule: NFC, an emoji of any build counts 2, most scripts beyond Latin 2, a link 23."""
    rest, linked = _without_links(unicodedata.normalize("NFC", text), per_url)
    total = linked
    for cluster in _GRAPHEME.findall(rest):
        if _EMOJI.search(cluster):
            total += 2
        else:
            total += sum(1 if _is_light(ord(char)) else 2 for char in cluster)
    return total


def _is_light(point: int) -> bool:
    return any(low <= point <= high for low, high in _LIGHT)


Rule = Callable[[str, int | None], int]
RULES: dict[str, Rule] = {
    "characters": characters,
    "graphemes": by_grapheme,
    "bytes": utf8_bytes,
    "utf16": utf16_units,
    "emoji_as_bytes": emoji_as_bytes,
    "weighted": weighted,
}


def measure(rule: str, text: str, per_url: int | None = None) -> int:
    return RULES[rule](text, per_url)
