"""Findings that every network's validator shares, worded once and read from its capability file.

`findings` is the whole check; a network adds only what no other has. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..types import Account, Content, Issue
from .files import document_issues, image_issues, video_issues
from .formats import format_issues, format_of
from .options import chosen_or_default, counts, is_on, option_issues
from .parts import poll_issues, thread_issues
from .rules import image_rules, poll_rules, video_rules
from .texts import text_details, text_issues, title_issues

if TYPE_CHECKING:
    from ..base import PublishProvider

__all__ = [
    "chosen_or_default",
    "counts",
    "findings",
    "format_of",
    "image_rules",
    "is_on",
    "text_issues",
    "video_rules",
]


def findings(
    provider: PublishProvider, content: Content, account: Account | None = None
) -> list[Issue]:
    """Everything the capability file knows to be wrong with `content`."""
    facts, limits = provider.capabilities, account.limits if account else {}
    count, shape = provider.count(content.text, account), format_of(content, facts)
    if shape is not None and shape.text_limit:
        count = replace(count, limit=shape.text_limit)
    return [
        *text_issues(content, count, provider.name),
        *text_details(content, facts, provider.name),
        *title_issues(content, facts, provider.name),
        *format_issues(content, facts, provider.name),
        *image_issues(content, facts, limits, provider.name),
        *video_issues(content, facts, limits, provider.name),
        *document_issues(content, facts, provider.name),
        *poll_issues(content, poll_rules(facts, limits), provider.name),
        *thread_issues(provider, content, account),
        *option_issues(content, facts, limits),
    ]
