"""What Meta's networks refuse beyond the capability files. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..base import Content, Issue
from ..text import links


def link_issues(content: Content, network: str) -> Iterator[Issue]:
    """A link card stands below plain text only, and leads to a web address."""
    if not content.link:
        return
    if [span.value for span in links(content.link)] != [content.link]:
        yield Issue("error", "link.address", f"{network} wants a full web address.", "link")
    if (content.media or content.poll) and content.link not in content.text:
        yield Issue(
            "warning",
            "link.not_shown",
            f"{network} shows a link card under plain text only; put the address in the text.",
            "link",
        )


def place_issues(content: Content, option: str) -> Iterator[Issue]:
    """A place is the number of a Facebook page; whether that page has an address, only Meta knows."""
    place = str(content.options.get(option) or "").strip()
    if place and not place.isdecimal():
        yield Issue(
            "error",
            f"option.{option}",
            "A place is the number of a Facebook page that has an address.",
            option,
        )
