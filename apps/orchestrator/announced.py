"""What the floor below announces becomes an event, and what it leaves for later becomes a job.

Both in the transaction of the change.
"""

from __future__ import annotations

from typing import Any

from apps.workspaces.services import announce, later
from apps.workspaces.types import Actor

_MANAGERS_ONLY = ("api_key.", "member.invited")


def write(
    *, actor: Actor, kind: str, subject: tuple[str, str], data: dict[str, Any], summary: str
) -> None:
    """Listener of ``announce``. What is about keys and invitations is for those who manage members."""
    from apps.orchestrator.services.events import emit

    permission = "members.manage" if kind.startswith(_MANAGERS_ONLY) else "workspace.view"
    emit(actor=actor, kind=kind, subject=subject, data=data, summary=summary, permission=permission)


def plan(*, actor: Actor, action: str, input: dict[str, Any], subject: tuple[str, str]) -> None:
    """Planner of ``later``."""
    from apps.orchestrator.services.jobs import enqueue

    enqueue(actor=actor, action=action, input=input, subject=subject)


def listen() -> None:
    announce.register(write)
    later.use(plan)
