"""What the simulated Pinterest refuses, and how its boards, pins and numbers are told and shown."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import json_response
from apps.integrations.sandbox.render import link_anchors, rich_html

BOARDS = (("Launch notes", "PUBLIC"), ("Studio", "PUBLIC"), ("Not yet", "SECRET"))
LONGEST = {"title": 100, "description": 800, "alt_text": 500, "link": 2048}
BOTH = ("IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "SAVE_RATE")
LIFETIME = ("TOTAL_COMMENTS", "TOTAL_REACTIONS")
STANDARD = {*BOTH, *LIFETIME, "USER_FOLLOW", "PROFILE_VISIT"}
VIDEO = {*BOTH, *LIFETIME} | {
    "VIDEO_MRC_VIEW",
    "VIDEO_10S_VIEW",
    "QUARTILE_95_PERCENT_VIEW",
    "VIDEO_V50_WATCH_TIME",
    "VIDEO_START",
    "VIDEO_AVG_WATCH_TIME",
}
DEAD = "TOTAL_REACTIONS"  # what the scenario "dead_metric" ends
SIZES: dict[str, float] = {
    "IMPRESSION": 4200,
    "OUTBOUND_CLICK": 60,
    "PIN_CLICK": 190,
    "SAVE": 75,
    "TOTAL_COMMENTS": 8,
    "TOTAL_REACTIONS": 40,
    "USER_FOLLOW": 9,
    "PROFILE_VISIT": 33,
    "VIDEO_MRC_VIEW": 1500,
    "VIDEO_10S_VIEW": 640,
    "QUARTILE_95_PERCENT_VIEW": 210,
    "VIDEO_V50_WATCH_TIME": 5_400_000,
    "VIDEO_START": 2600,
    "VIDEO_AVG_WATCH_TIME": 4800,
}


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = json_response({"code": code, "message": message}, status)


def number(*parts: str) -> str:
    """A long decimal id that is always the same for the same words."""
    return str(int.from_bytes(sha256(":".join(parts).encode()).digest()[:8], "big") % 10**18)


def checked(data: dict[str, Any]) -> dict[str, Any]:
    """The media source of a new pin. Raises Refused for what Pinterest does not take."""
    for name, limit in LONGEST.items():
        if len(str(data.get(name) or "")) > limit:
            raise Refused(400, 1, f"Invalid request: '{name}' is too long, at most {limit}")
    link = str(data.get("link") or "")
    if link and not link.startswith(("http://", "https://")):
        raise Refused(400, 1, "Invalid request: 'link' is not a URL")
    source = data.get("media_source")
    if not isinstance(source, dict):
        raise Refused(400, 1, "Invalid request: 'media_source' is required")
    return source


def decoded(data: Any) -> bytes:
    try:
        found = base64.b64decode(str(data or ""), validate=True)
    except binascii.Error:
        found = b""
    if not found:
        raise Refused(400, 1, "Invalid request: image data is not base64")
    return found


def day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Refused(400, 1, "Invalid start_date") from None


def board_json(login: str, name: str, privacy: str) -> dict[str, Any]:
    return {
        "id": number("board", login, name),
        "name": name,
        "description": "",
        "privacy": privacy,
        "owner": {"username": login},
    }


def pin_json(pin: dict[str, Any], base: str) -> dict[str, Any]:
    media: dict[str, Any] = {"media_type": pin["media_type"]}
    urls = [f"{base}/files/{file}" for file in pin["files"]]
    if pin["media_type"] == "image":
        media["images"] = {"1200x": {"width": 1200, "height": 1200, "url": urls[0]}}
    elif pin["media_type"] == "multiple_images":
        media["items"] = [{"item_type": "image", "images": {"1200x": {"url": u}}} for u in urls]
    else:
        media |= {"cover_image_url": f"{base}/files/{pin['poster']}", "video_url": urls[0]}
    at = datetime.fromtimestamp(pin["at"], UTC).replace(tzinfo=None)
    return {
        "id": pin["id"],
        "created_at": at.isoformat(timespec="milliseconds"),
        "link": pin["link"] or None,
        "title": pin["title"] or None,
        "description": pin["description"] or None,
        "alt_text": pin["alt_text"] or None,
        "board_id": pin["board_id"],
        "board_section_id": None,
        "board_owner": {"username": pin["login"]},
        "creative_type": "VIDEO" if pin["media_type"] == "video" else "REGULAR",
        "media": media,
    }


def analytics_json(names: list[str], grown: dict[str, int]) -> dict[str, Any]:
    """Comments and reactions come for the lifetime only, the rest by day and as a sum."""
    summary: dict[str, float] = {n: v for n, v in grown.items() if n not in LIFETIME}
    if "SAVE_RATE" in names:
        summary["SAVE_RATE"] = 0.018
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return {
        "all": {
            "lifetime_metrics": {n: v for n, v in grown.items() if n in LIFETIME},
            "daily_metrics": [{"date": today, "data_status": "PROCESSING", "metrics": summary}],
            "summary_metrics": summary,
        }
    }


def feed_post(pin: dict[str, Any], base: str, counters: dict[str, int]) -> FeedPost:
    urls = [f"{base}/files/{file}" for file in pin["files"]]
    is_video = pin["media_type"] == "video"
    poster = f"{base}/files/{pin['poster']}" if pin.get("poster") else ""
    boards = {number("board", pin["login"], name): name for name, _ in BOARDS}
    link = pin["link"]
    return FeedPost(
        id=pin["id"],
        handle=f"@{pin['login']}",
        name=PEOPLE.get(pin["login"], pin["login"].replace("-", " ").title()),
        html=rich_html(pin["description"], link_anchors(pin["description"])),
        at=pin["at"],
        permalink=f"{base}/web/pin/{pin['id']}/",
        images=() if is_video else tuple((url, pin["alt_text"]) for url in urls),
        videos=((urls[0], poster),) if is_video else (),
        card=(link, link.partition("://")[2].partition("/")[0], "") if link else None,
        counters=tuple((n.replace("_", " ").lower(), v) for n, v in counters.items()),
        title=pin["title"],
        badge=boards.get(pin["board_id"], ""),
    )
