"""Leaving work for after the commit, without knowing who does it.

Workspaces lie below the orchestrator, so it registers itself as the planner and makes a Job of what
is left here: kept in the transaction of the change, tried until it is done.
"""

from __future__ import annotations

from typing import Any, Protocol

from apps.workspaces.models import Workspace
from apps.workspaces.tenancy.context import workspace_context
from apps.workspaces.types import Actor


class Planner(Protocol):
    """Called inside the workspace and inside the transaction of the change."""

    def __call__(
        self, *, actor: Actor, action: str, input: dict[str, Any], subject: tuple[str, str]
    ) -> None: ...


_planner: Planner | None = None


def use(planner: Planner) -> None:
    """Let ``planner`` keep what is left from now on."""
    global _planner
    _planner = planner


def leave(
    *,
    workspace: Workspace,
    action: str,
    input: dict[str, Any],
    subject: tuple[str, str],
    label: str,
) -> None:
    """Have ``action`` run once this transaction commits, in Candy's own name.

    In nobody else's: who asked for it had the right to when they did. ``label`` is whom the action
    may name as the one who asked; ``input`` never holds secrets.
    """
    if _planner is None:
        raise RuntimeError("Nobody keeps work for later: is apps.orchestrator installed?")
    with workspace_context(workspace):
        _planner(
            actor=Actor.system(workspace, label=label), action=action, input=input, subject=subject
        )
