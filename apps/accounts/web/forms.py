"""Forms of people. What allauth brings, with our words, plus the profile."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.services import people


class SignupDetails(forms.Form):
    """Asked on top of email and password, also after a sign-in elsewhere."""

    name = forms.CharField(
        label="Your name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput())
    field_order = ("name", "email", "password1")

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_time_zone(self) -> str:
        """The browser's zone; anything that is none is passed over."""
        zone: str = self.cleaned_data["time_zone"]
        return zone if zone in available_timezones() else ""

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth calls this with the new person, saved already."""
        people.introduce(
            user=user, name=self.cleaned_data["name"], time_zone=self.cleaned_data["time_zone"]
        )


class ProfileForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = forms.ChoiceField(
        label="Time zone", help_text="Times on every page are shown in it."
    )
    language = forms.ChoiceField(
        label="Language",
        choices=settings.LANGUAGES,
        help_text="For dates, numbers and messages. Candy's own words are in English for now.",
    )
    theme = forms.ChoiceField(label="Theme", choices=User.Theme.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zone_choices()  # type: ignore[attr-defined]


def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """IANA zones by continent, for a <select>."""
    groups: dict[str, list[tuple[str, str]]] = {"Universal": [("UTC", "UTC")]}
    for zone in sorted(available_timezones()):
        continent, _, city = zone.partition("/")
        if city and continent not in _NO_PLACES:
            groups.setdefault(continent, []).append((zone, city.replace("_", " ")))
    return list(groups.items())


_NO_PLACES = {"Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico", "posix", "right"}
