"""A workspace as one zip: every table as JSON lines, every file, and a manifest that counts them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.utils import timezone

from apps.workspaces.models import AuditEntry, Workspace
from apps.workspaces.tenancy.context import workspace_context

FORMAT = 1
_BATCH = 500

# Rows of the shared schema that belong to the workspace. Secrets and their hashes stay behind.
_SHARED = {
    "members": """
        SELECT u.email, u.name, r.key AS role, m.created_at, m.last_seen_at
        FROM workspaces_membership m
        JOIN accounts_user u ON u.id = m.user_id JOIN workspaces_role r ON r.id = m.role_id
        WHERE m.workspace_id = %s ORDER BY m.id""",
    "roles": "SELECT key, name, permissions FROM workspaces_role WHERE workspace_id = %s ORDER BY id",
    "invitations": """
        SELECT i.email, r.key AS role, i.created_at, i.expires_at, i.accepted_at, i.revoked_at
        FROM workspaces_invitation i JOIN workspaces_role r ON r.id = i.role_id
        WHERE i.workspace_id = %s ORDER BY i.id""",
    "api_keys": """
        SELECT k.name, k.prefix, u.email AS person, k.scopes, k.created_at, k.expires_at,
               k.last_used_at, k.revoked_at
        FROM workspaces_apikey k JOIN accounts_user u ON u.id = k.user_id
        WHERE k.workspace_id = %s ORDER BY k.id""",
    "domains": "SELECT domain, is_primary FROM workspaces_domain WHERE tenant_id = %s ORDER BY id",
    "old_slugs": "SELECT slug, created_at FROM workspaces_slughistory WHERE workspace_id = %s"
    " ORDER BY id",
}


def export(*, workspace: Workspace, path: Path) -> dict[str, Any]:
    """Write ``workspace`` to the zip ``path`` and return its manifest.

    Tables are read in one REPEATABLE READ transaction, so they fit together; files are read after it.
    Columns with sealed secrets (BinaryField of ``integrations``) are left out and named in the
    manifest: outside of the installation nobody could open them. Written beside ``path`` first, so
    that a half-done export never looks like a whole one.
    """
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "workspace": {
            "slug": workspace.slug,
            "name": workspace.name,
            "time_zone": workspace.time_zone,
            "created_at": workspace.created_at.isoformat(),
        },
        "exported_at": timezone.now().isoformat(),
        "tables": {},
        "files": {},
        "left_out": sorted(f"{table}.{column}" for table, column in _sealed()),
    }
    draft = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            with workspace_context(workspace):
                _write_tables(archive, manifest, workspace)
                _write_files(archive, manifest)
            archive.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _write_tables(archive: zipfile.ZipFile, manifest: dict[str, Any], workspace: Workspace) -> None:
    with connection.cursor() as cursor:  # sets the search path, which must precede the isolation
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename",
            [workspace.schema_name],
        )
        tables = [row[0] for row in cursor.fetchall() if row[0] != "django_migrations"]
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, query in _SHARED.items():
            _write_rows(archive, manifest, f"workspace/{name}", query, [workspace.pk])
        entries = AuditEntry.objects.filter(workspace_id=workspace.pk).order_by("sequence")
        text, params = entries.query.sql_with_params()
        _write_rows(archive, manifest, "workspace/audit", text, list(params))
        sealed = _sealed()
        for table in tables:
            hidden = sorted(column for name, column in sealed if name == table)
            _write_rows(
                archive,
                manifest,
                f"data/{table}",
                f'SELECT * FROM "{workspace.schema_name}"."{table}"',  # noqa: S608  names of ours
                [],
                hidden,
            )


def _write_rows(
    archive: zipfile.ZipFile,
    manifest: dict[str, Any],
    name: str,
    query: str,
    params: list[Any],
    hidden: list[str] | None = None,
) -> None:
    """The rows of ``query`` as JSON lines, by a server-side cursor: memory stays flat."""
    count = 0
    digest = hashlib.sha256()
    text = f"SELECT (to_jsonb(t) - %s::text[])::text FROM ({query}) t"  # noqa: S608  see above
    with archive.open(f"{name}.jsonl", "w", force_zip64=True) as out:
        with connection.chunked_cursor() as cursor:
            cursor.execute(text, [hidden or [], *params])
            while rows := cursor.fetchmany(_BATCH):
                for (row,) in rows:
                    line = row.encode() + b"\n"
                    digest.update(line)
                    out.write(line)
                    count += 1
    manifest["tables"][name] = {"rows": count, "sha256": digest.hexdigest()}


def _write_files(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    for name in _files(""):
        digest, size = hashlib.sha256(), 0
        with default_storage.open(name) as source:
            with archive.open(f"files/{name}", "w", force_zip64=True) as out:
                for chunk in source.chunks():
                    digest.update(chunk)
                    size += len(chunk)
                    out.write(chunk)
        manifest["files"][name] = {"bytes": size, "sha256": digest.hexdigest()}


def _files(folder: str) -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    yield from (f"{prefix}{name}" for name in sorted(files))
    for name in sorted(folders):
        yield from _files(f"{prefix}{name}")


def _sealed() -> set[tuple[str, str]]:
    return {
        (model._meta.db_table, field.column)
        for model in apps.get_app_config("integrations").get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField) and field.column is not None
    }
