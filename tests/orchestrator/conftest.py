"""What the orchestrator's tests share: probe actions and a worker that runs in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.orchestrator import actions  # noqa: F401  declares them


@pytest.fixture
def effects(db: None) -> Iterator[Any]:
    """A table that probe actions write to; reads back ``(what, job)`` in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS public.probe_effects ("
            "id bigserial, job text, what text, fence bigint, at timestamptz DEFAULT clock_timestamp())"
        )
        cursor.execute("TRUNCATE public.probe_effects")

    def read(what: str | None = None) -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT what, job FROM public.probe_effects ORDER BY id")
            return [row for row in cursor.fetchall() if what in (None, row[0])]

    yield read
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS public.probe_effects")
