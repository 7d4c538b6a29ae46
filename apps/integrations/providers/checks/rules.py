"""The rules in force: the capability file, overruled by what the account's server told us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..capabilities import Capabilities, ImageRules, PollRules, PostFormat, VideoRules


def image_rules(
    capabilities: Capabilities, limits: Mapping[str, Any], shape: PostFormat | None = None
) -> ImageRules:
    """The capability file (its format first), overruled by what the account's server told us."""
    told = {
        "max_count": limits.get("images"),
        "max_bytes": limits.get("image_bytes"),
        "max_pixels": limits.get("image_pixels"),
        "alt_limit": limits.get("alt"),
        "mimes": tuple(limits["mimes"]) if limits.get("mimes") else None,
    }
    rules = shape.images if shape is not None and shape.images else capabilities.images
    return rules.model_copy(update={k: v for k, v in told.items() if v})


def video_rules(
    facts: Capabilities, limits: Mapping[str, Any], shape: PostFormat | None = None
) -> VideoRules | None:
    """As `image_rules`, for video; None where the network or the format takes none."""
    rules = shape.video if shape is not None and shape.video else facts.video
    if rules is None:
        return None
    told = {
        "max_seconds": limits.get("video_seconds"),
        "max_bytes": limits.get("video_bytes"),
        "max_fps": limits.get("video_fps"),
        "max_pixels": limits.get("video_pixels"),
        "mimes": tuple(limits["video_mimes"]) if limits.get("video_mimes") else None,
    }
    return rules.model_copy(update={k: v for k, v in told.items() if v})


def poll_rules(facts: Capabilities, limits: Mapping[str, Any]) -> PollRules | None:
    """As `image_rules`, for polls; None where the network has none."""
    told = {
        "max_options": limits.get("poll_options"),
        "option_limit": limits.get("poll_option_text"),
        "min_minutes": limits.get("poll_min_minutes"),
        "max_minutes": limits.get("poll_max_minutes"),
    }
    return facts.poll and facts.poll.model_copy(update={k: v for k, v in told.items() if v})
