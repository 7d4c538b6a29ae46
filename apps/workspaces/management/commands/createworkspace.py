from __future__ import annotations

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.urls import reverse

from apps.accounts.models import User
from apps.errors import DomainError
from apps.workspaces.services import lifecycle, provisioning
from apps.workspaces.tenancy.urls import absolute_url


class Command(BaseCommand):
    help = "Make a workspace. An owner who is unknown is made too, with a link to set a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="its address below /w/")
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--name", default="", help="the slug, capitalised, where not given")
        parser.add_argument("--time-zone", default="UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["owner"].strip().lower()
        try:
            validate_email(email)
            slug = provisioning.check_slug(options["slug"])
            name = lifecycle.checked_name(options["name"] or slug.replace("-", " ").title())
        except ValidationError as error:
            raise CommandError(f"{email} is not an email address.") from error
        except DomainError as error:
            raise CommandError(error.message) from error
        owner = User.objects.filter(email=email).first()
        link = ""
        if owner is None:
            owner = User.objects.create_user(email)
            # The operator vouches for the address, as a mailed code does elsewhere.
            EmailAddress.objects.create(user=owner, email=email, verified=True, primary=True)
            link = password_link(owner)
        try:
            workspace = provisioning.create_workspace(
                owner=owner, name=name, slug=slug, time_zone=options["time_zone"]
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{workspace.name}: {absolute_url(f'/w/{workspace.slug}/')}")
        if link:
            self.stdout.write(f"{email} is new and sets a password here, within three days: {link}")


def password_link(user: User) -> str:
    """Where ``user`` sets a password without knowing the old one. A secret."""
    key = default_token_generator.make_token(user)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": key},
    )
    return absolute_url(path)
