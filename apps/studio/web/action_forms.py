"""A Django form out of an action's input model, by way of its JSON schema.

Names, types, enums, bounds and defaults come from the model; pydantic stays the judge of what is
valid when the form is sent.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms
from pydantic import BaseModel

from apps.orchestrator.registry import Action

LONG_TEXT = 200  # characters from which a text gets a box of several lines
Schema = dict[str, Any]


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return [line.strip() for line in text.splitlines() if line.strip()]


class JSONTextField(forms.JSONField):
    """Anything that has no control of its own."""

    widget = forms.Textarea


class ActionForm(forms.Form):
    """Fields carry the input model's names. ``values()`` is what the model validates."""

    def values(self) -> dict[str, Any]:
        """What was filled in; an empty optional field is left to the model's default."""
        given = {}
        for name, value in self.cleaned_data.items():
            if value in (None, "", []) and not self.fields[name].required:
                continue
            given[name] = value
        return given


def form_for(action: Action, data: Any = None, initial: dict[str, Any] | None = None) -> ActionForm:
    """An ActionForm for ``action``, bound to ``data`` where it is given."""
    fields = fields_of(action.input_model)
    kind = type("GeneratedActionForm", (ActionForm,), fields)
    form: ActionForm = kind(data, initial=initial, auto_id="action_%s")
    return form


def fields_of(model: type[BaseModel]) -> dict[str, forms.Field]:
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", []))
    return {
        name: _field(name, _resolved(part, definitions), required=name in required)
        for name, part in schema.get("properties", {}).items()
    }


def _resolved(part: Schema, definitions: dict[str, Schema]) -> Schema:
    """``part`` with $ref, and "this or null", taken apart; words written at the field win."""
    words: Schema = {key: part[key] for key in ("title", "description", "default") if key in part}
    if "$ref" in part:
        named = definitions[part["$ref"].rsplit("/", 1)[-1]]
        named = {key: value for key, value in named.items() if key not in ("title", "description")}
        return _resolved({**named, **words}, definitions)
    for union in ("anyOf", "allOf", "oneOf"):
        options = [one for one in part.get(union, []) if one.get("type") != "null"]
        if len(options) == 1:
            return {**_resolved(options[0], definitions), **words}
    return part


def _field(name: str, schema: Schema, *, required: bool) -> forms.Field:
    default = schema.get("default")
    common: dict[str, Any] = {
        "label": _label(schema.get("title") or name),
        "help_text": schema.get("description", ""),
        "required": required,
        "initial": default,
    }
    if "enum" in schema:
        choices = [(str(value), _label(str(value))) for value in schema["enum"]]
        blank = [] if required or default is not None else [("", "–")]
        return forms.ChoiceField(choices=blank + choices, **common)
    return _plain_field(schema, common)


def _plain_field(schema: Schema, common: dict[str, Any]) -> forms.Field:
    kind, shape = schema.get("type"), schema.get("format")
    if kind == "boolean":
        return forms.BooleanField(**{**common, "required": False})
    if kind in ("integer", "number"):
        number = forms.IntegerField if kind == "integer" else forms.FloatField
        return number(
            min_value=schema.get("minimum"), max_value=schema.get("maximum"), **common
        )  # fmt: skip
    if kind == "string":
        return _text_field(schema, shape, common)
    if kind == "array" and schema.get("items", {}).get("type") == "string":
        common["help_text"] = f"{common['help_text']} One a line.".strip()
        if isinstance(common["initial"], list):
            common["initial"] = "\n".join(map(str, common["initial"]))
        return LinesField(**common)
    if common["initial"] is not None:
        common["initial"] = json.loads(json.dumps(common["initial"], default=str))
    return JSONTextField(**common)


def _text_field(schema: Schema, shape: str | None, common: dict[str, Any]) -> forms.Field:
    if shape == "date-time":
        local = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        return forms.DateTimeField(widget=local, **common)
    if shape == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **common)
    if shape == "uri":
        return forms.URLField(assume_scheme="https", **common)
    if shape == "email":
        return forms.EmailField(**common)
    if shape == "uuid":
        return forms.UUIDField(**common)
    longest = schema.get("maxLength")
    widget = forms.Textarea if longest is None or longest > LONG_TEXT else forms.TextInput
    if longest is None and not _reads_long(common["label"]):
        widget = forms.TextInput
    return forms.CharField(max_length=longest, widget=widget, **common)


def _reads_long(label: str) -> bool:
    return any(word in label.lower() for word in ("text", "brief", "body", "message", "notes"))


def _label(name: str) -> str:
    words = name.replace("_", " ").strip()
    words = " ".join(
        word if word.isupper() and len(word) > 1 else word.lower() for word in words.split()
    )
    return words[:1].upper() + words[1:]
