"""How much a workspace may have waiting: refuses at the door, so that nothing is lost later."""

from __future__ import annotations

import threading
import time

from django.conf import settings

from apps.errors import LimitExceeded
from apps.orchestrator.engine import index
from apps.workspaces import limits
from apps.workspaces.tenancy import require_workspace

# Counting 10,000 rows takes about a millisecond, so the count is kept for a moment and this
# process' own additions are added; near the cap it is taken anew each time.
_KEEP_SECONDS = 5.0
_lock = threading.Lock()
_counts: dict[int, tuple[float, int]] = {}


def check(queue: str, *, adding: int) -> None:
    """Raise LimitExceeded when the workspace would have more jobs alive than it may."""
    workspace_id = require_workspace().pk
    cap = settings.CANDY_JOBS_WAITING_CAP
    used = _count(workspace_id, adding, cap)
    if used + adding > cap:
        raise LimitExceeded(
            f"{used:,} jobs are waiting in this workspace already, and {cap:,} may. "
            "Nothing was queued; try again when some have run.",
            code="jobs_waiting_cap",
            retry_after=30,
            params={"queue": queue, "waiting": used, "allowed": cap},
        )
    limits.check(workspace_id=workspace_id, meter="jobs_waiting", used=used, adding=adding)


def _count(workspace_id: int, adding: int, cap: int) -> int:
    now = time.monotonic()
    with _lock:
        counted_at, count = _counts.get(workspace_id, (0.0, 0))
        if counted_at + _KEEP_SECONDS > now and count + adding < cap * 0.8:
            _counts[workspace_id] = (counted_at, count + adding)
            return count
    count = index.alive_in(workspace_id)
    with _lock:
        _counts[workspace_id] = (now, count + adding)
    return count
