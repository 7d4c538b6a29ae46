"""What counts in a quota's window, and when there is room again. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apps.integrations.providers.capabilities import QuotaRule

Use = tuple[datetime, int]  # when it counts from, how many units


@dataclass(frozen=True, slots=True)
class Reading:
    """The network's own figure at `read_at`."""

    used: int
    limit: int
    resets_at: datetime | None
    read_at: datetime

    def until(self, rule: QuotaRule) -> datetime:
        """From when on it says nothing any more."""
        if self.resets_at is not None:
            return self.resets_at
        return next_reset(rule, self.read_at) or self.read_at + timedelta(seconds=rule.seconds)


@dataclass(frozen=True, slots=True)
class Filled:
    """How full a window is. `free_at` is when it has room for what was asked, None if it has now."""

    used: int
    limit: int
    free_at: datetime | None


def window_start(rule: QuotaRule, at: datetime) -> datetime:
    """Uses after this instant count at `at`."""
    if rule.resets == "rolling":
        return at - timedelta(seconds=rule.seconds)
    local = at.astimezone(ZoneInfo(rule.resets))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def next_reset(rule: QuotaRule, at: datetime) -> datetime | None:
    """The next midnight of the rule's zone; None where the window rolls."""
    if rule.resets == "rolling":
        return None
    local = at.astimezone(ZoneInfo(rule.resets)) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def fill(
    rule: QuotaRule, uses: Sequence[Use], reading: Reading | None, at: datetime, units: int
) -> Filled:
    """How full the window is at `at`, and when `units` more fit.

    A reading counts what was made elsewhere too: it stands for everything before it, less what of
    ours has left the window since.
    """
    leaving = _leaving(rule, uses, reading, at)
    used = sum(size for _, size in leaving)
    limit = reading.limit if _says(reading, rule, at) and reading else rule.limit
    if used + units <= limit:
        return Filled(used, limit, None)
    left = used
    for moment, size in sorted(leaving):
        left -= size
        if left + units <= limit:
            return Filled(used, limit, moment)
    return Filled(used, limit, at + timedelta(seconds=rule.seconds))


def _leaving(
    rule: QuotaRule, uses: Sequence[Use], reading: Reading | None, at: datetime
) -> list[Use]:
    """What counts at `at`, each with the moment it stops to."""
    start, reset = window_start(rule, at), next_reset(rule, at)
    span = timedelta(seconds=rule.seconds)

    def leaves(moment: datetime) -> datetime:
        return reset or moment + span

    ours = [(leaves(moment), size) for moment, size in uses if moment > start]
    if not _says(reading, rule, at) or reading is None:
        return ours
    before = window_start(rule, reading.read_at)
    known = sum(size for moment, size in uses if before < moment <= reading.read_at)
    still = [(m, size) for m, size in uses if start < m <= reading.read_at]
    others = max(0, reading.used - known)
    kept = max(0, min(reading.used, known))  # the network may count fewer of ours than we do
    counted: list[Use] = []
    for moment, size in sorted(still, reverse=True):
        counted.append((leaves(moment), min(size, kept)))
        kept -= min(size, kept)
    since = [(leaves(m), size) for m, size in uses if m > max(start, reading.read_at)]
    return [*counted, *since, (reading.until(rule), others)]


def _says(reading: Reading | None, rule: QuotaRule, at: datetime) -> bool:
    return reading is not None and at < reading.until(rule)
