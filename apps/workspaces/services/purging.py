"""Deleting workspaces for good: schema, files, rows. A Job calls ``purge_deleted`` every day."""

from __future__ import annotations

import logging

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from apps.errors import Conflict
from apps.workspaces.models import AuditEntry, Workspace
from apps.workspaces.services import audit
from apps.workspaces.tenancy import provision
from apps.workspaces.tenancy.context import public_context, workspace_context

logger = logging.getLogger(__name__)


def purge_deleted(*, limit: int = 20) -> list[str]:
    """Purge workspaces whose days of grace are over; returns their schemas.

    Each is its own unit, so a failure leaves the rest for the next run. Safe to run side by side.
    """
    purged = []
    due = Workspace.objects.filter(
        state=Workspace.State.DELETING, delete_at__lte=timezone.now(), is_system=False
    ).order_by("delete_at")
    for workspace in list(due[:limit]):
        try:
            purge(workspace=workspace)
        except Exception:
            logger.exception("Workspace %s could not be purged", workspace.schema_name)
        else:
            purged.append(workspace.schema_name)
    return purged


def purge(*, workspace: Workspace) -> None:
    """Delete everything of ``workspace`` now. There is no way back.

    Files go first: with the row gone nobody would know whose they were. Raises Conflict unless it is
    being deleted.
    """
    with public_context():
        current = Workspace.objects.filter(pk=workspace.pk).first()
        if current is None:
            return
        if current.state != Workspace.State.DELETING or current.is_system:
            raise Conflict("Only a workspace that is being deleted can be purged.")
        with workspace_context(current):
            files = _delete_files("")
        with transaction.atomic():
            locked = (
                Workspace.objects.select_for_update(skip_locked=True)
                .filter(pk=current.pk, state=Workspace.State.DELETING)
                .first()
            )
            if locked is None:  # restored, or another worker has it
                return
            provision.drop_schema(locked.schema_name)
            with connection.cursor() as cursor:
                # The trigger that makes the trail append-only lets a purge through, and only it.
                cursor.execute("SET LOCAL candy.purging = 'on'")
                AuditEntry.objects.filter(workspace_id=locked.pk).delete()
                cursor.execute("SET LOCAL candy.purging = 'off'")
            number, name, schema = locked.pk, locked.name, locked.schema_name
            locked.delete()
            audit.record_system(
                action="workspace.purged",
                subject=("workspace", str(number)),
                label=name,
                change={"schema": schema, "files": files},
            )


def _delete_files(folder: str) -> int:
    """Delete every file below ``folder`` of the current workspace; returns how many."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    count = 0
    for name in files:
        default_storage.delete(f"{folder}/{name}" if folder else name)
        count += 1
    for name in folders:
        below = f"{folder}/{name}" if folder else name
        count += _delete_files(below)
        default_storage.delete(below)  # the empty folder; object stores have none
    return count
