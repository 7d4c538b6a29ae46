"""What the floor below announces becomes an event, in the transaction of the change."""

from __future__ import annotations

from typing import Any

from apps.workspaces.services import announce
from apps.workspaces.types import Actor

_MANAGERS_ONLY = ("api_key.", "member.invited")


def write(
    *, actor: Actor, kind: str, subject: tuple[str, str], data: dict[str, Any], summary: str
) -> None:
    """Listener of ``announce``. What is about keys and invitations is for those who manage members."""
    from apps.orchestrator.services.events import emit

    permission = "members.manage" if kind.startswith(_MANAGERS_ONLY) else "workspace.view"
    emit(actor=actor, kind=kind, subject=subject, data=data, summary=summary, permission=permission)


def listen() -> None:
    announce.register(write)
