"""What the simulated TikTok refuses, its envelope, and how a stored post is told and shown."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import Response, json_response
from apps.integrations.sandbox.render import rich_html

from ..capabilities import UploadRules
from ..counting import utf16_units

PRIVACY = ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
COUNTERS: dict[str, float] = {
    "view_count": 8600,
    "like_count": 540,
    "comment_count": 37,
    "share_count": 64,
}
PLAIN = {"id", "title", "create_time", "cover_image_url", "share_url", "duration"}


def envelope(data: Any, code: str = "ok", message: str = "", status: int = 200) -> Response:
    log_id = secrets.token_hex(8).upper()
    return json_response(
        {"data": data, "error": {"code": code, "message": message, "log_id": log_id}}, status
    )


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.answer = envelope({}, code, message or code.replace("_", " "), status)


def number(*parts: str) -> str:
    return str(7 * 10**18 + int.from_bytes(sha256(":".join(parts).encode()).digest()[:7], "big"))


def checked_source(source: Any, rules: UploadRules) -> dict[str, int]:
    """How the file will be cut, where TikTok takes that."""
    if not isinstance(source, dict) or source.get("source") != "FILE_UPLOAD":
        raise Refused(400, "invalid_param", "source_info is not valid.")
    names = ("video_size", "chunk_size", "total_chunk_count")
    if not all(isinstance(source.get(name), int) and source[name] > 0 for name in names):
        raise Refused(400, "invalid_param", "The chunk size or count is not valid.")
    size, chunk, count = (int(source[name]) for name in names)
    whole = count == 1 and chunk == size
    least = size if whole and size < rules.min_chunk_bytes else rules.min_chunk_bytes
    if (
        not least <= chunk <= (rules.max_chunk_bytes or chunk)
        or count != size // chunk
        or count > (rules.max_chunks or count)
    ):
        raise Refused(400, "invalid_param", "The total chunk count is invalid.")
    return {"size": size, "chunk": chunk, "count": count}


def checked_info(info: Any, *, photo: bool = False) -> dict[str, Any]:
    """What a direct post says about itself, where TikTok takes that."""
    if not isinstance(info, dict):
        raise Refused(400, "invalid_param", "post_info is missing.")
    limits = {"title": 90, "description": 4000} if photo else {"title": 2200}
    for name, limit in limits.items():
        if utf16_units(str(info.get(name) or "")) > limit:
            raise Refused(400, "invalid_param", f"The {name} is too long.")
    if info.get("privacy_level") not in PRIVACY:
        raise Refused(403, "privacy_level_option_mismatch")
    if info.get("brand_content_toggle") and info["privacy_level"] == "SELF_ONLY":
        raise Refused(400, "invalid_param", "Branded content cannot be private.")
    return info


def checked_photos(data: dict[str, Any]) -> list[str]:
    """The addresses to fetch."""
    source = data.get("source_info")
    urls = source.get("photo_images") if isinstance(source, dict) else None
    if (
        data.get("media_type") != "PHOTO"
        or data.get("post_mode") not in ("DIRECT_POST", "MEDIA_UPLOAD")
        or not isinstance(urls, list)
        or not 1 <= len(urls) <= 35
    ):
        raise Refused(400, "invalid_param", "The request is not valid.")
    if any("//unverified.example" in str(url) for url in urls):
        raise Refused(403, "url_ownership_unverified")
    return [str(url) for url in urls]


def label(info: dict[str, Any]) -> str:
    if info.get("brand_content_toggle"):
        return "Paid partnership"
    return "Promotional content" if info.get("brand_organic_toggle") else ""


def video_json(
    post: dict[str, Any], fields: list[str], base: str, counters: dict[str, int]
) -> dict[str, Any]:
    every = {
        "id": post["id"],
        "title": post["text"],
        "create_time": int(post["at"]),
        "cover_image_url": "",
        "share_url": f"{base}/web/@{post['login']}/{post['kind']}/{post['id']}",
        "duration": 12,
        **counters,
    }
    return {name: every[name] for name in fields}


def feed_post(post: dict[str, Any], base: str, counters: dict[str, int]) -> FeedPost:
    urls = [f"{base}/files/{name}" for name in post["files"]]
    is_video = post["kind"] == "video"
    private = "Only me" if post["privacy"] == "SELF_ONLY" else ""
    return FeedPost(
        id=post["id"],
        handle=f"@{post['login']}",
        name=PEOPLE.get(post["login"], post["login"].title()),
        html=rich_html(post["text"], []),
        at=post["at"],
        permalink=f"{base}/web/@{post['login']}/{post['kind']}/{post['id']}",
        images=() if is_video else tuple((url, "") for url in urls),
        videos=((urls[0], ""),) if is_video else (),
        counters=tuple((n.removesuffix("_count"), v) for n, v in counters.items()),
        title=post["title"],
        badge=(post["label"] or private) if post["direct"] else "In the creator's inbox",
    )
