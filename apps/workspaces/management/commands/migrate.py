"""``migrate`` for the shared schema. Workspaces are migrated by ``migrate_workspaces``."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as DjangoMigrate

from apps.workspaces.tenancy.context import public_context


class Command(DjangoMigrate):
    help = "Migrate the shared schema (public). See migrate_workspaces for the rest."

    def handle(self, *args: Any, **options: Any) -> None:
        with public_context():
            super().handle(*args, **options)
