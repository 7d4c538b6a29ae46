"""How X reads and gives back a text: links it makes, cashtags, and its own rewriting. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from html import unescape
from typing import Any

import regex

from ..text import Span, links

# X makes a link of a bare domain too. Its list of endings is long; these are the ones people write.
_ENDINGS = (
    "com|org|net|io|co|dev|app|ai|eu|de|uk|fr|es|it|nl|dk|se|no|ch|at|be|pl|us|info|me|tv|shop"
)
_BARE = regex.compile(
    rf"(?<![\w@/.#$-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{_ENDINGS})(?![\w@-]|\.\w)(?:/\S*\w)?",
    regex.IGNORECASE,
)
_CASHTAG = regex.compile(r"(?<![\w$])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?![\w$])")
_SCHEME = regex.compile(r"https?://", regex.IGNORECASE)


def bare_domains(text: str) -> list[Span]:
    """Addresses without `https://` that X would make links of."""
    taken = list(links(text))
    return [
        Span(found.start(), found.end(), found[0])
        for found in _BARE.finditer(text)
        if not any(one.start <= found.start() < one.end for one in taken)
    ]


def is_linked(text: str) -> bool:
    """Whether X finds a link in it, which decides the price."""
    return any(links(text)) or bool(bare_domains(text))


def cashtags(text: str) -> list[str]:
    return _CASHTAG.findall(text)


def comparable(text: str) -> str:
    """A text in the form that survives X: composed, single spaces, addresses without their frame."""
    words = _SCHEME.sub("", unicodedata.normalize("NFC", text)).split()
    return " ".join(word.rstrip("/") for word in words)


def as_written(post: Mapping[str, Any]) -> str:
    """The text of a post as X gives it back, comparable with what was sent.

    X escapes HTML, shortens every address to t.co and appends one for the media; a long text
    stands in `note_tweet`.
    """
    long = post.get("note_tweet") or {}
    text = str(long.get("text") or post.get("text") or "")
    entities = (long if long.get("text") else post).get("entities") or {}
    media_links = (post.get("entities") or {}).get("urls") or ()
    for one in [*(entities.get("urls") or ()), *media_links]:
        to = "" if one.get("media_key") else str(one.get("expanded_url") or "")
        text = text.replace(str(one.get("url") or "\0"), to)
    return comparable(unescape(text))
