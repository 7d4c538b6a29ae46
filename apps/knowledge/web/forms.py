"""Forms about sources and the brand."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.knowledge.crawl.addresses import AddressInvalid, clean_address
from apps.knowledge.models import Brand, Source
from apps.knowledge.reading.document import SUFFIXES


class AddressForm(forms.Form):
    address = forms.CharField(
        label="Address",
        max_length=2000,
        help_text="Such as yourbrand.com, or the address of a sitemap.",
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "autocomplete": "url",
                "autofocus": True,
                "spellcheck": "false",
            }
        ),
    )
    kind = forms.ChoiceField(
        label="What to read",
        choices=[
            (Source.Kind.WEBSITE, "The website: its pages as far as they are linked"),
            (Source.Kind.SITEMAP, "A sitemap: only the pages that it lists"),
        ],
        initial=Source.Kind.WEBSITE,
        widget=forms.RadioSelect,
    )


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files; cleans to a list."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) and data else [data or None]
        return [super(ManyFilesField, self).clean(one, initial) for one in files]


class UploadForm(forms.Form):
    documents = ManyFilesField(
        label="Documents",
        help_text=(
            "Web pages, Markdown, text, PDF or Word (docx), 10 MB each at most. "
            "Several at once are fine."
        ),
        widget=ManyFilesInput(attrs={"accept": ",".join(sorted(SUFFIXES))}),
        error_messages={
            "required": "Choose at least one document.",
            "empty": "This file is empty.",
        },
    )


class BrandForm(forms.ModelForm):
    class Meta:
        model = Brand
        fields = ("name", "website", "description", "audience")
        labels = {
            "description": "What it does",
            "audience": "Who it speaks to",
        }
        help_texts = {
            "audience": "Such as “small teams that work remotely”.",
        }
        widgets = {
            "website": forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
            "description": forms.Textarea(attrs={"rows": 4}),
        }
        field_classes = {"website": forms.CharField}

    def clean_website(self) -> str:
        """Whole, as the model wants it: people type `kettle.example`."""
        typed = self.cleaned_data["website"]
        try:
            return clean_address(typed) if typed else ""
        except AddressInvalid as error:
            raise forms.ValidationError(error.message) from error
