"""``rotate_master_key``: wrap every workspace's data keys with the first master key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.errors import DomainError
from apps.integrations import vault
from apps.integrations.masters import masters
from apps.integrations.models import DataKey
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import workspace_context


class Command(BaseCommand):
    help = (
        "Wrap all data keys with the first master key (CANDY_KMS_KEY, or the first of "
        "CANDY_MASTER_KEY). Safe while everything runs, and safe to repeat. Drop the old master key "
        "once --check finds none of its own."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Only count; 1 where some are left."
        )

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        current = masters()[0].id
        moved = left = 0
        failed: list[str] = []
        for workspace in Workspace.objects.order_by("pk").iterator():
            with workspace_context(workspace):
                if check:
                    left += DataKey.objects.exclude(master_id=current).count()
                    continue
                try:
                    moved += vault.rotate_master()
                except DomainError as error:
                    failed.append(f"{workspace}: {error.message}")
        if check:
            self.stdout.write(f"{left} data keys are wrapped by another master key than {current}")
            if left:
                raise CommandError("The old master keys are still needed.")
            return
        self.stdout.write(f"{moved} data keys are wrapped by {current} now")
        if failed:
            raise CommandError("Some did not open:\n" + "\n".join(failed))
