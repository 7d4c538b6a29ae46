"""What is wrong with a poll, a thread and the first comment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import counting
from ..capabilities import PollRules
from ..types import Account, Content, Issue

if TYPE_CHECKING:
    from ..base import PublishProvider


def poll_issues(content: Content, rules: PollRules | None, network: str) -> Iterable[Issue]:
    poll = content.poll
    if poll is None:
        return
    if rules is None:
        yield Issue("error", "poll.none", f"{network} has no polls.", "poll")
        return
    if content.media and not rules.with_media:
        yield Issue("error", "poll.media", f"{network}: a poll or files, not both.", "poll")
    if not rules.min_options <= len(poll.options) <= rules.max_options:
        yield Issue(
            "error",
            "poll.options",
            f"A poll has {rules.min_options} to {rules.max_options} answers.",
            "poll",
        )
    for option in poll.options:
        if not option.strip():
            yield Issue("error", "poll.option_empty", "An answer is empty.", "poll")
        elif len(option) > rules.option_limit:
            yield Issue(
                "error",
                "poll.option_too_long",
                f"An answer has at most {rules.option_limit} characters: “{option}”.",
                "poll",
            )
    if len(set(poll.options)) < len(poll.options):
        yield Issue("error", "poll.option_twice", "Two answers are the same.", "poll")
    in_list = not rules.minutes or poll.minutes in rules.minutes
    if not in_list or not rules.min_minutes <= poll.minutes <= rules.max_minutes:
        yield Issue("error", "poll.minutes", f"{network} has no polls that run so long.", "poll")
    if poll.multiple and not rules.multiple:
        yield Issue("error", "poll.multiple", f"{network}: one answer for each voter.", "poll")


def thread_issues(
    provider: PublishProvider, content: Content, account: Account | None
) -> Iterable[Issue]:
    facts = provider.capabilities
    if content.thread:
        if facts.thread is None:
            yield Issue("error", "thread.none", f"{provider.name} has no threads.", "thread")
        elif len(content.thread) + 1 > facts.thread.max_parts:
            yield Issue(
                "error",
                "thread.too_many",
                f"{provider.name}: at most {facts.thread.max_parts} posts in a thread.",
                "thread",
            )
        else:
            for part in content.parts():
                if part.role != "thread":
                    continue
                for found in provider.validate(replace(part.content, options={}), account):
                    if not found.code.startswith("option."):
                        yield replace(
                            found,
                            message=f"Part {part.number + 1}: {found.message}",
                            field=f"thread.{part.number}",
                        )
    if content.first_comment:
        rules = facts.first_comment
        if rules is None:
            yield Issue(
                "error",
                "comment.none",
                f"{provider.name} takes no first comment from us.",
                "first_comment",
            )
        elif (used := counting.measure(rules.counting, content.first_comment)) > rules.limit:
            yield Issue(
                "error",
                "comment.too_long",
                f"The first comment has {used:,} of {rules.limit:,} characters.",
                "first_comment",
            )
