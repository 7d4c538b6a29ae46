"""Adding, removing and listing what a brand's text comes from."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.errors import PermissionDenied, ValidationFailed
from apps.knowledge import permissions, queries
from apps.knowledge.crawl.addresses import clean_address, normalise
from apps.knowledge.errors import FolderEmpty, SourceBusy, SourceExists
from apps.knowledge.models import Page, Source
from apps.knowledge.reading import MAX_BYTES, DocumentTooLarge, ReadingError, read
from apps.knowledge.reading.document import SUFFIXES
from apps.knowledge.services import brands
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

CRAWL = "knowledge.crawl_source"
_MAX_FOLDER_FILES = 500


def add_website(*, actor: Actor, address: str) -> Source:
    """A website to read; its crawl is enqueued with it. Emits `source.added`.

    Raises AddressInvalid, SourceExists.
    """
    return _add_address(actor, Source.Kind.WEBSITE, address)


def add_sitemap(*, actor: Actor, address: str) -> Source:
    """Only the pages that the sitemap at `address` lists. As `add_website` otherwise."""
    return _add_address(actor, Source.Kind.SITEMAP, address)


def _add_address(actor: Actor, kind: Source.Kind, typed: str) -> Source:
    actor.require(permissions.MANAGE)
    address = normalise(clean_address(typed))
    brand = brands.ensure(actor=actor)
    if Source.objects.filter(brand=brand, kind=kind, address=address).exists():
        raise SourceExists(
            "This address is a source already. Read it again there.", field="address"
        )
    try:
        with transaction.atomic():
            source = Source.objects.create(
                brand=brand, kind=kind, address=address, created_by_id=actor.user_id
            )
            _enqueue(actor, source)
            _added(actor, source)
    except IntegrityError as error:
        message = "This address is a source already. Read it again there."
        raise SourceExists(message, field="address") from error
    return source


def _enqueue(actor: Actor, source: Source) -> None:
    job = orchestrator.enqueue(
        actor=actor,
        action=CRAWL,
        input={"source_id": str(source.pk)},
        subject=("source", str(source.pk)),
    )
    source.job_id = job.pk
    source.state = Source.State.WAITING
    source.error = source.error_code = ""
    source.save(update_fields=["job_id", "state", "error", "error_code"])


def _added(actor: Actor, source: Source) -> None:
    orchestrator.emit(
        actor=actor,
        kind="source.added",
        subject=("source", str(source.pk)),
        data={"kind": source.kind, "address": source.address},
        summary=f"Added {source}",
    )


@transaction.atomic
def read_again(*, actor: Actor, source_id: uuid.UUID | str) -> Source:
    """Enqueue another crawl; pages read before stay until it succeeds. Raises SourceBusy."""
    actor.require(permissions.MANAGE)
    source = _locked(source_id)
    if not source.is_crawled:
        raise ValidationFailed("A document is read once, when it is added. Add it again.")
    if source.is_busy:
        raise SourceBusy("This source is being read already. Stop it first to start anew.")
    _enqueue(actor, source)
    return source


@transaction.atomic
def stop(*, actor: Actor, source_id: uuid.UUID | str) -> Source:
    """End a crawl that waits or runs; pages read so far stay."""
    actor.require(permissions.MANAGE)
    source = _locked(source_id)
    if source.is_busy:
        source.state = Source.State.STOPPED
        source.save(update_fields=["state"])
    return source


@transaction.atomic
def remove(*, actor: Actor, source_id: uuid.UUID | str) -> None:
    """Forget a source and its pages; a crawl of it ends by itself. Emits `source.removed`."""
    actor.require(permissions.MANAGE)
    source = _locked(source_id)
    name = str(source)
    source.delete()
    orchestrator.emit(
        actor=actor,
        kind="source.removed",
        subject=("source", str(source_id)),
        summary=f"Removed {name} and its pages",
    )


def _locked(source_id: uuid.UUID | str) -> Source:
    queries.get_source(source_id)
    return Source.objects.select_for_update().get(pk=source_id)


def add_document(*, actor: Actor, name: str, data: bytes, mime: str = "") -> Source:
    """Read an uploaded document now and keep its text, not its bytes. Emits `source.crawled`.

    A document of the same name is replaced. Raises a ReadingError and then keeps nothing.
    """
    actor.require(permissions.MANAGE)
    name = PurePosixPath(name.replace("\\", "/")).name[:300] or "Document"
    reading = read(data, name=name, mime=mime)
    brand = brands.ensure(actor=actor)
    with transaction.atomic():
        source, _ = Source.objects.update_or_create(
            brand=brand,
            kind=Source.Kind.DOCUMENT,
            address=name,
            defaults={
                "title": reading.title,
                "state": Source.State.READY,
                "error": "",
                "error_code": "",
                "pages_done": 1,
                "pages_known": 1,
                "pages_read": 1,
                "words": reading.words,
                "read_at": timezone.now(),
                "created_by_id": actor.user_id,
            },
        )
        source.pages.all().delete()
        Page.objects.create(
            source=source,
            url=name,
            title=reading.title,
            text=reading.text,
            status=Page.Status.READ,
            message=" ".join(reading.notes),
            language=reading.language or "",
            words=reading.words,
            bytes=len(data),
            digest=hashlib.sha256(reading.text.encode()).hexdigest(),
        )
        orchestrator.emit(
            actor=actor,
            kind="source.crawled",
            subject=("source", str(source.pk)),
            data={"kind": source.kind, "pages": 1, "words": reading.words},
            summary=f"Read {reading.title}, {reading.words:,} words",
        )
    return source


def add_folder(*, actor: Actor, folder: Path) -> list[Source]:
    """Every readable document below a folder of this machine; for operators, so system actors only.

    A file that cannot be read becomes a failed source that says why. Raises FolderEmpty.
    """
    if actor.kind != "system":
        raise PermissionDenied("Only an operator may read folders of this machine.")
    if not folder.is_dir():
        raise FolderEmpty(f"There is no folder {folder}.")
    found = list(_documents_in(folder))
    if not found:
        kinds = ", ".join(sorted(suffix.lstrip(".") for suffix in SUFFIXES))
        raise FolderEmpty(f"There are no documents in {folder}. Candy reads {kinds}.")
    return [_add_file(actor, folder, path) for path in found]


def _documents_in(folder: Path) -> Iterator[Path]:
    count = 0
    for path in sorted(folder.rglob("*")):
        # A link could lead out of the folder that was named.
        if path.suffix.casefold() in SUFFIXES and path.is_file() and not path.is_symlink():
            count += 1
            if count > _MAX_FOLDER_FILES:
                return
            yield path


def _add_file(actor: Actor, folder: Path, path: Path) -> Source:
    name = "–".join(path.relative_to(folder).parts)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentTooLarge("The document is too large; at most 10 MB are read.")
        return add_document(actor=actor, name=name, data=path.read_bytes())
    except ReadingError as error:
        brand = brands.ensure(actor=actor)
        source, _ = Source.objects.update_or_create(
            brand=brand,
            kind=Source.Kind.DOCUMENT,
            address=name,
            defaults={
                "state": Source.State.FAILED,
                "error": error.message[:500],
                "error_code": error.code,
            },
        )
        return source
