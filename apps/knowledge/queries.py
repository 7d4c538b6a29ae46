"""Reads over brands, sources and pages of the current workspace."""

from __future__ import annotations

import uuid
from collections import Counter

from django.db.models import QuerySet, Sum

from apps.knowledge.errors import SourceNotFound
from apps.knowledge.models import Brand, Page, Source
from apps.knowledge.types import BrandText

# Enough to hear a voice and to quote from; a second's work to learn.
MAX_TEXTS = 300


def current_brand() -> Brand | None:
    """The workspace's brand, None before anyone described it."""
    return Brand.objects.first()


def sources() -> QuerySet[Source]:
    return Source.objects.all()


def get_source(source_id: uuid.UUID | str) -> Source:
    """Raises SourceNotFound."""
    try:
        return Source.objects.select_related("brand").get(pk=source_id)
    except (Source.DoesNotExist, ValueError) as error:
        raise SourceNotFound("This source does not exist any more.") from error


def pages(source: Source) -> QuerySet[Page]:
    """Pages of a source in reading order, without their text."""
    return source.pages.defer("text").order_by("id")


def status_counts(source: Source) -> dict[str, int]:
    return dict(Counter(source.pages.values_list("status", flat=True)))


def texts() -> list[BrandText]:
    """Every text that was read for the brand, websites first, longest pages kept."""
    rows = (
        Page.objects.filter(status=Page.Status.READ)
        .order_by("-words")
        .values_list("url", "title", "text", "language")[:MAX_TEXTS]
    )
    return [BrandText(url, title, text, language or None) for url, title, text, language in rows]


def totals() -> tuple[int, int]:
    """Pages and words of all sources, as they count them."""
    found = Source.objects.aggregate(pages=Sum("pages_read"), words=Sum("words"))
    return int(found["pages"] or 0), int(found["words"] or 0)


def word_count() -> int:
    read = Page.objects.filter(status=Page.Status.READ)
    return int(read.aggregate(total=Sum("words"))["total"] or 0)
