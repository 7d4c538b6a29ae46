"""Test databases: made once from a template that is named by a digest of the migrations.

Building the template takes seconds; each run and each worker then gets its own copy in a fraction
of one. Two empty workspaces, ``acme`` and ``globex``, are part of the template.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent.parent
KEEP_IN_PUBLIC = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "workspaces_role",
    "workspaces_schemadump",
    "workspaces_workspace",
}


def digest() -> str:
    """Changes with any migration, with this file and with the code that provisions."""
    found = hashlib.sha256()
    sources = sorted(ROOT.glob("apps/*/migrations/*.py"))
    sources += [Path(__file__), ROOT / "apps/workspaces/tenancy/provision.py"]
    sources += [ROOT / "apps/workspaces/services/provisioning.py", ROOT / "requirements/base.txt"]
    for path in sources:
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:16]


def create(worker: str) -> str:
    """Make this worker's database; returns its name."""
    base = settings.DATABASES["default"]["NAME"]
    template = f"candy_template_{digest()}"
    name = f"test_{base}{'_' + worker if worker else ''}"
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(hashtext(%s))", [template])
        if not _exists(server, template):
            building = f"{template}_building"
            _drop(server, building)
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            _use(building)
            _fill()
            connections.close_all()
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(building), sql.Identifier(template)
                )
            )
        _drop(server, name)
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    _use(name)
    return name


def destroy(name: str) -> None:
    connections.close_all()
    with _server() as server:
        _drop(server, name)


def restore_baseline() -> None:
    """After a test that committed: back to the template's content."""
    from apps.workspaces.models import Workspace
    from apps.workspaces.tenancy.context import public_context
    from apps.workspaces.tenancy.provision import drop_schema

    with public_context():
        for workspace in Workspace.objects.exclude(slug__in=BASELINE):
            drop_schema(workspace.schema_name)
            workspace.delete()
        kept = list(Workspace.objects.values_list("schema_name", flat=True))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)",
                [["public", *kept]],
            )
            tables = [
                f'"{schema}"."{table}"'
                for schema, table in cursor.fetchall()
                if table != "django_migrations"
                and not (schema == "public" and table in KEEP_IN_PUBLIC)
            ]
            cursor.execute(
                " UNION ALL ".join(
                    f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables
                )
            )
            filled = [row[0] for row in cursor.fetchall()]
            if filled:
                cursor.execute(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE")
        Workspace.objects.filter(slug__in=BASELINE).update(state="ready", delete_at=None)


BASELINE = ("system", "acme", "globex")


def _fill() -> None:
    from apps.workspaces.models import Workspace
    from apps.workspaces.services import provisioning
    from apps.workspaces.tenancy import provision

    call_command("migrate", interactive=False, verbosity=0)
    provisioning.rebuild_template()
    provisioning.ensure_system_workspace()
    for slug in ("acme", "globex"):
        workspace = provisioning._new_row("ready", slug, slug.capitalize(), "UTC", False)
        provision.replay(provisioning.template_sql(), workspace.schema_name)
    assert Workspace.objects.count() == 3


def _server() -> psycopg.Connection:
    database = settings.DATABASES["default"]
    return psycopg.connect(
        dbname="postgres",
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        autocommit=True,
    )


def _exists(server: psycopg.Connection, name: str) -> bool:
    return (
        server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        is not None
    )


def _drop(server: psycopg.Connection, name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _use(name: str) -> None:
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = name
    connections["default"].settings_dict["NAME"] = name
