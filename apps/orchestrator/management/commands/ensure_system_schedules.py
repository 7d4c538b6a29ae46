from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.orchestrator.services.upkeep import ensure_system_schedules


class Command(BaseCommand):
    help = "Make the schedules of the installation's own duties, or bring them up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        count = ensure_system_schedules()
        self.stdout.write(f"{count} schedules of the installation are in place")
