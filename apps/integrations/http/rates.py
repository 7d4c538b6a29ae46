"""Reading what servers say about when to come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST = timedelta(days=2)  # nobody means more; a wrong header must not park a post for a year


@dataclass(frozen=True, slots=True)
class RateState:
    """A bucket as the server reports it; None where it says nothing. `reset_at` is aware UTC."""

    limit: int | None
    remaining: int | None
    reset_at: datetime | None


def rate_state(headers: Mapping[str, str], *, now: datetime | None = None) -> RateState:
    """Read `X-RateLimit-*` and `RateLimit-*`; reset may be ISO time, epoch or seconds to go."""
    now = now or datetime.now(UTC)

    def read(name: str) -> str | None:
        return headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}")

    return RateState(_int(read("limit")), _int(read("remaining")), _instant(read("reset"), now))


def retry_at(headers: Mapping[str, str], *, now: datetime | None = None) -> datetime | None:
    """When to try again: `Retry-After` first, else the reset of an empty bucket."""
    now = now or datetime.now(UTC)
    at = _instant(headers.get("retry-after"), now) or rate_state(headers, now=now).reset_at
    return None if at is None else min(max(at, now), now + _LONGEST)


def _int(value: str | None) -> int | None:
    try:
        return int(float(value)) if value else None
    except (ValueError, OverflowError):
        return None


def _instant(value: str | None, now: datetime) -> datetime | None:
    if not value:
        return None
    value = value.strip()
    number = _int(value) if value.replace(".", "", 1).isdigit() else None
    if number is not None:
        try:
            # Above a billion it is an epoch, below it is a span of seconds.
            if number > 1_000_000_000:
                return datetime.fromtimestamp(number, UTC)
            return now + timedelta(seconds=number)
        except (OverflowError, ValueError, OSError):
            return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
