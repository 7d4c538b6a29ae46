"""Instagram's calls, one function each; the same at graph.instagram.com and graph.facebook.com."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..meta.graph import GraphApi

PROFILE = "user_id,username,name,profile_picture_url,account_type"
LINKED = "id,username,name,profile_picture_url"
PAGES = f"id,name,access_token,tasks,instagram_business_account{{{LINKED}}}"
MEDIA = "id,caption,timestamp,permalink,media_type,media_product_type"


def me(api: GraphApi) -> dict[str, Any]:
    """With Instagram Login; `user_id` is the account's id, `id` only the app's own for it."""
    return api.get("me", fields=PROFILE)


def linked(api: GraphApi, ig_id: str) -> dict[str, Any]:
    """With Facebook Login."""
    return api.get(ig_id, fields=LINKED)


def publishing_limit(api: GraphApi, ig_id: str) -> dict[str, Any]:
    return api.get(f"{ig_id}/content_publishing_limit", fields="quota_usage,config")


def create_container(api: GraphApi, ig_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Not mutating: a container shows nowhere and ends by itself after a day."""
    return api.post(f"{ig_id}/media", fields)


def bytes_there(api: GraphApi, container: str) -> int:
    """How much of a video has arrived."""
    phase = api.get(container, fields="video_status").get("video_status") or {}
    uploading = phase.get("uploading_phase") or {}
    return int(uploading.get("bytes_transferred") or uploading.get("bytes_transfered") or 0)


def media(api: GraphApi, media_id: str, fields: str) -> dict[str, Any]:
    return api.get(media_id, fields=fields)


def newest_media(api: GraphApi, ig_id: str, pages: int) -> Iterator[dict[str, Any]]:
    return api.every(f"{ig_id}/media", pages=pages, fields=MEDIA, limit=50)


def stories(api: GraphApi, ig_id: str) -> Iterator[dict[str, Any]]:
    """Those of the last 24 hours."""
    return api.every(f"{ig_id}/stories", pages=2, fields=MEDIA, limit=50)


def add_comment(api: GraphApi, media_id: str, text: str) -> dict[str, Any]:
    return api.post(f"{media_id}/comments", {"message": text}, mutating=True)


def comments(api: GraphApi, media_id: str, pages: int) -> Iterator[dict[str, Any]]:
    return api.every(
        f"{media_id}/comments", pages=pages, fields="id,text,timestamp,username", limit=50
    )


def close_comments(api: GraphApi, media_id: str) -> dict[str, Any]:
    """The same however often it is said."""
    return api.post(media_id, {"comment_enabled": False})
