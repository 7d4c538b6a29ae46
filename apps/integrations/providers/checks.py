"""Findings that every network's validator shares, worded once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .base import Content, Count, Issue
from .capabilities import Capabilities, ImageRules


def text_issues(content: Content, count: Count, network: str) -> Iterable[Issue]:
    if not content.text.strip() and not content.media:
        yield Issue("error", "text.empty", "Write something or add an image.")
    if count.left < 0:
        yield Issue(
            "error",
            "text.too_long",
            f"{network} takes {count.limit:,} {count.unit}; this has {count.used:,}, "
            f"{-count.left:,} too many.",
        )


def image_issues(
    content: Content, capabilities: Capabilities, limits: Mapping[str, Any], network: str
) -> Iterable[Issue]:
    rules = image_rules(capabilities, limits)
    if len(content.media) > rules.max_count:
        yield Issue(
            "error",
            "media.too_many",
            f"{network} takes {rules.max_count} images; this post has {len(content.media)}.",
            "media",
        )
    for number, item in enumerate(content.media, 1):
        if item.mime not in rules.mimes:
            yield Issue(
                "error",
                "media.kind",
                f"{network} does not take {item.mime} (image {number}).",
                "media",
            )
        if item.size > rules.max_bytes:
            yield Issue(
                "error",
                "media.too_large",
                f"Image {number} has {item.size:,} bytes; {network} takes {rules.max_bytes:,}.",
                "media",
            )
        if rules.max_pixels and item.width * item.height > rules.max_pixels:
            yield Issue(
                "error",
                "media.too_many_pixels",
                f"Image {number} is larger than {network} takes.",
                "media",
            )
        if len(item.alt_text) > rules.alt_limit:
            yield Issue(
                "error",
                "media.alt_too_long",
                f"The description of image {number} is over {rules.alt_limit:,} characters.",
                "media",
            )
        if not item.alt_text.strip():
            yield Issue(
                "warning", "media.alt_missing", f"Image {number} has no description yet.", "media"
            )


def image_rules(capabilities: Capabilities, limits: Mapping[str, Any]) -> ImageRules:
    """The capability file, overruled by what the account's own server told us."""
    told = {
        "max_count": limits.get("images"),
        "max_bytes": limits.get("image_bytes"),
        "max_pixels": limits.get("image_pixels"),
        "alt_limit": limits.get("alt"),
        "mimes": tuple(limits["mimes"]) if limits.get("mimes") else None,
    }
    return capabilities.images.model_copy(update={k: v for k, v in told.items() if v})


def option_issues(content: Content, capabilities: Capabilities) -> Iterable[Issue]:
    """Choices that the network does not have."""
    for option in capabilities.options:
        value = content.options.get(option.name)
        if option.choices and value and value not in dict(option.choices):
            yield Issue(
                "error", f"option.{option.name}", f"{option.label}: unknown choice.", option.name
            )
        if option.max_length and isinstance(value, str) and len(value) > option.max_length:
            yield Issue(
                "error", f"option.{option.name}", f"{option.label} is too long.", option.name
            )
