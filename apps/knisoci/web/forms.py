"""Forms of the social suite."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from django import forms

from apps.knisoci.models import Campaign, Channel, LatePolicy

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class ChannelForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name")
    time_zone = forms.ChoiceField(label="Time zone of its slots")
    late_policy = forms.ChoiceField(
        choices=LatePolicy.choices,
        label="When a post could not go out in time",
        help_text="For example after an outage.",
    )
    late_minutes = forms.IntegerField(
        min_value=0, max_value=10080, label="At most this many minutes late"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(available_timezones())
        self.fields["time_zone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]

    @staticmethod
    def values_of(channel: Channel) -> dict[str, Any]:
        return {
            name: getattr(channel, name)
            for name in ("name", "time_zone", "late_policy", "late_minutes")
        }


class SlotsForm(forms.Form):
    """Posting slots, one line of wall times for each weekday: ``09:00, 17:30``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, day in enumerate(DAYS):
            self.fields[f"day_{number}"] = forms.CharField(
                label=day, required=False, max_length=200
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.pairs: list[tuple[int, str]] = []
        for number in range(7):
            text = data.get(f"day_{number}", "")
            for part in filter(None, re.split(r"[\s,;]+", text)):
                found = _TIME.fullmatch(part)
                if found is None:
                    self.add_error(f"day_{number}", f"“{part}” is not a time. Write 09:00, 17:30.")
                    break
                self.pairs.append((number, f"{int(found[1]):02d}:{found[2]}"))
        return data

    @staticmethod
    def values_of(channel: Channel) -> dict[str, str]:
        lines: dict[int, list[str]] = {number: [] for number in range(7)}
        for weekday, wall in channel.slots:
            lines[int(weekday)].append(wall)
        return {f"day_{number}": ", ".join(sorted(times)) for number, times in lines.items()}


class CampaignForm(forms.Form):
    """A campaign's name, its dates and what writers are told."""

    name = forms.CharField(max_length=120, label="Name")
    starts_on = forms.DateField(
        required=False,
        label="Starts",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    ends_on = forms.DateField(
        required=False,
        label="Ends",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    goal = forms.CharField(
        required=False,
        max_length=2000,
        label="What it is for",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["brief"] = {**self.initial.get("brief", {}), "goal": data.pop("goal", "")}
        return data

    @staticmethod
    def values_of(campaign: Campaign) -> dict[str, Any]:
        return {
            "name": campaign.name,
            "starts_on": campaign.starts_on,
            "ends_on": campaign.ends_on,
            "goal": campaign.brief.get("goal", ""),
            "brief": campaign.brief,
        }
