"""Reads of the media library."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from apps.media.errors import AssetNotFound
from apps.media.models import Asset
from apps.media.services.assets import get

__all__ = ["asset", "assets", "folders", "in_order", "tags"]

asset = get


def assets(
    *,
    search: str = "",
    folder: str | None = None,
    tag: str | None = None,
    before: UUID | None = None,
) -> QuerySet[Asset]:
    """The library, newest first, below the id `before`. One statement; slice it."""
    rows = Asset.objects.filter(deleted_at=None).order_by("-id")
    search = search.replace("\x00", "").strip()
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(alt_text__icontains=search))
    if folder is not None:
        rows = rows.filter(folder=folder)
    if tag:
        rows = rows.filter(tags__contains=[tag.lower()])
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return rows


def in_order(ids: Sequence[UUID | str]) -> list[Asset]:
    """The assets of a post in its order, deleted ones included: a scheduled post keeps its images.

    Raises AssetNotFound when one never existed. One statement.
    """
    try:
        wanted = [UUID(str(one)) for one in ids]
    except ValueError:
        raise AssetNotFound("One of the images does not exist.", field="media") from None
    found = Asset.objects.in_bulk(wanted) if wanted else {}
    if len(found) < len(set(wanted)):
        raise AssetNotFound("One of the images does not exist.", field="media")
    return [found[one] for one in wanted]


def folders() -> list[tuple[str, int]]:
    """Folders that hold something, with how much. One statement."""
    return list(
        Asset.objects.filter(deleted_at=None)
        .exclude(folder="")
        .values_list("folder")
        .annotate(n=Count("id"))
        .order_by("folder")
    )


def tags() -> list[str]:
    """Every tag in use. One statement."""
    rows = Asset.objects.filter(deleted_at=None).exclude(tags=[]).values_list("tags", flat=True)
    return sorted({tag for row in rows for tag in row})
