"""What the simulated YouTube refuses, how Google words that, and the shapes of its answers."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.kernel import Response, json_response

CATEGORIES = {
    "1",
    "2",
    "10",
    "15",
    "17",
    "19",
    "20",
    "22",
    "23",
    "24",
    "25",
    "26",
    "27",
    "28",
    "29",
}


def refused(status: int, reason: str, message: str) -> Response:
    one = {"domain": "youtube.video", "reason": reason, "message": message}
    return json_response({"error": {"code": status, "message": message, "errors": [one]}}, status)


class Refused(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(reason)
        self.answer = refused(status, reason, message)


def checked(data: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    """The metadata of a new video. Raises Refused with YouTube's reason."""
    if set(parts) != set(data):
        raise Refused(400, "unexpectedPart", "The part parameter does not match the body.")
    snippet, status = data.get("snippet") or {}, data.get("status") or {}
    title = str(snippet.get("title") or "")
    if not title.strip() or len(title) > 100 or set("<>") & set(title):
        raise Refused(400, "invalidTitle", "The request metadata specifies an invalid title.")
    description = str(snippet.get("description") or "")
    if len(description.encode()) > 5000 or set("<>") & set(description):
        raise Refused(400, "invalidDescription", "The video description is invalid.")
    tags = snippet.get("tags") or []
    used = sum(len(one) + 2 * (" " in one) for one in tags) + max(len(tags) - 1, 0)
    if used > 500 or any(set("<>") & set(one) for one in tags):
        raise Refused(400, "invalidTags", "The request metadata specifies invalid keywords.")
    if snippet.get("categoryId") not in CATEGORIES:
        raise Refused(400, "invalidCategoryId", "The category id is invalid.")
    if status.get("privacyStatus") not in ("public", "unlisted", "private"):
        raise Refused(400, "invalidVideoMetadata", "The request metadata is invalid.")
    if status.get("publishAt") and status["privacyStatus"] != "private":
        raise Refused(400, "invalidPublishAt", "A scheduled video has to be private.")
    return {"snippet": snippet, "status": status}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def channel_of(login: str) -> str:
    return "UC" + sha256(login.encode()).hexdigest()[:22]


def uploads_of(login: str) -> str:
    """The playlist that holds everything a channel has uploaded."""
    return "UU" + channel_of(login)[2:]


def channel_json(login: str) -> dict[str, Any]:
    unverified = login.startswith("unverified")
    return {
        "kind": "youtube#channel",
        "id": channel_of(login),
        "snippet": {
            "title": PEOPLE.get(login, login.replace("-", " ").title()),
            "customUrl": f"@{login}",
            "thumbnails": {"default": {"url": "", "width": 88, "height": 88}},
        },
        "contentDetails": {"relatedPlaylists": {"likes": "LL", "uploads": uploads_of(login)}},
        "status": {
            "privacyStatus": "public",
            "isLinked": True,
            "longUploadsStatus": "eligible" if unverified else "allowed",
        },
    }


def item_json(video: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "youtube#playlistItem",
        "id": f"item-{video['id']}",
        "snippet": {
            "publishedAt": iso(video["at"]),
            "channelId": channel_of(video["login"]),
            "title": video["snippet"]["title"],
            "description": video["snippet"].get("description", ""),
            "resourceId": {"kind": "youtube#video", "videoId": video["id"]},
        },
    }


def thread_json(comment: dict[str, Any]) -> dict[str, Any]:
    said = {
        "textOriginal": comment["text"],
        "textDisplay": comment["text"],
        "authorDisplayName": f"@{comment['login']}",
        "authorChannelId": {"value": channel_of(comment["login"])},
        "publishedAt": iso(comment["at"]),
    }
    return {
        "kind": "youtube#commentThread",
        "id": comment["id"],
        "snippet": {
            "channelId": channel_of(comment["login"]),
            "videoId": comment["video"],
            "topLevelComment": {"id": comment["id"], "snippet": said},
            "totalReplyCount": 0,
        },
    }
