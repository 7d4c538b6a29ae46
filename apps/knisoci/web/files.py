"""Files of the library as the composer and the previews show them."""

from __future__ import annotations

from typing import Any

from apps.workspaces.tenancy import reverse

_ACCEPTED = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "application/pdf",
    ".doc",
    ".docx",
    ".ppt",
    ".pptx",
)


def kind(asset: Any) -> str:
    """image, gif, video or document."""
    return str(asset.kind)


def note(asset: Any) -> str:
    """A word on the tile: how long, how many pages, or that it moves."""
    what = kind(asset)
    if what == "video" and asset.duration:
        minutes, seconds = divmod(round(asset.duration), 60)
        return f"{minutes}:{seconds:02d}"
    if what == "document" and asset.pages:
        return f"{asset.pages} p."
    return "GIF" if what == "gif" else ""


def picture(asset: Any, size: str) -> str:
    """Address of its picture, a video's cover too; empty for what has none."""
    if not asset.has_picture:
        return ""
    return reverse("media:image", kwargs={"asset": asset.pk, "rendition": size})


def address(asset: Any) -> str:
    """Address for the player; empty where a picture is all there is to see."""
    if kind(asset) != "video":
        return ""
    return reverse("media:stream", kwargs={"asset": asset.pk})


def panel(asset: Any) -> str:
    """Address of its details beside the page."""
    return reverse("media:detail", kwargs={"asset": asset.pk})


def accepted() -> str:
    """For a file input."""
    return ",".join(_ACCEPTED)
