"""Telling the house what happened here, without knowing who listens.

Workspaces lie below the orchestrator, so it registers itself as the listener and turns what is
announced into Events of the workspace.
"""

from __future__ import annotations

from typing import Any, Protocol

from apps.workspaces.models import Workspace
from apps.workspaces.tenancy.context import workspace_context
from apps.workspaces.types import Actor


class Listener(Protocol):
    """Called inside the workspace and inside the transaction of the change."""

    def __call__(
        self,
        *,
        actor: Actor,
        kind: str,
        subject: tuple[str, str],
        data: dict[str, Any],
        summary: str,
    ) -> None: ...


_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Let ``listener`` hear of everything from now on; the same one twice counts once."""
    if listener not in _listeners:
        _listeners.append(listener)


def announce(
    *,
    actor: Actor,
    workspace: Workspace,
    kind: str,
    subject: tuple[str, str],
    summary: str,
    data: dict[str, Any] | None = None,
) -> None:
    """Say that ``kind`` happened, such as ``member.joined``. ``data`` never holds secrets."""
    if not _listeners:
        return
    with workspace_context(workspace):
        for listener in _listeners:
            listener(actor=actor, kind=kind, subject=subject, data=data or {}, summary=summary)
