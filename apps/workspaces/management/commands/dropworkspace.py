from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.errors import DomainError
from apps.workspaces.models import Workspace
from apps.workspaces.services import exporting, lifecycle, purging
from apps.workspaces.types import Actor


class Command(BaseCommand):
    help = "Delete a workspace for good, at once: asks, exports it to a zip, then drops it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--output", type=Path, help="where the export goes")
        parser.add_argument("--no-input", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["slug"], is_system=False).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['slug']}.")
        if not options["no_input"]:
            asked = f"{workspace.name} and everything in it will be gone. Type {workspace.slug}: "
            if input(asked).strip() != workspace.slug:
                raise CommandError("Nothing was done.")
        stamp = timezone.now().strftime("%Y%m%d-%H%M%S")
        path = options["output"] or Path(f"{workspace.slug}-{stamp}.zip")
        exporting.export(workspace=workspace, path=path)
        self.stdout.write(f"exported to {path}")
        try:
            lifecycle.delete(actor=Actor.system(workspace, "Operator"), confirm=options["slug"])
            purging.purge(workspace=workspace)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{workspace.slug} is gone")
