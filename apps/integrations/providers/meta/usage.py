"""How much of its allowance an app has used, as Graph tells it with every answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

SLOW_FROM = 80  # per cent
_PERCENTAGES = ("call_count", "total_time", "total_cputime")


@dataclass(frozen=True, slots=True)
class Usage:
    """`percent` of the fullest allowance; `regain` minutes until calls are let in again."""

    percent: int = 0
    regain: int | None = None

    @property
    def full(self) -> bool:
        return self.percent >= 100

    @property
    def pause(self) -> float:
        """Seconds to wait before the next call that can wait; 0 below 80 per cent."""
        return float(3 * (min(self.percent, 100) - SLOW_FROM + 1)) if self.slow else 0.0

    @property
    def slow(self) -> bool:
        return self.percent >= SLOW_FROM

    def retry_at(self, now: datetime | None = None) -> datetime:
        """When to come back after a refusal.

        Minutes as told; 0 of them on a full allowance means nearly there. Else it is another limit,
        of a rolling window mostly, which frees up bit by bit.
        """
        told = self.regain if self.full or self.regain else None
        wait = timedelta(minutes=5 if told is None else told)
        return (now or datetime.now(UTC)) + max(wait, timedelta(seconds=5))


def read_usage(headers: Mapping[str, str]) -> Usage:
    """`X-App-Usage` is one object, `X-Business-Use-Case-Usage` lists them by account."""
    found = [
        *_objects(headers.get("x-app-usage")),
        *_objects(headers.get("x-business-use-case-usage")),
    ]
    percent = [_whole(one.get(name)) for one in found for name in _PERCENTAGES]
    regain = [
        _whole(one["estimated_time_to_regain_access"])
        for one in found
        if "estimated_time_to_regain_access" in one
    ]
    return Usage(max(percent, default=0), max(regain) if regain else None)


def _objects(value: str | None) -> Iterable[dict[str, Any]]:
    try:
        data = json.loads(value or "{}")
    except ValueError:
        return
    if not isinstance(data, dict):
        return
    yield data
    for inner in data.values():
        if isinstance(inner, list):
            yield from (one for one in inner if isinstance(one, dict))


def _whole(value: Any) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return 0
