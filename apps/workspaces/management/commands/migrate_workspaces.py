from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.workspaces.services import migrating, provisioning


class Command(BaseCommand):
    help = "Bring the template and every workspace's schema to the newest migrations."

    def handle(self, *args: Any, **options: Any) -> None:
        if provisioning.rebuild_template():
            self.stdout.write("template schema rebuilt")
        changed = migrating.migrate_workspaces(
            report=lambda name, steps: self.stdout.write(f"{name}: {steps} migrations")
        )
        self.stdout.write(f"{changed} workspaces migrated")
