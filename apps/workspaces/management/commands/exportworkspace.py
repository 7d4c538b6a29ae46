from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workspaces.models import Workspace
from apps.workspaces.services import exporting


class Command(BaseCommand):
    help = "Write a workspace to a zip: tables as JSON lines, files, and a manifest."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--output", type=Path, help="<slug>.zip where not given")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["slug"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['slug']}.")
        path = options["output"] or Path(f"{workspace.slug}.zip")
        manifest = exporting.export(workspace=workspace, path=path)
        rows = sum(table["rows"] for table in manifest["tables"].values())
        self.stdout.write(
            f"{path}: {len(manifest['tables'])} tables, {rows} rows, {len(manifest['files'])} files"
        )
