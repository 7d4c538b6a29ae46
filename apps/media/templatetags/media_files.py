"""Drawing files: their picture, their size and length in words."""

from __future__ import annotations

from typing import Any

from django import template

from apps.media.models import Asset
from apps.media.web import shapes
from apps.workspaces.tenancy import reverse

register = template.Library()


@register.simple_tag
def asset_image(asset: Asset, form: str) -> str:
    """Address of its picture, empty for what has none."""
    return shapes.picture(asset, form)


@register.filter
def file_note(asset: Asset) -> str:
    """A word on the tile: how long, how many pages, or that it moves."""
    if asset.kind == Asset.Kind.VIDEO and asset.duration:
        minutes, seconds = divmod(round(asset.duration), 60)
        return f"{minutes}:{seconds:02d}"
    if asset.kind == Asset.Kind.DOCUMENT and asset.pages:
        return f"{asset.pages} p."
    return "GIF" if asset.kind == Asset.Kind.GIF else ""


@register.filter
def byte_size(count: int) -> str:
    """Bytes in words: 640 kB, 3.2 MB."""
    size: float = count
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return (
                f"{size:.0f} {unit}"
                if unit in ("bytes", "kB") or size >= 100
                else f"{size:.1f} {unit}"
            )
        size /= 1000
    return ""


@register.simple_tag
def asset_url(name: str, asset: Any) -> str:
    """`{% asset_url "stream" asset %}`."""
    return reverse(f"media:{name}", kwargs={"asset": asset.pk})
