"""How Mastodon counts and shows text."""

from __future__ import annotations

from html.parser import HTMLParser

import regex

from ..text import Span, graphemes, links

# A mention with its server; the server's part is not counted and not shown.
_MENTION = regex.compile(
    r"(?<![=/\w])@(?P<user>[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(?P<host>@[\w.-]+\w)?", regex.IGNORECASE
)


def mentions(text: str) -> list[Span]:
    return [Span(m.start(), m.end(), m[0][1:]) for m in _MENTION.finditer(text)]


def countable(text: str, per_url: int) -> str:
    """The text as the server's length check sees it."""
    out: list[str] = []
    at = 0
    for span in links(text):
        out += [_short_mentions(text[at : span.start]), "x" * per_url]
        at = span.end
    out.append(_short_mentions(text[at:]))
    return "".join(out)


def length(text: str, per_url: int = 23) -> int:
    return graphemes(countable(text, per_url))


def _short_mentions(text: str) -> str:
    return _MENTION.sub(lambda m: f"@{m['user']}", text)


def comparable(text: str) -> str:
    """Plain text in the form that survives a server: short mentions, single spaces."""
    out: list[str] = []
    at = 0
    for span in links(text):
        out += [_short_mentions(text[at : span.start]), text[span.start : span.end]]
        at = span.end
    out.append(_short_mentions(text[at:]))
    return " ".join("".join(out).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def from_html(content: str) -> str:
    """The text of a status' `content`, comparable with what was sent."""
    parser = _Text()
    parser.feed(content)
    parser.close()
    return comparable("".join(parser.parts))
