"""Plants a row with a canary in it for every model of a workspace, by looking at the model's fields.

A new model is covered without a line here, unless its own constraints need a word in ``HINTS``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from apps.workspaces.tenancy import UserRef

CANARY = "Zq7Canx"  # short enough for a colour

# Values that a model's constraints ask for, by label.
HINTS: dict[str, dict[str, Any]] = {
    "orchestrator.Schedule": {"rrule": "", "anchor": "2026-03-01T09:00:00", "time_zone": "UTC"},
    "knisoci.Target": {"state": "draft", "time_zone": "UTC"},
    "knisoci.Channel": {"slots": [[0, "09:00"]], "time_zone": "UTC"},
    "orchestrator.EventCounter": {"id": 1, "value": 10_000},
    "orchestrator.Event": {"permission": "workspace.view"},
    "orchestrator.IdempotentRequest": {"status": 200},
}


def tenant_models() -> Iterator[type[models.Model]]:
    """Every concrete model that lives in a workspace's schema."""
    for label in settings.TENANT_APPS:
        yield from apps.get_app_config(label.rpartition(".")[2]).get_models()


class Planter:
    """Plants into the workspace that is entered. ``rows`` holds what it planted, by model."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.rows: dict[type[models.Model], models.Model] = {}
        self._open: list[type[models.Model]] = []

    def plant_all(self) -> None:
        for model in tenant_models():
            self.plant(model)

    def plant(self, model: type[models.Model]) -> models.Model:
        """The planted row of ``model``; what it refers to is planted first."""
        if model in self.rows:
            return self.rows[model]
        error: Exception | None = None
        for is_full in (True, False):  # every field, or where constraints object, the needed ones
            self._open.append(model)
            row = model(**self._values(model, is_full=is_full))
            self._open.pop()
            if model in self.rows:  # planted on the way, by a row that refers back to it
                return self.rows[model]
            try:
                with transaction.atomic():
                    model._base_manager.bulk_create([row])
            except IntegrityError as refused:
                error = refused
                continue
            self.rows[model] = row
            return row
        raise AssertionError(f"No row of {model._meta.label} could be planted: {error}")

    def ids(self) -> dict[str, list[str]]:
        """Keys of the planted rows by model name, and all of them under ``*``."""
        found: dict[str, list[str]] = {"*": []}
        for model, row in self.rows.items():
            found[str(model._meta.model_name)] = [str(row.pk)]
            found["*"].append(str(row.pk))
        return found

    def _values(self, model: type[models.Model], *, is_full: bool) -> dict[str, Any]:
        hints = HINTS.get(model._meta.label, {})
        values: dict[str, Any] = {}
        for field in model._meta.concrete_fields:
            if field.name in hints:
                values[field.name] = hints[field.name]
            elif _is_given(field):
                continue
            elif is_full or not (field.null or field.blank or field.has_default()):
                values[field.name] = self._value(model, field)
        return values

    def _value(self, model: type[models.Model], field: Any) -> Any:
        if isinstance(field, UserRef):
            return self.user
        if isinstance(field, models.ForeignKey):
            related = field.related_model
            if field.null and (related is model or related in self._open):
                return None  # rows that refer to each other
            return self.plant(related)
        if field.choices:
            return field.get_default() if field.has_default() else field.choices[0][0]
        return plain_value(field)


def _is_given(field: Any) -> bool:
    """Whether the database or the model itself fills it."""
    if getattr(field, "generated", False) or (field.primary_key and field.has_default()):
        return True
    if field.null and isinstance(field, models.DateTimeField):
        return True  # deleted_at, revoked_at and their like: the row is alive
    return isinstance(field, SearchVectorField | models.AutoField)


def plain_value(field: Any) -> Any:
    """A value with the canary in it where the field can hold text, else any that fits."""
    if isinstance(field, ArrayField):
        return [plain_value(field.base_field)]
    if isinstance(field, models.JSONField):
        made = field.get_default()
        return [CANARY] if isinstance(made, list) else {"note": CANARY}
    if isinstance(field, models.URLField):
        return f"https://{CANARY}.example/"
    if isinstance(field, models.EmailField):
        return f"{CANARY}@acme.example"
    if isinstance(field, models.CharField | models.TextField):
        return CANARY[: field.max_length] if field.max_length else CANARY
    simple: list[tuple[type[Any], Any]] = [
        (models.BooleanField, False),
        (models.UUIDField, uuid.uuid4()),
        (models.DateTimeField, timezone.now()),
        (models.DateField, date(2026, 3, 1)),
        (models.TimeField, time(9)),
        (models.BinaryField, CANARY.encode()),
        (models.FloatField, 0.5),
        (models.DecimalField, 1),
        (models.IntegerField, 1),
    ]
    for kind, value in simple:
        if isinstance(field, kind):
            return value
    if hasattr(field, "dimensions"):
        return [0.1] * field.dimensions
    raise AssertionError(f"{field} is of a kind that the planter does not know")


def digest_of(schema_name: str) -> dict[str, str]:
    """A checksum of each table of a schema: equal before and after means nothing was written."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema_name])
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, $$|$$ ORDER BY t::text), $$$$)) "
                f'FROM "{schema_name}"."{table}" t'
            )
            found[table] = cursor.fetchone()[0]
    return found


def tables_with_canary(schema_name: str) -> set[str]:
    found = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema_name])
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{schema_name}"."{table}" t WHERE t::text LIKE %s',
                [f"%{CANARY}%"],
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found
