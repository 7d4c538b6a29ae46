"""Forms of the shell."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.errors import DomainError
from apps.studio.models import Project


class ProjectForm(forms.ModelForm):
    class Meta:
        model = Project
        fields = ("name", "purpose", "tone", "starts_on", "ends_on")
        labels = {
            "purpose": "What it is for",
            "tone": "Colour",
            "starts_on": "First day",
            "ends_on": "Last day",
        }
        widgets = {
            "name": forms.TextInput(attrs={"autofocus": True}),
            "starts_on": forms.DateInput(attrs={"type": "date"}),
            "ends_on": forms.DateInput(attrs={"type": "date"}),
        }

    def validate_unique(self) -> None:
        """The service says it in better words."""

    def validate_constraints(self) -> None:
        """The service says it in better words."""


def show_error(form: forms.BaseForm, error: DomainError) -> None:
    """Put a service's error where the person made it: at its field, else on top of the form."""
    problems: list[dict[str, Any]] = error.params.get("problems") or [
        {"field": error.field or "", "message": error.message}
    ]
    for problem in problems:
        name = str(problem["field"]).split(".")[0]
        message = str(problem["message"])
        form.add_error(name if name in form.fields else None, message[:1].upper() + message[1:])
