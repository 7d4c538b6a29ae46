"""A post's text the way networks read it: graphemes, links, mentions and tags. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from .types import Content

_GRAPHEME = regex.compile(r"\X")
_LINK = regex.compile(r"https?://[^\s<>\"'\p{Cc}]+", regex.IGNORECASE)
_TRAILING = ".,;:!?'\"…"
_TAG = regex.compile(r"(?<![\w&/#])[#＃](?=\w*[\p{L}_])([\w\p{M}]+)")
_CLOSERS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text by code point positions; `value` is what it points to."""

    start: int
    end: int
    value: str


def graphemes(text: str) -> int:
    """What a person would call characters: a family emoji with skin tones is one."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in _GRAPHEME.finditer(text))


def links(text: str) -> Iterator[Span]:
    """Web addresses without the punctuation of the sentence around them."""
    for match in _LINK.finditer(text):
        url = match[0]
        while url:
            last = url[-1]
            if last in _TRAILING or (
                last in _CLOSERS and url.count(last) > url.count(_CLOSERS[last])
            ):
                url = url[:-1]
            else:
                break
        if len(url) > len("https://"):
            yield Span(match.start(), match.start() + len(url), url)


def tags(text: str) -> Iterator[Span]:
    """Hashtags with at least one letter; not inside a link."""
    taken = list(links(text))
    for match in _TAG.finditer(text):
        if not any(link.start <= match.start() < link.end for link in taken):
            yield Span(match.start(), match.end(), match[1])


def with_link(content: Content, gap: str = "\n") -> str:
    """The text for a network that makes cards from the text only: the link stands below it."""
    if not content.link or content.link in content.text:
        return content.text
    return f"{content.text}{gap}{content.link}".strip()
