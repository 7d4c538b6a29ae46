"""Rich text of the AT Protocol: facets are positions in UTF-8 bytes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import regex

from ..text import Span, links, tags

_MENTION = regex.compile(r"(?<![\w@/.])@([a-z0-9][a-z0-9.-]*\.[a-z]{2,})", regex.IGNORECASE)
_FACET = "app.bsky.richtext.facet"


def mentions(text: str) -> Iterator[Span]:
    """Handles such as @candy.example, without the sentence's own full stop."""
    for match in _MENTION.finditer(text):
        handle = match[1].rstrip(".-")
        yield Span(match.start(), match.start() + 1 + len(handle), handle.lower())


def facets(text: str, resolve: Callable[[str], str]) -> list[dict[str, Any]]:
    """Facets for links, tags and mentions; `resolve` gives a handle's DID or "" for nobody."""
    found = [(span, {"$type": f"{_FACET}#link", "uri": span.value}) for span in links(text)]
    found += [(span, {"$type": f"{_FACET}#tag", "tag": span.value}) for span in tags(text)]
    for span in mentions(text):
        did = resolve(span.value)
        if did:
            found.append((span, {"$type": f"{_FACET}#mention", "did": did}))
    found.sort(key=lambda pair: pair[0].start)
    return [
        {
            "index": {
                "byteStart": len(text[: span.start].encode()),
                "byteEnd": len(text[: span.end].encode()),
            },
            "features": [feature],
        }
        for span, feature in found
    ]
