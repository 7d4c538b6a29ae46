"""Reading what servers say about when to come back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

# Shares of an allowance in percent, as Meta's networks tell them: of the app and of an account.
_APP_USAGE = ("x-app-usage",)
_ACCOUNT_USAGE = ("x-business-use-case-usage", "x-page-usage", "x-ad-account-usage")
_LONGEST = timedelta(days=2)  # nobody means more; a wrong header must not park a post for a year


@dataclass(frozen=True, slots=True)
class RateState:
    """A bucket as the server reports it; None where it says nothing. `reset_at` is aware UTC.

    `in_percent`: the server tells a share of its allowance only, so `limit` is 100.
    """

    limit: int | None
    remaining: int | None
    reset_at: datetime | None
    in_percent: bool = False


def rate_state(headers: Mapping[str, str], *, now: datetime | None = None) -> RateState:
    """Read `X-RateLimit-*`, `X-Rate-Limit-*` and `RateLimit-*`.

    The reset may be ISO time, epoch or seconds to go, and be called `reset-after`. A limit may carry
    its windows: `100, 100;w=60`.
    """
    now = now or datetime.now(UTC)

    def read(name: str) -> str | None:
        spellings = (f"x-ratelimit-{name}", f"x-rate-limit-{name}", f"ratelimit-{name}")
        return next((found for one in spellings if (found := headers.get(one))), None)

    reset = read("reset") or read("reset-after")
    return RateState(_int(_first(read("limit"))), _int(read("remaining")), _instant(reset, now))


def retry_at(headers: Mapping[str, str], *, now: datetime | None = None) -> datetime | None:
    """When to try again: `Retry-After` first, else the reset of an empty bucket."""
    now = now or datetime.now(UTC)
    at = _instant(headers.get("retry-after"), now) or rate_state(headers, now=now).reset_at
    return None if at is None else min(max(at, now), now + _LONGEST)


def usage_state(
    headers: Mapping[str, str], *, of_app: bool, now: datetime | None = None
) -> RateState | None:
    """What `X-App-Usage` and its kin say, as a bucket of 100; None where they say nothing.

    `reset_at` only when the network says how long a full bucket stays full.
    """
    now = now or datetime.now(UTC)
    shares, minutes = [], [0.0]
    for name in _APP_USAGE if of_app else _ACCOUNT_USAGE:
        for entry in _usage_entries(headers.get(name)):
            shares += [float(v) for k, v in entry.items() if k in _SHARES and _is_number(v)]
            wait = entry.get("estimated_time_to_regain_access", 0)
            minutes.append(float(wait) if _is_number(wait) else 0.0)
    if not shares:
        return None
    left = max(0, 100 - int(max(shares)))
    full_for = timedelta(minutes=max(minutes))
    reset_at = now + min(full_for, _LONGEST) if full_for else None
    return RateState(100, left, reset_at, in_percent=True)


_SHARES = frozenset({"call_count", "total_cputime", "total_time", "acc_id_util_pct"})


def _usage_entries(value: str | None) -> Iterator[dict[str, Any]]:
    """The header is one JSON object, or one list of them for each business account."""
    try:
        data = json.loads(value) if value else {}
    except ValueError:
        return
    if not isinstance(data, dict):
        return
    yield data
    for inner in data.values():
        yield from (
            (one for one in inner if isinstance(one, dict)) if isinstance(inner, list) else ()
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first(value: str | None) -> str:
    """The figure in front of policies: the limit that is nearest, as the drafts of RateLimit say."""
    return (value or "").partition(",")[0].partition(";")[0]


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
