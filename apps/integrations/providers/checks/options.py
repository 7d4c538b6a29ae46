"""What is chosen beside the content, and whether the network has it or wants it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..capabilities import Capabilities, Option, QuotaRule
from ..types import Content, Issue
from .formats import format_of


def option_issues(
    content: Content, capabilities: Capabilities, limits: Mapping[str, Any] | None = None
) -> Iterable[Issue]:
    """Choices that the network does not have, and ones that it wants."""
    shape = format_of(content, capabilities)
    for option in capabilities.options:
        if option.formats and (shape is None or shape.key not in option.formats):
            continue
        value = content.options.get(option.name)
        code = f"option.{option.name}"
        on = counts(option, content.options, capabilities)
        if on and option.consent and not is_on(value):
            yield Issue("error", code, f"{option.label}: please agree first.", option.name)
        elif on and option.required and not value:
            yield Issue("error", code, f"{option.label}: please choose.", option.name)
        choices = [str(one[0]) for one in option.choices]
        if option.choices_from and limits:
            choices += [str(one[0]) for one in limits.get(option.choices_from) or ()]
        if choices and value and str(value) not in choices:
            yield Issue("error", code, f"{option.label}: unknown choice.", option.name)
        if option.max_length and isinstance(value, str) and len(value) > option.max_length:
            yield Issue("error", code, f"{option.label} is too long.", option.name)
        if on and option.disabled_by and (limits or {}).get(option.disabled_by) and is_on(value):
            yield Issue(
                "error", code, f"{option.label}: this account does not allow it.", option.name
            )


def counts(option: Option | QuotaRule, chosen: Mapping[str, Any], facts: Capabilities) -> bool:
    """Whether `option` matters with what was chosen so far, see Option.only_if."""
    name, _, wanted = option.only_if.partition("=")
    if not name:
        return True
    above = next((one for one in facts.options if one.name == name), None)
    if above is not None and not counts(above, chosen, facts):
        return False
    value = chosen_or_default(name, chosen, facts)
    return str(value) == wanted if wanted else is_on(value)


def chosen_or_default(name: str, chosen: Mapping[str, Any], facts: Capabilities) -> Any:
    """The value of option `name`: what was chosen, else its default."""
    value = chosen.get(name)
    if value is None or value == "":
        return next((one.default for one in facts.options if one.name == name), "")
    return value


def is_on(value: Any) -> bool:
    """A toggle's value, whether it came by form or by JSON."""
    return value is True or str(value).lower() in ("true", "on", "1", "yes")
