from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import User
from apps.errors import DomainError
from apps.workspaces.services import access, keys


class Command(BaseCommand):
    help = "Make an API key for a member. Prints the key alone on standard output, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument(
            "--scopes",
            default="",
            help="permissions, separated by commas; all that the member has where not given",
        )
        parser.add_argument("--name", default="Made by an operator")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["user"].strip().lower()).first()
        if user is None:
            raise CommandError(f"There is nobody with the address {options['user']}.")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        try:
            actor = access.by_person(user=user, slug=options["workspace"]).actor
            made = keys.create(actor=actor, name=options["name"], scopes=scopes)
        except access.Moved as moved:
            raise CommandError(f"That workspace is called {moved.slug} now.") from moved
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(made.raw)
