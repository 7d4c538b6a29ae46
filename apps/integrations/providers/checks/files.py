"""What is wrong with pictures, videos and documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..capabilities import Capabilities, ImageRules, VideoRules
from ..types import Content, Issue, MediaItem
from .formats import format_of
from .rules import image_rules, video_rules


def image_issues(
    content: Content, capabilities: Capabilities, limits: Mapping[str, Any], network: str
) -> Iterable[Issue]:
    rules = image_rules(capabilities, limits, format_of(content, capabilities))
    pictures = [item for item in content.media if item.kind in ("image", "gif")]
    if len(pictures) > rules.max_count:
        yield Issue(
            "error",
            "media.too_many",
            f"{network} takes {rules.max_count} images; this post has {len(pictures)}.",
            "media",
        )
    for number, item in enumerate(pictures, 1):
        yield from _one_image(item, number, rules, network)


def _one_image(item: MediaItem, number: int, rules: ImageRules, network: str) -> Iterable[Issue]:
    def wrong(code: str, message: str) -> Issue:
        return Issue("error", f"media.{code}", message, "media")

    if item.mime not in rules.mimes:
        yield wrong("kind", f"{network} does not take {item.mime} (image {number}).")
    if item.size > rules.max_bytes:
        yield wrong(
            "too_large",
            f"Image {number} has {item.size:,} bytes; {network} takes {rules.max_bytes:,}.",
        )
    if rules.max_pixels and item.width * item.height > rules.max_pixels:
        yield wrong("too_many_pixels", f"Image {number} is larger than {network} takes.")
    if rules.min_side and item.width and min(item.width, item.height) < rules.min_side:
        yield wrong(
            "too_small",
            f"Image {number} is {item.width} × {item.height}; {network} wants {rules.min_side}.",
        )
    if _off_ratio(item, rules.min_ratio, rules.max_ratio):
        yield wrong("ratio", f"{network} does not take the shape of image {number}.")
    if rules.alt_limit and len(item.alt_text) > rules.alt_limit:
        yield wrong(
            "alt_too_long",
            f"The description of image {number} is over {rules.alt_limit:,} characters.",
        )
    if rules.alt_limit and not item.alt_text.strip():
        yield Issue(
            "warning", "media.alt_missing", f"Image {number} has no description yet.", "media"
        )


def video_issues(
    content: Content, facts: Capabilities, limits: Mapping[str, Any], network: str
) -> Iterable[Issue]:
    videos = [item for item in content.media if item.kind == "video"]
    if not videos:
        return
    rules = video_rules(facts, limits, format_of(content, facts))
    if rules is None:
        if not facts.formats:
            yield Issue("error", "media.kind", f"{network} takes no video here.", "media")
        return
    shape = format_of(content, facts)
    if len(videos) > rules.max_count and not (shape and shape.mixed):
        yield Issue(
            "error",
            "media.too_many",
            f"{network} takes {rules.max_count} video; this post has {len(videos)}.",
            "media",
        )
    for item in videos:
        yield from _one_video(item, rules, network)


def _one_video(item: MediaItem, rules: VideoRules, network: str) -> Iterable[Issue]:
    def wrong(code: str, message: str) -> Issue:
        return Issue("error", f"media.{code}", message, "media")

    if item.mime not in rules.mimes:
        yield wrong("kind", f"{network} does not take {item.mime}.")
    if item.size > rules.max_bytes:
        yield wrong(
            "too_large", f"The video has {item.size:,} bytes; {network} takes {rules.max_bytes:,}."
        )
    if item.seconds and item.seconds > rules.max_seconds + 0.05:
        yield wrong(
            "too_long", f"The video runs {item.seconds:g} s; {network} takes {rules.max_seconds:g}."
        )
    if item.seconds and item.seconds < rules.min_seconds:
        yield wrong(
            "too_short",
            f"The video runs {item.seconds:g} s; {network} wants {rules.min_seconds:g}.",
        )
    too_wide = rules.max_width and item.width > rules.max_width
    too_high = rules.max_height and item.height > rules.max_height
    too_many = rules.max_pixels and item.width * item.height > rules.max_pixels
    if too_wide or too_high or too_many:
        yield wrong("too_many_pixels", f"The video is larger than {network} takes.")
    if rules.min_side and item.width and min(item.width, item.height) < rules.min_side:
        yield wrong("too_small", f"The video is smaller than {network} takes.")
    if (rules.max_fps and item.fps > rules.max_fps + 0.5) or (
        rules.min_fps and 0 < item.fps < rules.min_fps - 0.5
    ):
        yield wrong("frame_rate", f"{network} does not take {item.fps:g} frames a second.")
    if _off_ratio(item, rules.min_ratio, rules.max_ratio):
        yield wrong("ratio", f"{network} does not take the shape of this video.")
    if rules.alt_limit and len(item.alt_text) > rules.alt_limit:
        yield wrong(
            "alt_too_long", f"The video's description is over {rules.alt_limit:,} characters."
        )


def _off_ratio(item: MediaItem, least: float | None, most: float | None) -> bool:
    """A pixel of rounding is forgiven."""
    ratio = item.ratio
    return bool(ratio) and (
        (least is not None and ratio < least * 0.99) or (most is not None and ratio > most * 1.01)
    )


def document_issues(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    rules = facts.document
    for item in content.media:
        if item.kind != "document" or rules is None:
            continue
        if item.mime not in rules.mimes:
            yield Issue("error", "media.kind", f"{network} does not take {item.mime}.", "media")
        if item.size > rules.max_bytes:
            yield Issue(
                "error",
                "media.too_large",
                f"The document has {item.size:,} bytes; {network} takes {rules.max_bytes:,}.",
                "media",
            )
        if rules.max_pages and item.pages > rules.max_pages:
            yield Issue(
                "error",
                "media.too_many_pages",
                f"The document has {item.pages:,} pages; {network} takes {rules.max_pages:,}.",
                "media",
            )
        if rules.title_required and not (content.title.strip() or item.name):
            yield Issue("error", "title.empty", f"{network} wants the document's title.", "title")
