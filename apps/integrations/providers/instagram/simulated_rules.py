"""What the simulated Instagram refuses in a container's fields before it looks at any file."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..meta.simulated import Refused
from ..text import tags


def check_fields(fields: Mapping[str, str], login: str) -> None:
    """Raises the refusal of the first thing that is wrong."""
    kind, caption = fields.get("media_type", "IMAGE"), fields.get("caption", "")
    if kind not in ("IMAGE", "REELS", "STORIES", "CAROUSEL", "VIDEO"):
        raise Refused(100, "Unknown media type", subcode=2207023)
    if kind == "VIDEO" and fields.get("is_carousel_item") != "true":
        said = "media_type VIDEO is no longer supported. Use REELS to publish a video."
        raise Refused(100, said, subcode=2207023)
    if kind == "STORIES" and "creator" in login:
        raise Refused(10, "Stories can be published by business accounts only")
    if len(caption) > 2200:
        raise Refused(100, "The caption was too long.", subcode=2207010)
    if sum(1 for _ in tags(caption)) > 30:
        raise Refused(100, "The caption has too many hashtags.")
    mentions = [word for word in caption.split() if word.startswith("@") and len(word) > 1]
    if len(mentions) > 20:
        raise Refused(100, "The caption has too many mentions.")
    if len(json.loads(fields.get("collaborators") or "[]")) > 3:
        raise Refused(100, "(#100) Param collaborators has too many elements.")
    if len(fields.get("alt_text", "")) > 1000:
        raise Refused(100, "(#100) Param alt_text must be at most 1000 characters long.")
    if int(fields.get("thumb_offset") or 0) < 0:
        raise Refused(100, "The thumbnail offset is not valid.", subcode=2207057)
