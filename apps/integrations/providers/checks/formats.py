"""Which shape of post some content takes, and whether the network has one for its files."""

from __future__ import annotations

from collections.abc import Iterable

from ..capabilities import Capabilities, PostFormat
from ..types import Content, Issue, MediaItem


def format_of(content: Content, facts: Capabilities) -> PostFormat | None:
    """The chosen format, else the first that takes this media; None where none does."""
    if content.format:
        return facts.format(content.format)
    if content.poll is not None and (poll := facts.format("poll")):
        return poll
    return next((one for one in facts.formats if _takes(one, content.media)), None)


def _takes(shape: PostFormat, media: tuple[MediaItem, ...]) -> bool:
    return shape.min_media <= len(media) <= shape.max_media and all(
        item.kind in shape.takes for item in media
    )


def format_issues(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    """Whether the network has a shape for this media at all, and the chosen one fits."""
    if not facts.formats:
        return
    shape = format_of(content, facts)
    if content.format and shape is None:
        yield Issue("error", "format.unknown", f"{network} has no such kind of post.", "format")
        return
    if shape is None:
        kinds = sorted({item.kind for item in content.media})
        most = max((one.max_media for one in facts.formats), default=0)
        if not kinds:
            yield Issue("error", "media.missing", f"{network} needs a picture or a video.", "media")
        elif all(any(kind in one.takes for one in facts.formats) for kind in kinds) and (
            len(content.media) > most
        ):
            return  # image_issues and video_issues say it with the number
        else:
            yield Issue(
                "error",
                "media.mixed" if len(kinds) > 1 else "media.kind",
                f"{network} has no post with {' and '.join(kinds)} like this.",
                "media",
            )
        return
    if len(content.media) < shape.min_media:
        yield Issue(
            "error",
            "media.missing",
            f"{shape.label} needs {shape.min_media} or more files.",
            "media",
        )
    if len({item.kind for item in content.media}) > 1 and not shape.mixed:
        yield Issue("error", "media.mixed", f"{shape.label}: one kind of file only.", "media")
    for number, item in enumerate(content.media, 1):
        if item.kind not in shape.takes:
            yield Issue(
                "error",
                "media.kind",
                f"{network}: {shape.label.lower()} does not take a {item.kind} (file {number}).",
                "media",
            )
