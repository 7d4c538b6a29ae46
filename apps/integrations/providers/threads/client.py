"""Threads' calls, one function each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..meta.graph import GraphApi

PROFILE = "id,username,name,threads_profile_picture_url"
POST = "id,text,timestamp,permalink,username"
LIMITS = "quota_usage,config,reply_quota_usage,reply_config"


def me(api: GraphApi) -> dict[str, Any]:
    return api.get("me", fields=PROFILE)


def publishing_limit(api: GraphApi, user_id: str) -> dict[str, Any]:
    return api.get(f"{user_id}/threads_publishing_limit", fields=LIMITS)


def create_container(api: GraphApi, user_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Not mutating: a container shows nowhere and ends by itself after a day."""
    return api.post(f"{user_id}/threads", fields)


def post(api: GraphApi, post_id: str) -> dict[str, Any]:
    return api.get(post_id, fields=POST)


def newest_posts(api: GraphApi, user_id: str, pages: int) -> Iterator[dict[str, Any]]:
    return api.every(f"{user_id}/threads", pages=pages, fields=POST, limit=50)


def replies(api: GraphApi, post_id: str, pages: int) -> Iterator[dict[str, Any]]:
    """Newest first."""
    return api.every(f"{post_id}/replies", pages=pages, fields=POST, reverse=True, limit=50)
