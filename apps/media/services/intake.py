"""From bytes that a stranger sent to an asset: one way in, whichever way they came."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from django.db import IntegrityError, transaction

from apps.ids import uuid7
from apps.media import files, permissions
from apps.media.checking import service as checking
from apps.media.checking.service import Finding
from apps.media.errors import WrongDigest
from apps.media.models import Asset
from apps.media.services import capacity, renditions
from apps.media.services.details import tidy_name
from apps.media.types import EXTENSIONS, PLAYED
from apps.media.video import intake as video
from apps.media.video.ffmpeg import Source
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor


def take_in(
    *,
    actor: Actor,
    file: IO[bytes],
    name: str,
    details: dict[str, Any],
    stored: str = "",
    sha256: str = "",
    tick: Callable[[], None] | None = None,
) -> tuple[Asset, bool]:
    """Check ``file`` (with a descriptor) and keep it; gives the asset and whether it is new.

    ``stored`` is the name of the original where it lies in the storage already; ``sha256`` what was
    announced. Nothing is kept of what is refused but ``stored``, which is the caller's. Event
    asset.uploaded. Raises FileRefused and its kind, StorageFull.
    """
    actor.require(permissions.MANAGE)
    size = file.seek(0, os.SEEK_END)
    found = files.digest(file)
    if sha256 and sha256 != found:
        raise WrongDigest("Something was changed on the way: the SHA-256 differs.", field="file")
    known = Asset.objects.filter(sha256=found, deleted_at=None).first()
    if known is not None:
        return known, False
    with files.work_folder() as folder:
        finding = checking.inspect(file.fileno(), folder=folder, tick=tick)
        capacity.check_file(finding.kind, size)
        asset = Asset(
            id=uuid7(),
            kind=finding.kind,
            name=tidy_name(name),
            sha256=found,
            original_mime=finding.mime,
            original_size=size,
            uploaded_by_id=actor.user_id,
            **details,
        )
        kept: list[str] = []
        try:
            _keep(asset, finding, file, size, stored, folder, tick, kept)
            return _save(actor, asset)
        except IntegrityError:  # the same file twice at once
            files.drop(*kept)
            return Asset.objects.get(sha256=found, deleted_at=None), False
        except BaseException:
            files.drop(*kept)
            raise


def _keep(
    asset: Asset,
    finding: Finding,
    file: IO[bytes],
    size: int,
    stored: str,
    folder: Path,
    tick: Callable[[], None] | None,
    kept: list[str],
) -> None:
    """Write the asset's files and fields; ``kept`` collects the names of the files that are new."""

    def keep(where: str, data: bytes | Path, mime: str) -> str:
        kept.append(files.keep(f"{where}/{asset.pk}.{EXTENSIONS[mime]}", data, mime=mime))
        return kept[-1]

    if finding.kind == "video":
        taken = video.take(Source(file.fileno(), finding.mime), size, folder=folder, tick=tick)
        asset.width, asset.height = taken.probe.width, taken.probe.height
        asset.duration, asset.fps = taken.probe.duration, taken.probe.fps
        asset.probe, asset.mime = taken.probe.to_json(), taken.mime
        asset.size = taken.master.stat().st_size
        asset.master = keep("assets", taken.master, taken.mime)
        asset.poster = keep("posters", taken.cover, "image/jpeg")
    elif finding.kind == "document":
        asset.mime, asset.size, asset.pages = finding.mime, size, finding.pages
    else:
        master = folder / "master"
        asset.width, asset.height = finding.width, finding.height
        asset.frames, asset.duration = finding.frames, finding.duration
        if finding.duration:
            asset.fps = round(finding.frames / finding.duration, 3)
        asset.mime, asset.size = finding.master_mime, master.stat().st_size
        asset.master = keep("assets", master, asset.mime)
    asset.original = stored or keep("originals", _copy_of(file, folder), finding.mime)
    if finding.kind == "document":
        asset.master = asset.original


def _copy_of(file: IO[bytes], folder: Path) -> Path:
    """A file of ours with the same bytes, which the storage may take as it is."""
    copy = folder / "original"
    file.seek(0)
    with copy.open("xb") as target:
        while data := file.read(files.CHUNK):
            target.write(data)
    return copy


def _save(actor: Actor, asset: Asset) -> tuple[Asset, bool]:
    with transaction.atomic():
        asset.save(force_insert=True)
        orchestrator.emit(
            actor=actor,
            kind="asset.uploaded",
            subject=("asset", str(asset.pk)),
            data={"name": asset.name, "size": asset.original_size, "kind": asset.kind},
            summary=f"Uploaded {asset.name}",
        )
        if asset.kind == Asset.Kind.VIDEO and not renditions.probe_of(asset).is_for_browsers:
            renditions.ensure(actor=actor, asset=asset, spec=PLAYED)
    return asset, True
