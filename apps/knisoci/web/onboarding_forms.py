"""Forms of the first five steps."""

from __future__ import annotations

from typing import Any

from django import forms

GOALS = (
    ("inform", "Tell people something"),
    ("discuss", "Start a conversation"),
    ("try", "Get people to try it"),
    ("invite", "Invite people"),
)


class BrandForm(forms.Form):
    name = forms.CharField(max_length=120, label="Brand name")
    website = forms.CharField(
        max_length=2000,
        required=False,
        label="Website",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    description = forms.CharField(
        max_length=2000,
        required=False,
        label="What you do, in a sentence or two",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    audience = forms.CharField(max_length=300, required=False, label="Who you talk to")


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        single = super().clean
        return [single(each, initial) for each in data] if data else []


class SourceForm(forms.Form):
    address = forms.CharField(
        max_length=2000,
        required=False,
        label="Website or sitemap",
        help_text="Candy reads up to a few dozen pages and respects robots.txt.",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    documents = FilesField(
        required=False,
        label="Documents",
        help_text="html, md, txt, pdf or docx. Their text is kept, not the files.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("address") and not data.get("documents"):
            self.add_error("address", "Give an address, or choose at least one document.")
        return data


class CampaignForm(forms.Form):
    topic = forms.CharField(
        max_length=300, label="What is it about?", widget=forms.Textarea(attrs={"rows": 2})
    )
    goal = forms.ChoiceField(choices=GOALS, label="What should it do?", initial="inform")
    key_points = forms.CharField(
        required=False,
        max_length=2400,
        label="Points to make",
        help_text="One on each line, at most eight.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    link = forms.CharField(max_length=2000, required=False, label="Link")

    def clean_key_points(self) -> str:
        text: str = self.cleaned_data["key_points"]
        self.points = [line.strip() for line in text.splitlines() if line.strip()]
        if len(self.points) > 8:
            raise forms.ValidationError("At most eight points; the best posts have one.")
        if any(len(point) > 300 for point in self.points):
            raise forms.ValidationError("A point has at most 300 characters.")
        return text
