"""Facebook's calls as a page, one function each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import MediaItem
from ..meta.graph import GraphApi

PAGE = "id,name,username,picture{url}"
PAGES = f"{PAGE},access_token,tasks"
POST = (
    "id,message,created_time,permalink_url,"
    "attachments{media_type,target{id},subattachments{media_type,target{id}}}"
)
COUNTS = "shares,comments.summary(true).limit(0),reactions.summary(true).limit(0)"
VIDEO_COUNTS = "views,comments.summary(true).limit(0),likes.summary(true).limit(0)"
FILE_SECONDS = 90.0


def page(api: GraphApi, page_id: str) -> dict[str, Any]:
    return api.get(page_id, fields=PAGE)


def post_feed(api: GraphApi, page_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return api.post(f"{page_id}/feed", fields, mutating=True)


def add_photo(
    api: GraphApi,
    page_id: str,
    item: MediaItem,
    words: Mapping[str, Any] | None = None,
    *,
    published: bool,
) -> dict[str, Any]:
    """An unpublished photo shows nowhere until a post attaches it; it ends after a day.

    `words` are what a published one says: `caption`, `place`.
    """
    ending = item.mime.rpartition("/")[2]
    fields = {
        "published": published,
        **(words or {}),
        "alt_text_custom": item.alt_text.strip(),
    }
    return api.post(
        f"{page_id}/photos",
        fields,
        files={"source": (f"photo.{ending}", item.read(), item.mime)},
        mutating=published,
        seconds=FILE_SECONDS,
    )


def start_video(api: GraphApi, page_id: str, size: int) -> dict[str, Any]:
    return api.post(f"{page_id}/videos", {"upload_phase": "start", "file_size": size})


def add_piece(
    api: GraphApi, page_id: str, session: str, start: int, piece: bytes
) -> dict[str, Any]:
    fields = {"upload_phase": "transfer", "upload_session_id": session, "start_offset": start}
    files = {"video_file_chunk": ("piece.mp4", piece, "application/octet-stream")}
    return api.post(f"{page_id}/videos", fields, files=files, seconds=FILE_SECONDS)


def finish_video(
    api: GraphApi, page_id: str, session: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    fields = {"upload_phase": "finish", "upload_session_id": session, **fields}
    return api.post(f"{page_id}/videos", fields, mutating=True)


def start_upload(api: GraphApi, page_id: str, edge: str) -> dict[str, Any]:
    """`edge`: video_reels or video_stories."""
    return api.post(f"{page_id}/{edge}", {"upload_phase": "start"})


def finish_upload(
    api: GraphApi, page_id: str, edge: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    return api.post(f"{page_id}/{edge}", {"upload_phase": "finish", **fields}, mutating=True)


def video(api: GraphApi, video_id: str) -> dict[str, Any]:
    return api.get(video_id, fields="status,permalink_url")


def post_photo_story(api: GraphApi, page_id: str, photo_id: str) -> dict[str, Any]:
    return api.post(f"{page_id}/photo_stories", {"photo_id": photo_id}, mutating=True)


def stories(api: GraphApi, page_id: str) -> Iterator[dict[str, Any]]:
    fields = "post_id,status,creation_time,media_type,media_id,url"
    return api.every(f"{page_id}/stories", pages=3, fields=fields, limit=50)


def permalink(api: GraphApi, object_id: str) -> dict[str, Any]:
    return api.get(object_id, fields="permalink_url")


def published_posts(api: GraphApi, page_id: str, pages: int) -> Iterator[dict[str, Any]]:
    return api.every(f"{page_id}/published_posts", pages=pages, fields=POST, limit=50)


def add_comment(api: GraphApi, object_id: str, text: str) -> dict[str, Any]:
    return api.post(f"{object_id}/comments", {"message": text}, mutating=True)


def comments(api: GraphApi, object_id: str, pages: int) -> Iterator[dict[str, Any]]:
    return api.every(
        f"{object_id}/comments",
        pages=pages,
        fields="id,message,created_time,permalink_url,from{id}",
        filter="stream",
        order="reverse_chronological",
        limit=50,
    )
