"""What follows when an access is lost, about to end, or sandbox mode is over."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.integrations.models import Connection
from apps.integrations.services import health
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


@subscriber("integrations.sandbox", kinds=("workspace.changed",))
def wake_real_accounts(event: Any) -> None:
    """Real accounts rest in sandbox mode; when it ends, what was held for them goes on."""
    if event.data.get("is_sandbox") != [True, False]:
        return
    actor = Actor.system(require_workspace())
    with transaction.atomic():
        for row in Connection.objects.exclude(state__in=Connection.DEAD):
            if not row.is_sandbox:
                health.tell(actor, row, "connection.recovered", f"{row.handle} works again")
