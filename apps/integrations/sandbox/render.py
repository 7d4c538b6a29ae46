"""Text of a post as the HTML its readers get."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from apps.integrations.providers.text import Span, links, tags


def rich_html(text: str, anchors: Iterable[tuple[Span, str]]) -> str:
    """Escape everything, wrap each span in the given opening tag, keep paragraphs and breaks."""
    out: list[str] = []
    at = 0
    for span, opening in sorted(anchors, key=lambda pair: pair[0].start):
        if span.start < at:
            continue
        out.append(escape(text[at : span.start]))
        out.append(f"{opening}{_shown(text[span.start : span.end])}</a>")
        at = span.end
    out.append(escape(text[at:]))
    paragraphs = "".join(out).replace("\r\n", "\n").split("\n\n")
    return "".join(f"<p>{p.replace(chr(10), '<br />')}</p>" for p in paragraphs if p.strip())


def _shown(text: str) -> str:
    """Mastodon hides a link's scheme and its tail, but the text content stays whole."""
    scheme, sep, rest = text.partition("://")
    if not sep:
        return escape(text)
    head, tail = rest[:30], rest[30:]
    kind = ' class="ellipsis"' if tail else ""
    return (
        f'<span class="invisible">{escape(scheme)}://</span><span{kind}>{escape(head)}</span>'
        f'<span class="invisible">{escape(tail)}</span>'
    )


def link_anchors(text: str) -> Iterable[tuple[Span, str]]:
    for span in links(text):
        yield (
            span,
            f'<a href="{escape(span.value)}" target="_blank" rel="nofollow noopener noreferrer">',
        )


def tag_anchors(text: str, base: str) -> Iterable[tuple[Span, str]]:
    for span in tags(text):
        yield (
            span,
            f'<a href="{escape(base)}/tags/{escape(span.value)}" class="mention hashtag" rel="tag">',
        )
