"""What is to be synchronised in each workspace, and how often. Each app registers its own.

In an app's ``actions.py``: ``sync.register("knisoci.sync_metrics", every=timedelta(hours=1))``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Sync:
    """``action`` takes no required input. It is queued once per ``every`` and workspace."""

    action: str
    every: timedelta

    def slot(self, now: datetime) -> int:
        """Number of the period that ``now`` lies in: the same for every clock."""
        return int((now - datetime(2026, 1, 1, tzinfo=UTC)) // self.every)

    def delay(self, workspace_id: int) -> timedelta:
        """Spread over a quarter of the period, so that not all workspaces call at once."""
        spread = max(1, min(600, int(self.every.total_seconds() / 4)))
        return timedelta(seconds=workspace_id * 37 % spread)


_syncs: dict[str, Sync] = {}


def register(action: str, *, every: timedelta) -> None:
    if every < timedelta(minutes=1):
        raise ValueError(f"{action}: every {every} is too often for all workspaces")
    _syncs[action] = Sync(action, every)


def all_syncs() -> list[Sync]:
    return sorted(_syncs.values(), key=lambda one: one.action)


def forget(action: str) -> None:
    """Take one out again: for tests that register their own."""
    _syncs.pop(action, None)
