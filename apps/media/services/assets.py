"""Upload, describe, delete, and hand out in the form that is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.ids import uuid7
from apps.media import images, permissions
from apps.media.errors import AltTextTooLong, AssetNotFound, BadDetails, FileEmpty, FileTooLarge
from apps.media.models import Asset, Rendition
from apps.media.types import EXTENSIONS, RenditionSpec
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

ALT_LIMIT, TAG_LIMIT, TAGS = 1500, 40, 30


def upload(
    *,
    actor: Actor,
    file: IO[bytes] | bytes,
    name: str,
    alt_text: str = "",
    folder: str = "",
    tags: Iterable[str] = (),
) -> tuple[Asset, bool]:
    """Keep an image; returns it and whether it is new: the same bytes give the asset there is.

    The file is read up to the cap and no further. Event asset.uploaded. Raises FileTooLarge,
    FileEmpty, NotAnImage, ImageBroken, TooManyPixels, AltTextTooLong, BadDetails.
    """
    actor.require(permissions.MANAGE)
    details = _details(alt_text=alt_text, folder=folder, tags=tags)
    data = _read(file)
    sha256 = hashlib.sha256(data).hexdigest()
    known = Asset.objects.filter(sha256=sha256, deleted_at=None).first()
    if known is not None:
        return known, False
    made, mime, frames = images.sanitise(data)
    asset = Asset(
        id=uuid7(),
        name=_tidy(name),
        sha256=sha256,
        original_mime=mime,
        original_size=len(data),
        mime=made.mime,
        size=len(made.data),
        width=made.width,
        height=made.height,
        frames=frames,
        uploaded_by_id=actor.user_id,
        **details,
    )
    asset.original = _keep(f"originals/{asset.pk}.{EXTENSIONS[mime]}", data)
    asset.master = _keep(f"assets/{asset.pk}.{EXTENSIONS[made.mime]}", made.data)
    try:
        with transaction.atomic():
            asset.save(force_insert=True)
            orchestrator.emit(
                actor=actor,
                kind="asset.uploaded",
                subject=("asset", str(asset.pk)),
                data={"name": asset.name, "size": asset.size},
                summary=f"Uploaded {asset.name}",
            )
    except IntegrityError:  # the same file twice at once
        _drop(asset.original, asset.master)
        return Asset.objects.get(sha256=sha256, deleted_at=None), False
    return asset, True


def update(
    *,
    actor: Actor,
    asset: Asset | UUID | str,
    name: str | None = None,
    alt_text: str | None = None,
    folder: str | None = None,
    tags: Iterable[str] | None = None,
) -> Asset:
    """Change what people read of an image; None leaves it. Event asset.updated.

    Raises AssetNotFound, AltTextTooLong, BadDetails.
    """
    actor.require(permissions.MANAGE)
    changes = _details(alt_text=alt_text, folder=folder, tags=tags)
    if name is not None:
        changes["name"] = _tidy(name)
    with transaction.atomic():
        row = get(asset, lock=True)
        for field, value in changes.items():
            setattr(row, field, value)
        row.save(update_fields=list(changes))
        orchestrator.emit(
            actor=actor,
            kind="asset.updated",
            subject=("asset", str(row.pk)),
            data={"fields": sorted(changes)},
            summary=f"Changed {row.name}",
        )
    return row


def delete(*, actor: Actor, asset: Asset | UUID | str) -> None:
    """Take an image out of the library. Posts that use it keep it. Event asset.deleted."""
    actor.require(permissions.MANAGE)
    with transaction.atomic():
        row = get(asset, lock=True)
        row.deleted_at = timezone.now()
        row.save(update_fields=["deleted_at"])
        orchestrator.emit(
            actor=actor,
            kind="asset.deleted",
            subject=("asset", str(row.pk)),
            data={"name": row.name},
            summary=f"Deleted {row.name}",
        )


def rendition(*, asset: Asset, spec: RenditionSpec) -> Rendition:
    """`asset` as `spec` asks for, made on the first call. Raises CannotFit, ImageBroken.

    Decodes and writes images: keep it out of transactions.
    """
    found = Rendition.objects.filter(asset=asset, spec=spec.digest).first()
    if found is not None:
        return found
    made = images.fit(read(asset), spec, is_animated=asset.is_animated)
    sha256 = hashlib.sha256(made.data).hexdigest()
    file = _keep_once(f"renditions/{sha256[:2]}/{sha256}.{EXTENSIONS[made.mime]}", made.data)
    row, _ = Rendition.objects.get_or_create(
        asset=asset,
        spec=spec.digest,
        defaults={
            "file": file,
            "sha256": sha256,
            "mime": made.mime,
            "size": len(made.data),
            "width": made.width,
            "height": made.height,
        },
    )
    return row


def read(stored: Asset | Rendition) -> bytes:
    """The bytes of a master or a rendition, from storage."""
    name = stored.master if isinstance(stored, Asset) else stored.file
    with default_storage.open(name) as file:
        data: bytes = file.read()
    return data


def get(asset: Asset | UUID | str, *, lock: bool = False) -> Asset:
    """The asset that is not deleted; with `lock` read again FOR UPDATE. Raises AssetNotFound."""
    rows = Asset.objects.filter(deleted_at=None)
    if lock:
        rows = rows.select_for_update()
    try:
        pk = asset.pk if isinstance(asset, Asset) else UUID(str(asset))
    except ValueError:
        pk = None
    found = rows.filter(pk=pk).first() if pk else None
    if found is None:
        raise AssetNotFound("This image does not exist any more.")
    return found


def _read(file: IO[bytes] | bytes) -> bytes:
    limit: int = settings.CANDY_MAX_IMAGE_BYTES
    data = file[: limit + 1] if isinstance(file, bytes) else file.read(limit + 1)
    if len(data) > limit:
        raise FileTooLarge(
            f"An image may have at most {limit // 1_000_000} MB. This one has more.", field="file"
        )
    if not data:
        raise FileEmpty("This file is empty.", field="file")
    return data


def _tidy(name: str) -> str:
    """A file name as people may read it: no path, no control characters."""
    base = PurePosixPath(name.replace("\\", "/")).name
    return "".join(c for c in base if c.isprintable()).strip()[:200] or "image"


def _plain(text: str) -> str:
    """Without NUL, which PostgreSQL cannot keep."""
    return text.replace("\x00", "").strip()


def _details(
    *, alt_text: str | None, folder: str | None, tags: Iterable[str] | None
) -> dict[str, object]:
    given: dict[str, object] = {}
    if alt_text is not None:
        if len(alt_text) > ALT_LIMIT:
            raise AltTextTooLong(
                f"An alternative text has at most {ALT_LIMIT} characters.", field="alt_text"
            )
        given["alt_text"] = _plain(alt_text)
    if folder is not None:
        if len(folder) > 120:
            raise BadDetails("A folder's name has at most 120 characters.", field="folder")
        given["folder"] = _plain(folder).strip("/")
    if tags is not None:
        tidy = sorted({_plain(tag).lower() for tag in tags if _plain(tag)})
        if len(tidy) > TAGS or any(len(tag) > TAG_LIMIT for tag in tidy):
            raise BadDetails(
                f"At most {TAGS} tags of at most {TAG_LIMIT} characters.", field="tags"
            )
        given["tags"] = tidy
    return given


def _keep(name: str, data: bytes) -> str:
    return str(default_storage.save(name, ContentFile(data)))


def _keep_once(name: str, data: bytes) -> str:
    """The name says the content, so what is there already is the same."""
    if default_storage.exists(name):
        from apps.workspaces.tenancy.storage import workspace_name

        return workspace_name(name)
    return _keep(name, data)


def _drop(*names: str) -> None:
    for name in names:
        default_storage.delete(name)
