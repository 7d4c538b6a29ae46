"""Upload, describe, frame, delete and restore; and hand out in the form that is asked for."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.media import files, framing, permissions
from apps.media.errors import AlreadyThere, BadDetails, FileEmpty, FileTooLarge, WrongKind
from apps.media.models import Asset, Rendition
from apps.media.services import capacity, details, intake, renditions
from apps.media.services.details import get
from apps.media.services.handout import is_reachable, public_url, read_part
from apps.media.types import RenditionSpec
from apps.media.video import intake as video
from apps.media.video.ffmpeg import Source
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

__all__ = [
    "delete",
    "get",
    "get_with_trash",
    "is_reachable",
    "pick_cover",
    "public_url",
    "read",
    "read_part",
    "rendition",
    "restore",
    "set_focus",
    "update",
    "upload",
]


def upload(
    *,
    actor: Actor,
    file: IO[bytes] | bytes,
    name: str,
    alt_text: str = "",
    folder: str = "",
    tags: Iterable[str] = (),
) -> tuple[Asset, bool]:
    """Keep a small file at once; returns it and whether it is new: the same bytes give the asset
    there is. Larger ones come in parts: ``services.uploads``.

    The file is read up to the cap and no further. Event asset.uploaded. Raises FileRefused and its
    kind (FileTooLarge, FileEmpty, TypeNotTaken, …), StorageFull, AltTextTooLong, BadDetails.
    """
    actor.require(permissions.MANAGE)
    given = details.check(alt_text=alt_text, folder=folder, tags=tags)
    with tempfile.TemporaryFile(dir=files.work_dir()) as whole:
        size = _read(file, whole)
        capacity.check_workspace(size)
        return intake.take_in(actor=actor, file=whole, name=name, details=given)


def update(
    *,
    actor: Actor,
    asset: Asset | UUID | str,
    name: str | None = None,
    alt_text: str | None = None,
    folder: str | None = None,
    tags: Iterable[str] | None = None,
) -> Asset:
    """Change what people read of a file; None leaves it. Event asset.updated.

    Raises AssetNotFound, AltTextTooLong, BadDetails.
    """
    actor.require(permissions.MANAGE)
    changes = details.check(alt_text=alt_text, folder=folder, tags=tags)
    if name is not None:
        changes["name"] = details.tidy_name(name)
    return _change(actor, asset, changes)


def set_focus(*, actor: Actor, asset: Asset | UUID | str, focus: dict[str, Any] | None) -> Asset:
    """Say what must stay when the picture is cut: a point {x, y}, a box {x, y, width, height}, all
    as fractions, or None for what is found. Event asset.updated. Raises BadDetails, WrongKind.
    """
    actor.require(permissions.MANAGE)
    stored = None
    if focus is not None:
        box = framing.read_focus(focus)
        if box is None:
            raise BadDetails(
                "A focus is a point or a box inside the picture, from 0 to 1.", field="focus"
            )
        stored = box.to_json()
        if not box.width or not box.height:
            stored = {"x": stored["x"], "y": stored["y"]}
    if get(asset).kind == Asset.Kind.DOCUMENT:
        raise WrongKind("A document has no picture to cut.")
    return _change(actor, asset, {"focus": stored})


def pick_cover(*, actor: Actor, asset: Asset | UUID | str, milliseconds: int) -> Asset:
    """Take the picture at that time as a video's cover. Event asset.updated. Raises WrongKind,
    BadDetails. Decodes a picture: keep it out of transactions.
    """
    actor.require(permissions.MANAGE)
    row = get(asset)
    if row.kind != Asset.Kind.VIDEO:
        raise WrongKind("Only a video has a cover to pick.")
    if not 0 <= milliseconds <= (row.duration or 0) * 1000:
        raise BadDetails("The video has no picture at that time.", field="cover_ms")
    with files.work_folder() as folder, files.as_local(row.master) as file:
        made = video.cover(
            Source(file.fileno(), row.mime), folder=folder, seconds=milliseconds / 1000
        )
        poster = files.keep(f"posters/{row.pk}-{milliseconds}.jpg", made, mime="image/jpeg")
    before = row.poster
    try:
        changed = _change(
            actor, row, {"poster": poster, "cover_ms": milliseconds, "attention": None}
        )
    except BaseException:
        files.drop(poster)
        raise
    files.drop(before)
    return changed


def delete(*, actor: Actor, asset: Asset | UUID | str) -> None:
    """Put a file into the trash. Posts that use it keep it. Event asset.deleted."""
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


def restore(*, actor: Actor, asset: Asset | UUID | str) -> Asset:
    """Take a file out of the trash. Event asset.restored. Raises AssetNotFound, AlreadyThere."""
    actor.require(permissions.MANAGE)
    try:
        with transaction.atomic():
            row = get(asset, lock=True, in_trash=True)
            row.deleted_at = None
            row.save(update_fields=["deleted_at"])
            orchestrator.emit(
                actor=actor,
                kind="asset.restored",
                subject=("asset", str(row.pk)),
                data={"name": row.name},
                summary=f"Restored {row.name}",
            )
    except IntegrityError:
        raise AlreadyThere("The same file has been uploaded again and is in the library.") from None
    return row


def get_with_trash(asset: UUID) -> Asset:
    """Also one in the trash: a scheduled post keeps its files. Raises AssetNotFound."""
    found = Asset.objects.filter(pk=asset).first()
    return found if found is not None else get(asset)


def rendition(*, asset: Asset, spec: RenditionSpec) -> Rendition:
    """``asset`` as an image that ``spec`` asks for, made on the first call: ``renditions.image``."""
    return renditions.image(asset=asset, spec=spec)


def read(stored: Asset | Rendition) -> bytes:
    """The bytes of a master or a rendition, from storage. All of them: for images, not for videos."""
    return files.read(stored.master if isinstance(stored, Asset) else stored.file)


def _change(actor: Actor, asset: Asset | UUID | str, changes: dict[str, Any]) -> Asset:
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


def _read(file: IO[bytes] | bytes, target: IO[bytes]) -> int:
    """At most one byte more than may come in one piece. Gives the size."""
    limit: int = settings.CANDY_MAX_IMAGE_BYTES
    source = io.BytesIO(file[: limit + 1]) if isinstance(file, bytes) else file
    left = limit + 1
    while left > 0 and (data := source.read(min(files.CHUNK, left))):
        target.write(data)
        left -= len(data)
    if left <= 0:
        raise FileTooLarge(
            f"In one piece a file may have at most {limit / 1e6:,.0f} MB. This one has more.",
            field="file",
        )
    if left == limit + 1:
        raise FileEmpty("This file is empty.", field="file")
    target.flush()
    return limit + 1 - left
