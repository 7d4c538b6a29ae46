"""Migrating every workspace: skips what is current, resumes where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import connection

from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import provision
from apps.workspaces.tenancy.context import public_context

BATCH = 200


def migrate_workspaces(*, report: Callable[[str, int], None] | None = None) -> int:
    """Bring every workspace's schema to the leaves; returns how many schemas were changed.

    A schema that is current costs a share of one query per 200. Each schema is its own unit: after
    a failure the next run goes on with what is left. ``report`` gets schema name and steps run.
    """
    changed = 0
    for schema_name in _behind():
        with public_context(), connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        try:
            steps = provision.migrate_schema(schema_name)
        finally:
            with public_context(), connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
        changed += bool(steps)
        if report is not None:
            report(schema_name, steps)
    return changed


def _behind() -> Iterator[str]:
    """Schemas in which a migration of the code is not recorded, by one query for each batch."""
    from django.db.migrations.loader import MigrationLoader

    nodes = MigrationLoader(None).graph.nodes
    wanted = sorted(f"{app}.{name}" for app, name in nodes)
    names = list(Workspace.objects.order_by("id").values_list("schema_name", flat=True))
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        parts = " UNION ALL ".join(
            f"SELECT '{name}', count(DISTINCT app || '.' || name) "  # noqa: S608  ws_<id>, ours
            f"FROM \"{name}\".django_migrations WHERE app || '.' || name = ANY(%s)"
            for name in batch
        )
        with public_context(), connection.cursor() as cursor:
            cursor.execute(parts, [wanted] * len(batch))
            rows = cursor.fetchall()
        yield from (name for name, count in rows if count < len(wanted))
