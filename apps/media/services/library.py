"""Many files at once, and what becomes of the trash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.media import files, permissions, usage
from apps.media.errors import BadDetails
from apps.media.models import Asset, Rendition
from apps.media.services import details
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

MOST = 500


def move(*, actor: Actor, ids: Sequence[UUID], folder: str) -> int:
    """Put files into a folder; gives how many changed. One event assets.moved. Raises BadDetails."""
    actor.require(permissions.MANAGE)
    path = details.tidy_folder(folder)
    with transaction.atomic():
        rows = _locked(ids).exclude(folder=path)
        changed = [row.pk for row in rows]
        Asset.objects.filter(pk__in=changed).update(folder=path)
        where = f"to {path}" if path else "out of their folders"
        _tell(actor, "assets.moved", changed, f"Moved {_count(changed)} {where}", folder=path)
    return len(changed)


def tag(
    *, actor: Actor, ids: Sequence[UUID], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> int:
    """Give files tags and take some away; gives how many changed. One event assets.tagged."""
    actor.require(permissions.MANAGE)
    more, less = details.tidy_tags(add), set(details.tidy_tags(remove))
    with transaction.atomic():
        changed = []
        for row in _locked(ids):
            tags = details.tidy_tags([*(one for one in row.tags if one not in less), *more])
            if tags != row.tags:
                row.tags = tags
                changed.append(row)
        Asset.objects.bulk_update(changed, ["tags"])
        pks = [row.pk for row in changed]
        _tell(actor, "assets.tagged", pks, f"Tagged {_count(pks)}", add=more, remove=sorted(less))
    return len(changed)


def delete(*, actor: Actor, ids: Sequence[UUID]) -> int:
    """Put files into the trash; gives how many. One event assets.deleted."""
    actor.require(permissions.MANAGE)
    with transaction.atomic():
        changed = [row.pk for row in _locked(ids)]
        Asset.objects.filter(pk__in=changed).update(deleted_at=timezone.now())
        _tell(actor, "assets.deleted", changed, f"Deleted {_count(changed)}")
    return len(changed)


def restore(*, actor: Actor, ids: Sequence[UUID]) -> int:
    """Take files out of the trash but those that are in the library again; gives how many. One event
    assets.restored.
    """
    actor.require(permissions.MANAGE)
    _check(ids)
    with transaction.atomic():
        rows = list(Asset.objects.select_for_update().filter(pk__in=ids, deleted_at__isnull=False))
        taken = set(
            Asset.objects.filter(
                sha256__in=[row.sha256 for row in rows], deleted_at=None
            ).values_list("sha256", flat=True)
        )
        by_content = {row.sha256: row.pk for row in rows if row.sha256 not in taken}
        changed = list(by_content.values())
        Asset.objects.filter(pk__in=changed).update(deleted_at=None)
        _tell(actor, "assets.restored", changed, f"Restored {_count(changed)}")
    return len(changed)


def purge(*, actor: Actor, ids: Sequence[UUID]) -> int:
    """Remove files in the trash for good, but those that something still uses; gives how many. One
    event assets.purged. Files leave the storage after the commit.
    """
    actor.require(permissions.MANAGE)
    _check(ids)
    found = Asset.objects.filter(pk__in=ids, deleted_at__isnull=False)
    used = usage.of(list(found.values_list("pk", flat=True)))
    free = [pk for pk, uses in used.items() if not uses]
    with transaction.atomic():
        rows = list(Asset.objects.select_for_update().filter(pk__in=free, deleted_at__isnull=False))
        pks = [row.pk for row in rows]
        names = {name for row in rows for name in (row.original, row.master, row.poster) if name}
        shared = set(Rendition.objects.filter(asset__in=pks).values_list("file", flat=True))
        Asset.objects.filter(pk__in=pks).delete()
        shared -= set(Rendition.objects.filter(file__in=shared).values_list("file", flat=True))
        _tell(actor, "assets.purged", pks, f"Removed {_count(pks)} for good")
    files.drop(*names, *shared)
    return len(pks)


def empty_trash(*, actor: Actor, older_than_days: int | None = None) -> int:
    """Purge what has lain in the trash for that long (None: the installation's setting)."""
    days = settings.CANDY_TRASH_DAYS if older_than_days is None else older_than_days
    before = timezone.now() - timedelta(days=days)
    ids = Asset.objects.filter(deleted_at__lt=before).order_by("deleted_at")
    return purge(actor=actor, ids=list(ids.values_list("pk", flat=True)[:MOST]))


def _locked(ids: Sequence[UUID]) -> QuerySet[Asset]:
    _check(ids)
    return Asset.objects.select_for_update().filter(pk__in=ids, deleted_at=None).order_by("pk")


def _check(ids: Sequence[UUID]) -> None:
    if len(ids) > MOST:
        raise BadDetails(f"At most {MOST} files at once.", field="ids")


def _count(ids: Sequence[UUID]) -> str:
    return "one file" if len(ids) == 1 else f"{len(ids):,} files"


def _tell(actor: Actor, kind: str, ids: Sequence[UUID], summary: str, **data: object) -> None:
    if ids:
        orchestrator.emit(
            actor=actor,
            kind=kind,
            data={"ids": [str(one) for one in ids], **data},
            summary=summary,
        )
