"""The machine's time, set while everything is alive: the database's and this process's together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import psycopg
from django.utils import timezone

_NOW = re.compile(r"\b(now|clock_timestamp|statement_timestamp)\(\)", re.IGNORECASE)


class WallClock:
    """`set(by)` steps the time of day; time that passes (monotonic) knows nothing of it."""

    def __init__(self) -> None:
        self.by = timedelta(0)
        self._real_now = timezone.now
        self._execute = psycopg.Cursor.execute

    def set(self, **by: float) -> None:
        self.by += timedelta(**by)

    def now(self) -> datetime:
        return self._real_now() + self.by

    def rewritten(self, statement: Any) -> Any:
        if not self.by or not isinstance(statement, str):
            return statement
        seconds = f"{self.by.total_seconds():.6f}"
        return _NOW.sub(rf"(\1() + interval '{seconds} seconds')", statement)


@contextmanager
def stepping_time() -> Iterator[WallClock]:
    """Every statement that asks the database for its time, and everybody who asks Django for it."""
    wall = WallClock()

    def execute(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        return wall._execute(cursor, wall.rewritten(query), *args, **more)

    with (
        mock.patch.object(psycopg.Cursor, "execute", execute),
        mock.patch.object(timezone, "now", wall.now),
    ):
        yield wall
