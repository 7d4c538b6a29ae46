"""What the gallery of components shows: samples in every state."""

from __future__ import annotations

from typing import Any

from django import forms

# Whole class names, because the style sheet holds the ones that it finds written out.
SWATCHES = (
    "bg-page", "bg-sunken", "bg-surface", "bg-raised", "bg-hover", "bg-line", "bg-accent-fill",
    "bg-accent-soft", "bg-grape-soft", "bg-mint-soft", "bg-success-soft", "bg-warning-soft",
    "bg-danger-soft", "bg-info-soft", "bg-chart-1", "bg-chart-2", "bg-chart-3", "bg-chart-4",
    "bg-chart-5", "bg-chart-6",
)  # fmt: skip
ARTS = (
    "calendar", "posts", "inbox", "chart", "channels", "people", "search", "activity", "library",
    "done", "project", "lost", "broken", "locked",
)  # fmt: skip


class SampleForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="As your team says it.")
    email = forms.EmailField(required=False)
    password = forms.CharField(widget=forms.PasswordInput)
    network = forms.ChoiceField(choices=[("mastodon", "Mastodon"), ("bluesky", "Bluesky")])
    when = forms.ChoiceField(
        choices=[("now", "Now"), ("slot", "In the next free slot")],
        widget=forms.RadioSelect,
        initial="slot",
    )
    brief = forms.CharField(widget=forms.Textarea, required=False)
    picture = forms.FileField(required=False)
    remember = forms.BooleanField(required=False, help_text="On this device only.")


def context() -> dict[str, Any]:
    broken = SampleForm({"name": "", "email": "mira@", "network": "myspace"}, auto_id="broken_%s")
    broken.add_error(None, "Nothing was saved: three things need another look.")
    days = [f"{day} Nov" for day in range(8, 22)]
    return {
        "swatches": [(css.removeprefix("bg-"), css) for css in SWATCHES],
        "arts": ARTS,
        "form": SampleForm(auto_id="sample_%s"),
        "broken": broken,
        "tabs": [("All", "#g-table", True, 128), ("Drafts", "#g-table", False, 4)],
        "posts": [
            ("Sour, but make it spring", "Mastodon", "info", "Scheduled", None),
            ("Meet the makers", "Bluesky", "success", "Published", 12840),
            ("Weekend giveaway", "Bluesky", "danger", "Failed", 0),
        ],
        "lines": {
            "kind": "line",
            "labels": days,
            "series": [
                {"name": "Mastodon", "values": [12, 18, 16, 24, 30, 28, 26, 34, 42, 40, 38, 46, 52, 56]},
                {"name": "Bluesky", "values": [6, 8, 12, 11, 16, 21, 19, 22, 26, 32, 30, 31, 36, 41]},
            ],
        },
        "bars": {
            "kind": "bar",
            "labels": days,
            "series": [{"name": "Posts", "values": [1, 2, 0, 3, 2, 1, 0, 2, 3, 1, 2, 4, 1, 0]}],
        },
    }  # fmt: skip
