"""Forms about the voice, models and the budget."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from apps.agents.models import ModelKey
from apps.agents.voice import Term, VoiceData
from apps.agents.voice.scales import SCALES

_MICROS = 1_000_000


class ScaleInput(forms.NumberInput):
    input_type = "range"


class VoiceForm(forms.Form):
    """One slider for each scale, and lists with one entry a line."""

    prefer = forms.CharField(
        label="Words to prefer",
        required=False,
        help_text="One a line.",
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    avoid = forms.CharField(
        label="Words to avoid",
        required=False,
        help_text=(
            "One a line. “utilize > use” also says what to write instead. "
            "Words you add are banned from drafts."
        ),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    rules = forms.CharField(
        label="Rules for writers",
        required=False,
        help_text="One a line. Leave them as they are to have them follow the scales.",
        widget=forms.Textarea(attrs={"rows": 12}),
    )

    def __init__(self, voice: VoiceData, data: Any = None) -> None:
        initial: dict[str, Any] = {
            "prefer": "\n".join(term.text for term in voice.prefer),
            "avoid": "\n".join(_avoided(term) for term in voice.avoid),
            "rules": "\n".join(voice.rules),
        }
        for scale in voice.scales:
            initial[f"scale_{scale.key}"] = scale.value
        super().__init__(data, initial=initial)
        for rules in SCALES:
            if voice.scale(rules.key) is not None:
                self.fields[f"scale_{rules.key}"] = forms.IntegerField(
                    label=f"{rules.low.capitalize()} to {rules.high}",
                    min_value=0,
                    max_value=100,
                    widget=ScaleInput(
                        attrs={"class": "range range-primary range-xs w-full", "step": 1}
                    ),
                )
        self.voice = voice

    def scale_fields(self) -> list[dict[str, Any]]:
        return [
            {"field": self[f"scale_{rules.key}"], "low": rules.low, "high": rules.high}
            for rules in SCALES
            if f"scale_{rules.key}" in self.fields
        ]

    def changes(self) -> dict[str, Any]:
        """What the person changed, as the service takes it."""
        cleaned = self.cleaned_data
        changes: dict[str, Any] = {
            "scales": {
                name.removeprefix("scale_"): value
                for name, value in cleaned.items()
                if name.startswith("scale_")
            }
        }
        for name in ("prefer", "avoid", "rules"):
            if name in self.changed_data:
                changes[name] = [
                    line.strip() for line in cleaned[name].splitlines() if line.strip()
                ]
        return changes


def _avoided(term: Term) -> str:
    return f"{term.text} > {term.instead}" if term.instead else term.text


class ScoreForm(forms.Form):
    text = forms.CharField(
        label="Your text",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ModelKeyForm(forms.Form):
    provider = forms.ChoiceField(label="Provider", choices=ModelKey.Provider.choices)
    model = forms.CharField(
        label="Model",
        max_length=120,
        help_text="As the provider spells it, such as gpt-5-mini, claude-haiku-4-5 or gemini-2.5-flash.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    api_key = forms.CharField(
        label="Key",
        required=False,
        max_length=500,
        help_text="Sealed at once and never shown again. Your own server may need none.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    base_url = forms.CharField(
        label="Address",
        required=False,
        max_length=500,
        help_text="Only for your own OpenAI-compatible server (Ollama, vLLM, llama.cpp): https://…/v1",
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )


class BudgetForm(forms.Form):
    budget = forms.DecimalField(
        label="Most a month, in US dollars",
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(1_000_000),
        decimal_places=2,
        help_text="Calls stop before they would go over. 0 stops all, empty means no limit.",
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )

    def micros(self) -> int | None:
        value = self.cleaned_data["budget"]
        return None if value is None else int(value * _MICROS)
