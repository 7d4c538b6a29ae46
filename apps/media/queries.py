"""Reads of the media library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from apps.media.errors import AssetNotFound
from apps.media.models import Asset, Upload
from apps.media.services.details import get

__all__ = [
    "StorageUse",
    "asset",
    "assets",
    "folders",
    "in_order",
    "storage_used",
    "tags",
    "uploads",
]

asset = get


def assets(
    *,
    search: str = "",
    folder: str | None = None,
    is_deep: bool = False,
    tag: str | None = None,
    kind: str | None = None,
    in_trash: bool = False,
    before: UUID | None = None,
) -> QuerySet[Asset]:
    """The library, or the trash, newest first, below the id `before`. One statement; slice it.

    ``folder`` is a path, empty for files in none; ``is_deep`` takes the folders inside it too. Each
    word of ``search`` must be in the name, the alternative text, the folder or a tag.
    """
    rows = Asset.objects.filter(deleted_at__isnull=not in_trash).order_by("-id")
    for word in search.replace("\x00", "").split()[:8]:
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(alt_text__icontains=word)
            | Q(folder__icontains=word)
            | Q(tags__contains=[word.lower()])
        )
    if folder is not None:
        folder = folder.strip("/")
        here = Q(folder=folder)
        rows = rows.filter(
            here | Q(folder__startswith=f"{folder}/") if is_deep and folder else here
        )
    if kind:
        rows = rows.filter(kind=kind)
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
        raise AssetNotFound("One of the files does not exist.", field="media") from None
    found = Asset.objects.in_bulk(wanted) if wanted else {}
    if len(found) < len(set(wanted)):
        raise AssetNotFound("One of the files does not exist.", field="media")
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


def uploads(*, user_id: int | None = None, before: UUID | None = None) -> QuerySet[Upload]:
    """Uploads, newest first; of one person where given. One statement; slice it."""
    rows = Upload.objects.order_by("-id")
    if user_id is not None:
        rows = rows.filter(uploaded_by_id=user_id)
    return rows if before is None else rows.filter(pk__lt=before)


@dataclass(frozen=True, slots=True)
class StorageUse:
    """Bytes of the workspace's files. ``originals`` with those in the trash; ``trash`` is theirs alone.

    ``derived``: clean copies and renditions, each file once. ``arriving``: announced by open uploads.
    """

    originals: int
    derived: int
    trash: int
    arriving: int

    @property
    def total(self) -> int:
        return self.originals + self.derived + self.arriving


def storage_used() -> StorageUse:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(sum(original_size), 0),
                   coalesce(sum(size) FILTER (WHERE master <> original), 0)
                     + (SELECT coalesce(sum(size), 0)
                          FROM (SELECT DISTINCT ON (file) size FROM media_rendition) AS once),
                   coalesce(sum(original_size) FILTER (WHERE deleted_at IS NOT NULL), 0),
                   (SELECT coalesce(sum(size), 0) FROM media_upload
                     WHERE state IN ('open', 'checking'))
              FROM media_asset
            """
        )
        row = cursor.fetchone()
    return StorageUse(*(int(value) for value in row))
