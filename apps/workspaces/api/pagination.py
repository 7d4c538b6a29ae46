"""Pages by cursor: stable while rows come and go, and as quick on the last page as on the first.

A cursor holds the order it was made for and the place of the last row (its value and its id), so a
page begins after that row whatever was inserted before it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError as FieldError
from django.db.models import F, Q, QuerySet
from pydantic import BaseModel, Field

from apps.errors import ValidationFailed
from apps.workspaces.api.inputs import ListQuery

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """What a list answers: the rows, and the cursor of the next page or null at the end."""

    data: list[Item]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")


@dataclass(frozen=True, slots=True)
class Ordering:
    """Order by ``field``, then by ``key``, which is unique. Rows without a value come last."""

    field: str
    descending: bool = False
    key: str = "pk"

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.field == self.key:
            return rows.order_by(f"-{self.key}" if self.descending else self.key)
        column = F(self.field)
        first = column.desc(nulls_last=True) if self.descending else column.asc(nulls_last=True)
        return rows.order_by(first, f"-{self.key}" if self.descending else self.key)

    def after(self, value: Any, key: Any) -> Q:
        """Rows behind the one with ``value`` and ``key``."""
        beyond = "lt" if self.descending else "gt"
        if self.field == self.key:
            return Q(**{f"{self.key}__{beyond}": key})
        if value is None:
            return Q(**{f"{self.field}__isnull": True, f"{self.key}__{beyond}": key})
        return (
            Q(**{f"{self.field}__{beyond}": value})
            | Q(**{self.field: value, f"{self.key}__{beyond}": key})
            | Q(**{f"{self.field}__isnull": True})
        )


NEWEST = Ordering("pk", descending=True)  # ids sort by time


def paginate(
    rows: QuerySet[Any],
    query: ListQuery,
    *,
    present: Callable[[Any], Any],
    ordering: Ordering = NEWEST,
    name: str = "",
) -> dict[str, Any]:
    """One page of ``rows`` (models, or ``.values()`` that include the ordering's columns). One query.

    ``name`` tells orders of one list apart: a cursor of another order is refused, by ValidationFailed
    with the field ``cursor``.
    """
    if query.cursor:
        value, key = _decode(query.cursor, name)
        rows = rows.filter(_place(rows, ordering, value, key))
    found = list(ordering.apply(rows)[: query.limit + 1])
    more = len(found) > query.limit
    found = found[: query.limit]
    cursor = _encode(name, *_position(found[-1], ordering)) if more else None
    return {"data": [present(row) for row in found], "next_cursor": cursor}


def ordering_of(orderings: Mapping[str, Ordering], name: str) -> Ordering:
    """The ordering ``name``; ValidationFailed with what may be given for any other."""
    if name not in orderings:
        allowed = ", ".join(sorted(orderings))
        raise ValidationFailed(f"Order by one of: {allowed}.", field="order")
    return orderings[name]


def _place(rows: QuerySet[Any], ordering: Ordering, value: Any, key: Any) -> Q:
    """The filter, after the cursor's texts have become values of their columns."""
    meta = rows.model._meta
    try:
        pk = meta.pk.to_python(key)
        if value is not None and ordering.field != ordering.key:
            value = meta.get_field(ordering.field).to_python(value)
    except (FieldError, ValueError, TypeError, OverflowError) as error:
        raise _refused() from error
    if pk is None:
        raise _refused()
    return ordering.after(value, pk)


def _position(row: Any, ordering: Ordering) -> tuple[Any, Any]:
    def read(name: str) -> Any:
        if isinstance(row, dict):
            return row["id"] if name == "pk" and "pk" not in row else row[name]
        return getattr(row, name)

    value = None if ordering.field == ordering.key else read(ordering.field)
    if isinstance(value, datetime):
        value = value.isoformat()
    return value, read(ordering.key)


def _encode(name: str, value: Any, key: Any) -> str:
    packed = json.dumps([name, value, key], default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _decode(cursor: str, name: str) -> tuple[Any, Any]:
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_for, value, key = json.loads(packed)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise _refused() from error
    plain = str | int | None
    if made_for != name or not isinstance(value, plain) or not isinstance(key, str | int):
        raise _refused()
    if any(isinstance(part, str) and "\x00" in part for part in (value, key)):
        raise _refused()
    return value, key


def _refused() -> ValidationFailed:
    return ValidationFailed(
        "This cursor is not one of this list in this order.", code="invalid_cursor", field="cursor"
    )


def paginate_by_id(
    read: Callable[[Any, int], list[Any]], query: ListQuery, *, present: Callable[[Any], Any]
) -> dict[str, Any]:
    """One page, newest first, of what ``read(before, limit)`` gives: rows with an ``id`` that sorts.

    For reads that shape their rows themselves. Ids are UUIDs.
    """
    before = None
    if query.cursor:
        _, key = _decode(query.cursor, "")
        try:
            before = UUID(str(key))
        except ValueError as error:
            raise _refused() from error
    found = read(before, query.limit + 1)
    more = len(found) > query.limit
    found = found[: query.limit]
    cursor = _encode("", None, found[-1].id) if more else None
    return {"data": [present(row) for row in found], "next_cursor": cursor}
