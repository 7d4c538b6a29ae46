from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser

from apps.workspaces.services import provisioning


class Command(BaseCommand):
    help = (
        "Everything a release needs before it serves: migrations, template, system workspace, pool."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="fill in the demo data as well")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("migrate_workspaces", stdout=self.stdout)
        provisioning.ensure_system_workspace()
        made = provisioning.refill_pool(size=settings.CANDY_POOL_SIZE)
        self.stdout.write(f"{made} schemas added to the pool")
        if "ensure_system_schedules" in get_commands():
            call_command("ensure_system_schedules", stdout=self.stdout)
        if options["demo"] and "seed_demo" in get_commands():
            call_command("seed_demo", stdout=self.stdout)
