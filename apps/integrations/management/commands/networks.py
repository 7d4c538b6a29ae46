"""`manage.py networks`: what each network can do, out of the capability files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from apps.integrations import providers
from apps.integrations.providers.table import as_markdown


class Command(BaseCommand):
    help = "Print what each network can do; with --write, put it into docs/networks.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/networks.md")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        page = as_markdown(providers.all_publishers())
        if write:
            (Path(settings.BASE_DIR) / "docs" / "networks.md").write_text(page, encoding="utf-8")
        else:
            self.stdout.write(page, ending="")
