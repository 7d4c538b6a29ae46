"""Making the next job of a schedule."""

from __future__ import annotations

from apps.orchestrator.engine import index
from apps.orchestrator.engine.index import Claimed
from apps.workspaces.models import Workspace


def fire(claimed: Claimed, workspace: Workspace) -> None:
    index.remove(claimed.id)
