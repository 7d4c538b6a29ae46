"""What YouTube wants of a video beyond sizes and lengths, and how it is described. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..base import Capabilities, Content, Issue
from ..checks import chosen_or_default, format_of, is_on

MAX_TAGS = 500
COVERS = ("image/jpeg", "image/png")


def tags(options: Mapping[str, Any]) -> list[str]:
    """Tags as a list, whether they came as one or as words with commas."""
    raw = options.get("tags") or ()
    parts = raw.split(",") if isinstance(raw, str) else [str(one) for one in raw]
    found = (one.strip().lstrip("#").strip() for one in parts)
    return list(dict.fromkeys(one for one in found if one))


def tags_length(found: list[str]) -> int:
    """YouTube joins them with commas and puts those with a space between quotes."""
    return sum(len(one) + (2 if " " in one else 0) for one in found) + max(len(found) - 1, 0)


def issues(content: Content, facts: Capabilities) -> Iterable[Issue]:
    if set("<>") & set(content.text):
        yield Issue("error", "text.characters", "The description may not have < or >.")
    found = tags(content.options)
    if (used := tags_length(found)) > MAX_TAGS:
        yield Issue(
            "error", "option.tags", f"The tags have {used} of {MAX_TAGS} characters.", "tags"
        )
    if any(set("<>") & set(one) for one in found):
        yield Issue("error", "option.tags", "A tag may not have < or >.", "tags")
    yield from _cover_issues(content, facts)
    if content.first_comment:
        yield from _comment_issues(content, facts)


def _cover_issues(content: Content, facts: Capabilities) -> Iterable[Issue]:
    for cover in (item.cover for item in content.media if item.cover is not None):
        if cover.mime not in COVERS or cover.size > facts.images.max_bytes:
            yield Issue(
                "error",
                "media.cover",
                f"The cover has to be a JPEG or PNG of {facts.images.max_bytes:,} bytes at most.",
                "media",
            )


def _comment_issues(content: Content, facts: Capabilities) -> Iterable[Issue]:
    def wrong(message: str) -> Issue:
        return Issue("error", "comment.none", message, "first_comment")

    if is_on(content.options.get("made_for_kids")):
        yield wrong("Videos made for kids have no comments at YouTube.")
    if chosen_or_default("privacy", content.options, facts) == "private":
        yield wrong("A private video has no comments at YouTube.")


def about(content: Content, facts: Capabilities) -> dict[str, Any]:
    """The body of `videos.insert`; the same for every attempt."""

    def chosen(name: str) -> str:
        return str(chosen_or_default(name, content.options, facts))

    snippet: dict[str, Any] = {
        "title": content.title.strip(),
        "description": content.text.strip(),
        "categoryId": chosen("category"),
    }
    if found := tags(content.options):
        snippet["tags"] = found
    if content.language:
        snippet["defaultLanguage"] = content.language
    return {
        "snippet": snippet,
        "status": {
            "privacyStatus": chosen("privacy"),
            "selfDeclaredMadeForKids": is_on(content.options.get("made_for_kids")),
            "containsSyntheticMedia": is_on(content.options.get("synthetic")),
            "license": "youtube",
            "embeddable": True,
        },
    }


def notifies(content: Content, facts: Capabilities) -> bool:
    return is_on(chosen_or_default("notify", content.options, facts))


def sets_cover(content: Content, facts: Capabilities) -> bool:
    """Shorts have no cover of their own."""
    shape = format_of(content, facts)
    covered = any(item.cover is not None for item in content.media)
    return covered and shape is not None and shape.key == "video"


def has_captions(content: Content) -> bool:
    return any(item.captions is not None for item in content.media)
