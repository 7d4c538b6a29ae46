"""A form made of what a provider asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from apps.integrations.providers.base import Field


class FieldsForm(forms.Form):
    """One input for each Field. `keeps_secrets`: an empty secret keeps what is stored."""

    def __init__(
        self, fields: Iterable[Field], *args: Any, keeps_secrets: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for field in fields:
            kept = keeps_secrets and field.kind == "secret"
            self.fields[field.name] = forms.CharField(
                label=field.label,
                required=field.required and not kept,
                help_text="Leave it empty to keep the one that is stored." if kept else field.help,
                initial=field.default,
                max_length=2000,
                widget=(
                    forms.PasswordInput(attrs={"autocomplete": "off"})
                    if field.kind == "secret"
                    else forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
                ),
            )
            if field.placeholder:
                self.fields[field.name].widget.attrs["placeholder"] = field.placeholder
