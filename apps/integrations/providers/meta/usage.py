"""How much of its allowance of calls an app has used, as Graph tells it with every answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apps.integrations.http import usage_state

SLOW_FROM = 80  # per cent


@dataclass(frozen=True, slots=True)
class Usage:
    """`percent` of the fullest allowance, `reset_at` when calls are let in again if that was told.

    `passing`: it is the account's own allowance, full, and back in less than a minute.
    """

    percent: int = 0
    reset_at: datetime | None = None
    passing: bool = False

    @property
    def full(self) -> bool:
        return self.percent >= 100

    @property
    def slow(self) -> bool:
        return self.percent >= SLOW_FROM

    @property
    def pause(self) -> float:
        """Seconds to wait before the next call that can wait; 0 below 80 per cent."""
        return float(3 * (min(self.percent, 100) - SLOW_FROM + 1)) if self.slow else 0.0

    def retry_at(self, now: datetime | None = None) -> datetime:
        """When to come back after a refusal.

        Where nothing was told it is a limit over a rolling window, which frees up bit by bit.
        """
        now = now or datetime.now(UTC)
        if self.reset_at is not None:
            return max(self.reset_at, now + timedelta(seconds=5))
        return now + (timedelta(seconds=5) if self.passing else timedelta(minutes=5))


def read_usage(headers: Mapping[str, str]) -> Usage:
    """`X-App-Usage` and `X-Business-Use-Case-Usage` together."""
    account = usage_state(headers, of_app=False)
    states = [one for one in (account, usage_state(headers, of_app=True)) if one is not None]
    left = min((one.remaining for one in states if one.remaining is not None), default=100)
    resets = [one.reset_at for one in states if one.reset_at is not None]
    passing = account is not None and account.remaining == 0 and account.reset_at is None
    return Usage(100 - left, max(resets, default=None), passing)
