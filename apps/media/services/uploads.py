"""Large files, part by part: begun, sent in any order and again after a lost connection, finished.

Parts go to our API on local storage, and straight to S3 where files lie there. See ``models.Upload``
for the states and ``parts`` for where parts lie.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.ids import uuid7
from apps.media import files, parts, permissions
from apps.media.errors import (
    BadDetails,
    BadPart,
    FileEmpty,
    FileRefused,
    TypeNotTaken,
    UploadNotFound,
    UploadOver,
    by_code,
)
from apps.media.models import Asset, Upload
from apps.media.services import capacity, details, intake
from apps.media.types import DECLARED, EXTENSIONS
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy.storage import workspace_name
from apps.workspaces.types import Actor

log = logging.getLogger(__name__)

CHECK = "media.check_upload"
MOST_PARTS = 10_000
ADDRESSES = 100  # that are signed at once
ADDRESS_SECONDS = 3_600
MOST_OPEN = 100  # uploads of a workspace at a time
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BY_EXTENSION = {extension: mime for mime, extension in EXTENSIONS.items()} | {
    "jpeg": "image/jpeg",
    "m4v": "video/mp4",
    "3gp": "video/3gpp",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One that has not arrived: its bytes, and where to PUT it (empty: to our API)."""

    number: int
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Progress:
    """``arrived`` bytes are safe; ``missing`` are the next parts to send, at most a hundred."""

    arrived: int
    missing: list[Part]


def start(
    *,
    actor: Actor,
    name: str,
    size: int,
    mime: str = "",
    sha256: str = "",
    alt_text: str = "",
    folder: str = "",
    tags: Iterable[str] = (),
) -> Upload:
    """Make room for a file of ``size`` bytes. ``sha256`` (hex) is compared at the end.

    Raises TypeNotTaken, FileTooLarge, FileEmpty, StorageFull, BadDetails, AltTextTooLong.
    """
    actor.require(permissions.MANAGE)
    given = details.check(alt_text=alt_text, folder=folder, tags=tags)
    mime = _declared(name, mime)
    if size <= 0:
        raise FileEmpty("This file is empty.", field="size")
    if sha256 and not _SHA256.fullmatch(sha256.lower()):
        raise BadDetails("A SHA-256 has 64 hexadecimal digits.", field="sha256")
    capacity.check_file(DECLARED[mime], size)
    capacity.check_workspace(size)
    if Upload.objects.filter(state=Upload.State.OPEN).count() >= MOST_OPEN:
        raise BadDetails(
            "There are too many unfinished uploads. Finish some or give them up.", field="size"
        )
    store = parts.store_for()
    pk = uuid7()
    upload = Upload(
        id=pk,
        name=details.tidy_name(name),
        size=size,
        mime=mime,
        sha256=sha256.lower(),
        part_size=_part_size(size),
        store=store.name,
        file=workspace_name(f"originals/{pk}.{EXTENSIONS.get(mime, 'bin')}"),
        details=given,
        uploaded_by_id=actor.user_id,
        expires_at=_expiry(),
    )
    store.begin(upload)
    upload.save(force_insert=True)
    return upload


def get(upload: Upload | UUID | str) -> Upload:
    """Raises UploadNotFound."""
    try:
        pk = upload.pk if isinstance(upload, Upload) else UUID(str(upload))
    except ValueError:
        pk = None
    found = Upload.objects.filter(pk=pk).first() if pk else None
    if found is None:
        raise UploadNotFound("There is no such upload.")
    return found


def progress(upload: Upload) -> Progress:
    """What has arrived and what to send next. Asks the store, so it holds after any crash."""
    if upload.state != Upload.State.OPEN:
        done = upload.state in (Upload.State.CHECKING, Upload.State.DONE)
        return Progress(upload.size if done else 0, [])
    store = parts.store_for(upload)
    arrived = {
        number: size
        for number, size in store.arrived(upload).items()
        if 1 <= number <= upload.parts and size == upload.length_of(number)
    }
    missing = [number for number in range(1, upload.parts + 1) if number not in arrived]
    missing = missing[:ADDRESSES]
    addresses = store.addresses(upload, missing, ADDRESS_SECONDS)
    return Progress(
        sum(arrived.values()),
        [Part(number, upload.length_of(number), addresses.get(number, "")) for number in missing],
    )


def put_part(
    *, actor: Actor, upload: Upload | UUID | str, number: int, stream: IO[bytes]
) -> Upload:
    """Take part ``number`` through us, in pieces. The same part again takes the earlier one's place.

    Raises UploadOver, BadPart.
    """
    actor.require(permissions.MANAGE)
    row = _open(upload)
    if not 1 <= number <= row.parts:
        raise BadPart(f"This upload has parts 1 to {row.parts}.", field="part")
    parts.store_for(row).put(row, number, stream)
    Upload.objects.filter(pk=row.pk, state=Upload.State.OPEN).update(expires_at=_expiry())
    return row


def finish(*, actor: Actor, upload: Upload | UUID | str) -> Upload:
    """All parts are there: check the file and keep it. Videos and large files are checked by a Job
    (the upload is ``checking``), others at once. Finishing again tells what became of it.

    Events asset.uploaded, or upload.refused. Raises PartMissing, UploadOver, and FileRefused and its
    kind where the file was refused; the upload keeps why. Reads files: keep it out of transactions.
    """
    actor.require(permissions.MANAGE)
    row = get(upload)
    if row.state == Upload.State.REFUSED:
        raise by_code().get(row.error_code, FileRefused)(
            row.error_message, code=row.error_code, field="file"
        )
    if row.state in (Upload.State.DONE, Upload.State.CHECKING):
        return row
    row = _open(row)
    parts.check_complete(row, parts.store_for(row).arrived(row))
    with transaction.atomic():
        taken = Upload.objects.filter(pk=row.pk, state=Upload.State.OPEN).update(
            state=Upload.State.CHECKING, expires_at=_expiry()
        )
        if taken and _is_long(row):
            _order_check(actor=actor, upload=row)
    if not taken or _is_long(row):
        return get(row)
    return complete(actor=actor, upload=row, raises=True)


