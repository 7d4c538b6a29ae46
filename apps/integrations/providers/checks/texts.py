"""What is wrong with the text and the title."""

from __future__ import annotations

from collections.abc import Iterable

from .. import counting
from ..capabilities import Capabilities
from ..text import links, tags
from ..types import Content, Count, Issue
from .formats import format_of


def text_issues(content: Content, count: Count, network: str) -> Iterable[Issue]:
    if not content.text.strip() and not content.media and content.poll is None:
        yield Issue("error", "text.empty", "Write something or add an image.")
    if count.left < 0:
        yield Issue(
            "error",
            "text.too_long",
            f"{network} takes {count.limit:,} {count.unit}; this has {count.used:,}, "
            f"{-count.left:,} too many.",
        )


def text_details(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    rules = facts.text
    if rules.max_bytes and (size := len(content.text.encode())) > rules.max_bytes:
        yield Issue(
            "error",
            "text.too_many_bytes",
            f"{network} takes {rules.max_bytes:,} bytes of text; this has {size:,}.",
        )
    if rules.required and not content.text.strip() and content.media:
        yield Issue("error", "text.empty", f"{network} wants a text with every post.")
    for limit, found, code, what in (
        (rules.max_hashtags, sum(1 for _ in tags(content.text)), "hashtags", "hashtags"),
        (rules.max_links, len({one.value for one in links(content.text)}), "links", "links"),
    ):
        if limit is not None and found > limit:
            yield Issue(
                "error",
                f"text.too_many_{code}",
                f"{network} takes {limit} {what}; this has {found}.",
            )


def title_issues(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    rules, shape = facts.title, format_of(content, facts)
    if rules is None or (rules.formats and (shape is None or shape.key not in rules.formats)):
        return
    if rules.required and not content.title.strip():
        yield Issue("error", "title.empty", f"{network} wants a {rules.label.lower()}.", "title")
    used = counting.measure(rules.counting, content.title)
    if used > rules.limit:
        yield Issue(
            "error",
            "title.too_long",
            f"The {rules.label.lower()} has {used:,} of {rules.limit:,} {rules.counting}.",
            "title",
        )
    if bad := sorted(set(rules.forbidden) & set(content.title)):
        yield Issue(
            "error",
            "title.characters",
            f"The {rules.label.lower()} may not have {' '.join(bad)}.",
            "title",
        )
