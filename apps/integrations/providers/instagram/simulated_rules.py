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
    _check_people(fields, kind)
    place = fields.get("location_id", "")
    if place and not place.isdigit():
        raise Refused(100, "(#100) INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID")


def _check_people(fields: Mapping[str, str], kind: str) -> None:
    """People in pictures want a place between 0 and 1, those in videos must not have one.

    A name that begins with `nobody` is nobody's here, one that begins with `private` is private.
    """
    people = json.loads(fields.get("user_tags") or "[]")
    if not isinstance(people, list) or any(not isinstance(one, dict) for one in people):
        raise Refused(100, "(#100) Param user_tags must be an array of objects.")
    if people and kind == "CAROUSEL":
        raise Refused(100, "(#100) user_tags belong to the items of a carousel.")
    if len(people) > 20:
        said = "Cannot use more than 20 tags per created media."
        raise Refused(100, said, subcode=2207040)
    for one in people:
        name = str(one.get("username") or "")
        if not name or name.startswith(("nobody", "private")):
            raise Refused(110, "Invalid user id")
        places = [one[axis] for axis in ("x", "y") if axis in one]
        if kind in ("REELS", "VIDEO"):
            if places:
                raise Refused(100, "(#100) Videos take no x and y in user_tags.")
        elif len(places) < 2 or not all(
            isinstance(at, int | float) and 0 <= at <= 1 for at in places
        ):
            raise Refused(100, "(#100) Param user_tags wants x and y between 0.0 and 1.0.")