def _order_check(*, actor: Actor, upload: Upload, again: str = "") -> None:
    """Have the file checked by a Job, in the caller's transaction."""
    job = orchestrator.enqueue(
        actor=actor,
        action=CHECK,
        input={"upload": str(upload.pk)},
        idempotency_key=f"upload:{upload.pk}:{again}",
        subject=("upload", str(upload.pk)),
    )
    Upload.objects.filter(pk=upload.pk).update(job=job.pk)


def complete(
    *,
    actor: Actor,
    upload: Upload | UUID | str,
    tick: Callable[[], None] | None = None,
    raises: bool = False,
) -> Upload:
    """Put the parts together, check the whole and keep it; again is harmless.

    A refusal is written down, and raised only where ``raises``.
    """
    actor.require(permissions.MANAGE)
    row = get(upload)
    if row.state != Upload.State.CHECKING:
        return row
    store = parts.store_for(row)
    store.assemble(row)
    try:
        with files.as_local(row.file) as file:
            asset, is_new = intake.take_in(
                actor=actor,
                file=file,
                name=row.name,
                details=row.details,
                stored=row.file,
                sha256=row.sha256,
                tick=tick,
            )
    except FileRefused as error:
        _refuse(actor, row, error)
        if raises:
            raise
        return get(row)
    if not is_new and asset.original != row.file:
        files.drop(row.file)
    _close(row, Upload.State.DONE, asset=asset)
    store.discard(row)
    return get(row)


def abort(*, actor: Actor, upload: Upload | UUID | str) -> None:
    """Give an upload up; what has arrived is removed. Raises UploadOver while it is checked or after."""
    actor.require(permissions.MANAGE)
    row = get(upload)
    if row.state == Upload.State.ABORTED:
        return
    if not _close(row, Upload.State.ABORTED, since=(Upload.State.OPEN,)):
        raise UploadOver("This upload has been finished already.")
    parts.store_for(row).discard(row)


def clean_up(*, actor: Actor, now: datetime | None = None) -> dict[str, int]:
    """Expire what nobody finishes, and go on with checks that were lost. For the clock."""
    actor.require(permissions.MANAGE)
    now = now or timezone.now()
    living = (Upload.State.OPEN, Upload.State.CHECKING)
    expired = again = 0
    for row in Upload.objects.filter(expires_at__lt=now, state__in=living)[:1000]:
        if _close(row, Upload.State.EXPIRED, since=living):
            parts.store_for(row).discard(row)
            files.drop(row.file)
            expired += 1
    lost = now + timedelta(hours=settings.CANDY_UPLOAD_HOURS) - timedelta(minutes=15)
    stuck = Upload.objects.filter(state=Upload.State.CHECKING, expires_at__lt=lost)
    for row in stuck[:1000]:
        with transaction.atomic():
            _order_check(actor=actor, upload=row, again=f"{now:%Y%m%d%H}")
        again += 1
    return {"expired": expired, "checked_again": again}


def _refuse(actor: Actor, row: Upload, error: FileRefused) -> None:
    with transaction.atomic():
        closed = _close(
            row, Upload.State.REFUSED, error_code=error.code, error_message=error.message
        )
        if closed:
            orchestrator.emit(
                actor=actor,
                kind="upload.refused",
                subject=("upload", str(row.pk)),
                data={"name": row.name, "code": error.code, "message": error.message},
                summary=f"Refused {row.name}: {error.message}",
            )
    # Afterwards: a row that says "checking" has its file.
    files.drop(row.file)
    parts.store_for(row).discard(row)


def _close(
    row: Upload,
    state: str,
    *,
    since: tuple[str, ...] = (Upload.State.CHECKING,),
    asset: Asset | None = None,
    **values: Any,
) -> bool:
    if asset is not None:
        values["asset"] = asset
    values |= {"state": state, "finished_at": timezone.now()}
    return bool(Upload.objects.filter(pk=row.pk, state__in=since).update(**values))


def _open(upload: Upload | UUID | str) -> Upload:
    row = get(upload)
    if row.state != Upload.State.OPEN:
        raise UploadOver("This upload is over.", params={"state": row.state})
    if row.expires_at < timezone.now():
        raise UploadOver("This upload has expired. Begin again.", params={"state": "expired"})
    return row


def _is_long(row: Upload) -> bool:
    return DECLARED[row.mime] == "video" or row.size > settings.CANDY_MAX_IMAGE_BYTES


def _declared(name: str, mime: str) -> str:
    mime = mime.partition(";")[0].strip().lower()
    if mime in DECLARED:
        return mime
    extension = PurePosixPath(name.lower()).suffix.removeprefix(".")
    guessed = _BY_EXTENSION.get(extension, "")
    if guessed and mime in ("", "application/octet-stream", "application/x-zip-compressed"):
        return guessed
    raise TypeNotTaken(
        "Images (JPEG, PNG, WebP, GIF), videos (MP4, MOV, WebM, MKV) and documents (PDF, Word, "
        "PowerPoint) are taken.",
        field="mime",
    )


def _part_size(size: int) -> int:
    """As set, or as much more as keeps the number of parts at what S3 takes."""
    return max(int(settings.CANDY_UPLOAD_PART_BYTES), math.ceil(size / MOST_PARTS))


def _expiry() -> datetime:
    return timezone.now() + timedelta(hours=settings.CANDY_UPLOAD_HOURS)
