"""Who is told by mail when an access is lost or about to end."""

from __future__ import annotations

from typing import Any

from apps.orchestrator import services as orchestrator
from apps.orchestrator import subscriber
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor


@subscriber("integrations.warnings", kinds=("connection.expired", "connection.expiring"))
def warn(event: Any) -> None:
    """A job of its own: a mail server that is slow keeps no event waiting."""
    orchestrator.enqueue(
        actor=Actor.system(require_workspace()),
        action="integrations.warn_of_connection",
        input={"connection_id": event.subject_id, "sequence": event.sequence},
        priority=50,
        idempotency_key=f"connection-warning:{event.sequence}",
        subject=("connection", event.subject_id),
    )
