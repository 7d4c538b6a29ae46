"""Entering and asking for the current workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apps.workspaces.tenancy.state import PUBLIC, Scope, scope

if TYPE_CHECKING:
    from apps.workspaces.models import Workspace


class NoWorkspace(RuntimeError):
    """Code that needs a workspace ran outside of one: a bug, never a user's mistake."""


@contextmanager
def workspace_context(workspace: Workspace) -> Iterator[Workspace]:
    """Run the body inside ``workspace``'s schema; the caller's own context comes back afterwards.

    Enter it in the same hop as the queries: not around a ``yield`` of a streaming response that is
    consumed elsewhere, and not in one callback for another.
    """
    if not workspace.schema_name or workspace.schema_name == "public":
        raise NoWorkspace(f"Workspace {workspace.pk} has no schema of its own.")
    token = scope.set(Scope(workspace, workspace.schema_name, True))
    try:
        yield workspace
    finally:
        scope.reset(token)


@contextmanager
def schema_context(schema_name: str, *, include_public: bool = True) -> Iterator[None]:
    """Inside a bare schema, for provisioning and migrations only."""
    token = scope.set(Scope(None, schema_name, include_public))
    try:
        yield
    finally:
        scope.reset(token)


@contextmanager
def public_context() -> Iterator[None]:
    """Leave any workspace for the body."""
    token = scope.set(PUBLIC)
    try:
        yield
    finally:
        scope.reset(token)


def activate(workspace: Workspace) -> None:
    """Enter ``workspace`` for the rest of this request; the middleware resets it."""
    scope.set(Scope(workspace, workspace.schema_name, True))


def deactivate() -> None:
    """Back to ``public`` for the rest of this context."""
    scope.set(PUBLIC)


def current_workspace() -> Workspace | None:
    """The workspace this code runs in, or None."""
    tenant: Workspace | None = scope.get().tenant
    return tenant


def require_workspace() -> Workspace:
    """The workspace this code runs in; raises NoWorkspace where there is none."""
    workspace = current_workspace()
    if workspace is None:
        raise NoWorkspace("This needs a workspace: wrap it in workspace_context(workspace).")
    return workspace
