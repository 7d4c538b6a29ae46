"""Forms of workspaces. They tidy input; what is allowed the services decide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from apps.accounts.web.forms import time_zone_choices
from apps.errors import DomainError
from apps.workspaces.models import Role, Workspace
from apps.workspaces.permissions import ROLE_SUMMARIES, all_permissions
from apps.workspaces.types import Actor

EXPIRIES = {"30": "In 30 days", "90": "In 90 days", "365": "In a year", "": "Never"}
GRACES = {"0": "At once", "1": "In an hour", "24": "In a day", "168": "In a week"}


def add_error(form: forms.Form, error: DomainError) -> None:
    """Show ``error`` at its field, or above the form where it has none here."""
    form.add_error(error.field if error.field in form.fields else None, error.message)


class ZoneMixin(forms.Form):
    time_zone = forms.ChoiceField(
        label="Time zone", help_text="Calendars and queue slots of the workspace run in it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zone_choices()  # type: ignore[attr-defined]


class NewWorkspaceForm(ZoneMixin):
    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="Usually the brand or the team.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    slug = forms.CharField(
        label="Address",
        max_length=48,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    field_order = ("name", "slug", "time_zone")


class WorkspaceForm(ZoneMixin):
    name = forms.CharField(label="Name", max_length=120)
    field_order = ("name", "time_zone")


class SlugForm(forms.Form):
    slug = forms.CharField(
        label="Address",
        max_length=48,
        help_text="Links to the old address keep working: they lead to the new one.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class DeleteForm(forms.Form):
    confirm = forms.CharField(max_length=48, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["confirm"].label = f"Type “{workspace.slug}” to confirm"


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"})
    )
    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect)

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = role_choices(roles)  # type: ignore[attr-defined]
        self.fields["role"].initial = "contributor"


class KeyForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=80, help_text="What will use it, such as “Zapier” or “CI”."
    )
    expires = forms.ChoiceField(
        label="Stops working", choices=list(EXPIRIES.items()), initial="90", required=False
    )
    scopes = forms.MultipleChoiceField(
        label="May do", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = [p for p in all_permissions() if actor.can(p.key)]
        self.fields["scopes"].choices = [(p.key, p.title) for p in allowed]  # type: ignore[attr-defined]
        self.fields[
            "scopes"
        ].help_text = (
            "Choose as little as the program needs. With nothing chosen it may do all that you may."
        )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["expires"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class RotateForm(forms.Form):
    grace = forms.ChoiceField(label="The old key stops working", choices=list(GRACES.items()))

    def grace_time(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["grace"]))


def role_choices(roles: list[Role]) -> list[tuple[str, str]]:
    """Roles with what they mean, for a <select>."""
    return [
        (role.key, f"{role.name}: {summary}" if summary else role.name)
        for role in roles
        for summary in [ROLE_SUMMARIES.get(role.key, "") if role.workspace_id is None else ""]
    ]
