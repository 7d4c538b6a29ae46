"""Reading a website into pages, one page after the other, so that progress shows and nothing is lost."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.integrations.http import guarded_client
from apps.knowledge import permissions, queries
from apps.knowledge.crawl import (
    CrawlLimits,
    CrawlResult,
    PageResult,
    PageStatus,
    crawl,
    fetcher,
    read_sitemap_only,
)
from apps.knowledge.errors import SourceNotFound
from apps.knowledge.models import Page, Source
from apps.knowledge.services import brands
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

PAGE_TIMEOUT = 15.0
PAGE_MAX_BYTES = 10_000_000

Progress = Callable[[float, str], None]


def crawl_source(
    *,
    actor: Actor,
    source_id: uuid.UUID | str,
    progress: Progress = lambda fraction, message: None,
    checkpoint: Callable[[], None] = lambda: None,
    limits: CrawlLimits | None = None,
) -> Source:
    """Read the source's website now; takes minutes at most and holds no transaction meanwhile.

    Each page is stored as it comes. When the crawl succeeds, pages that are gone from the site are
    dropped and `source.crawled` is emitted; when it fails, earlier pages stay, the reason is kept on
    the source and `source.failed` is emitted. Raises what `crawl` raises and what `checkpoint` does.
    """
    actor.require(permissions.MANAGE)
    source = queries.get_source(source_id)
    if source.state == Source.State.STOPPED:
        return source
    started = timezone.now()
    _set(source, state=Source.State.READING, pages_done=0, pages_known=1, error="", error_code="")
    recorder = _Recorder(source, progress)

    def still_wanted() -> None:
        checkpoint()
        _raise_if_unwanted(source)

    read = read_sitemap_only if source.kind == Source.Kind.SITEMAP else crawl
    try:
        # One try: the site's own rules set the pace, and the job comes back to a site that was away.
        with guarded_client(timeout=PAGE_TIMEOUT, max_bytes=PAGE_MAX_BYTES, tries=1) as client:
            result = read(
                source.address,
                fetcher(client),
                limits=limits,
                progress=recorder.page,
                checkpoint=still_wanted,
            )
    except _Unwanted:
        return source
    except DomainError as error:
        _failed(actor, source, error)
        raise
    return _succeeded(actor, source, result, started)


class _Unwanted(Exception):
    """The source was stopped or removed while it was read."""


def _raise_if_unwanted(source: Source) -> None:
    state = Source.objects.filter(pk=source.pk).values_list("state", flat=True).first()
    if state is None or state == Source.State.STOPPED:
        raise _Unwanted


class _Recorder:
    def __init__(self, source: Source, progress: Progress) -> None:
        self.source = source
        self.progress = progress

    def page(self, done: int, known: int, page: PageResult) -> None:
        _raise_if_unwanted(self.source)
        if page.status is not PageStatus.FAILED or not self._kept(page):
            self._store(page)
        _set(self.source, pages_done=done, pages_known=known)
        self.progress(done / max(known, 1), f"Read {done} of {known} pages")

    def _kept(self, page: PageResult) -> bool:
        """A page that did not answer this time keeps what it said last time."""
        found = Page.objects.filter(source=self.source, url=page.url, status=Page.Status.READ)
        note = f"Kept from the last reading. {page.message}"[:500]
        return bool(found.update(message=note, read_at=timezone.now()))

    def _store(self, page: PageResult) -> None:
        reading = page.reading
        text = reading.text if reading is not None and page.status is PageStatus.READ else ""
        Page.objects.update_or_create(
            source=self.source,
            url=page.url[:2000],
            defaults={
                "title": reading.title if reading is not None else "",
                "text": text,
                "status": page.status.value,
                "http_status": page.http_status,
                "code": page.code[:80],
                "message": page.message[:500],
                "language": (reading.language or "") if reading is not None else "",
                "words": reading.words if reading is not None and text else 0,
                "bytes": page.bytes,
                "digest": hashlib.sha256(text.encode()).hexdigest() if text else "",
                "read_at": timezone.now(),
            },
        )


def _set(source: Source, **values: object) -> None:
    """Update columns without bringing back a source that was removed or stopped meanwhile."""
    for name, value in values.items():
        setattr(source, name, value)
    Source.objects.filter(pk=source.pk).update(**values)


def _failed(actor: Actor, source: Source, error: DomainError) -> None:
    cancelled = error.code == "cancelled"
    with transaction.atomic():
        if not Source.objects.select_for_update().filter(pk=source.pk).exists():
            return
        _set(
            source,
            state=Source.State.STOPPED if cancelled else Source.State.FAILED,
            error="" if cancelled else error.message[:500],
            error_code="" if cancelled else error.code[:80],
            read_at=timezone.now(),
        )
        orchestrator.emit(
            actor=actor,
            kind="source.stopped" if cancelled else "source.failed",
            subject=("source", str(source.pk)),
            data={"code": error.code},
            summary=f"Could not read {source}: {error.message}"
            if not cancelled
            else f"Stopped reading {source}",
        )


def _succeeded(actor: Actor, source: Source, result: CrawlResult, started: datetime) -> Source:
    words = sum(page.reading.words for page in result.read if page.reading is not None)
    first = result.read[0].reading
    with transaction.atomic():
        if not Source.objects.select_for_update().filter(pk=source.pk).exists():
            raise SourceNotFound("This source was removed while it was read.")
        source.pages.filter(read_at__lt=started).delete()
        _set(
            source,
            state=Source.State.READY,
            title=(result.look.name or (first.title if first is not None else ""))[:300],
            pages_read=len(result.read),
            pages_done=len(result.pages),
            pages_known=len(result.pages),
            words=words,
            stopped_by=result.stopped_by,
            read_at=timezone.now(),
        )
        brands.fill_from_look(
            brand=source.brand,
            look=result.look,
            language=first.language if first is not None else None,
        )
        orchestrator.emit(
            actor=actor,
            kind="source.crawled",
            subject=("source", str(source.pk)),
            data={"kind": source.kind, "pages": len(result.read), "words": words},
            summary=f"Read {len(result.read)} pages of {source}, {words:,} words",
        )
    return source
