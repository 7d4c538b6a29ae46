"""What TikTok wants of a post beyond sizes and lengths: its sharing guidelines, as findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..base import Account, Capabilities, Content, Issue
from ..checks import chosen_or_default, is_on

PRIVATE, PUBLIC = "SELF_ONLY", "PUBLIC_TO_EVERYONE"


def is_direct(content: Content, facts: Capabilities) -> bool:
    return str(chosen_or_default("mode", content.options, facts)) == "direct"


def issues(content: Content, account: Account | None, facts: Capabilities) -> Iterable[Issue]:
    limits = account.limits if account else {}
    if not is_direct(content, facts):
        if any(item.kind == "video" for item in content.media) and content.text.strip():
            yield Issue(
                "warning",
                "text.not_sent",
                "TikTok takes no caption with a draft: copy it over in the app.",
            )
        return
    if limits.get("direct") is False:
        yield Issue(
            "error",
            "option.mode",
            "This connection may only send to the inbox. Connect it again to publish directly.",
            "mode",
        )
    yield from commercial_issues(content.options)
    yield from _duration_issues(content, limits)


def commercial_issues(options: Mapping[str, Any]) -> Iterable[Issue]:
    if not is_on(options.get("commercial")):
        return
    if not is_on(options.get("your_brand")) and not is_on(options.get("branded_content")):
        yield Issue(
            "error",
            "option.commercial",
            "Say whether it promotes your own brand, another one, or both.",
            "commercial",
        )
    if is_on(options.get("branded_content")) and options.get("privacy") == PRIVATE:
        yield Issue(
            "error", "option.privacy", "Branded content cannot be seen by you alone.", "privacy"
        )


def _duration_issues(content: Content, limits: Mapping[str, Any]) -> Iterable[Issue]:
    most = float(limits.get("direct_seconds") or 0)
    for item in content.media:
        if most and item.kind == "video" and item.seconds > most + 0.05:
            yield Issue(
                "error",
                "media.too_long",
                f"The video runs {item.seconds:g} s; this creator may post {most:g} s.",
                "media",
            )


def post_info(content: Content, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a direct post says about itself, the same for video and photos."""
    commercial = is_on(options.get("commercial"))
    return {
        "privacy_level": str(options.get("privacy") or ""),
        "disable_comment": not is_on(options.get("allow_comment")),
        "brand_content_toggle": commercial and is_on(options.get("branded_content")),
        "brand_organic_toggle": commercial and is_on(options.get("your_brand")),
    }


def video_info(content: Content) -> dict[str, Any]:
    options, item = content.options, content.media[0]
    info = {
        "title": content.text.strip(),
        **post_info(content, options),
        "disable_duet": not is_on(options.get("allow_duet")),
        "disable_stitch": not is_on(options.get("allow_stitch")),
        "is_aigc": is_on(options.get("is_aigc")),
    }
    if item.cover_ms is not None:
        info["video_cover_timestamp_ms"] = item.cover_ms
    return info


def photo_body(content: Content, *, direct: bool) -> dict[str, Any]:
    """The body of `content/init`. TikTok fetches the pictures from our public address."""
    info: dict[str, Any] = {
        "title": content.title.strip(),
        "description": content.text.strip(),
    }
    if direct:
        info |= post_info(content, content.options)
        info["auto_add_music"] = is_on(content.options.get("auto_music"))
    return {
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST" if direct else "MEDIA_UPLOAD",
        "post_info": info,
        "source_info": {
            "source": "PULL_FROM_URL",
            "photo_images": [item.url() for item in content.media],
            "photo_cover_index": 0,
        },
    }
