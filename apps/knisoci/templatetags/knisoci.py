"""Drawing posts: states, networks, and text as a reader of the network sees it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from apps.knisoci.models import Target
from apps.knisoci.types import Reason
from apps.knisoci.web import files, present

register = template.Library()

_MARKED = re.compile(r"(https?://[^\s<]+[^\s<.,:;!?)\]]|(?<![\w&])[#@][\w.@-]*\w)")


@register.inclusion_tag("components/chip.html")
def state_chip(state: str) -> dict[str, str]:
    return present.state_chip(state)


@register.inclusion_tag("components/chip.html")
def health_chip(health: dict[str, str]) -> dict[str, str]:
    return {"label": health["label"], "tone": health["tone"], "dot": health["tone"]}


@register.simple_tag
def network_mark(key: str) -> SafeString:
    """The network's own mark, 16 px, with its name for readers."""
    network = present.network(key)
    return mark_safe(  # noqa: S308  the mark is a file of ours, the name is escaped
        f'<span class="network" data-network="{escape(key)}">{network.mark}'
        f'<span class="sr-only">{escape(network.name)}</span></span>'
    )


@register.filter
def post_text(text: str) -> SafeString:
    """``text`` escaped, with links, hashtags and mentions marked as networks mark them."""
    parts = _MARKED.split(text)
    drawn = [
        f'<span class="text-accent-text">{escape(part)}</span>' if index % 2 else escape(part)
        for index, part in enumerate(parts)
    ]
    return mark_safe("".join(drawn))  # noqa: S308  every part is escaped above


@register.filter
def level_tone(level: str) -> str:
    return present.LEVEL_TONES.get(level, "")


@register.filter
def level_words(level: str) -> str:
    return present.LEVEL_WORDS.get(level, level)


@register.filter
def stage_words(stage: str) -> str:
    return present.STAGES.get(stage, stage.replace("_", " ").capitalize())


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """``mapping[key]``, or None."""
    return mapping.get(key)


_LINK = re.compile(r"\[([^\]\[]+)\]\((https://[^\s()]+)\)|(https://[^\s<]+[^\s<.,:;!?)\]])")


@register.filter
def worded(text: str) -> SafeString:
    """``text`` escaped, with ``[words](https://…)`` and bare addresses as links: consent texts."""
    out: list[str] = []
    at = 0
    for found in _LINK.finditer(text):
        out.append(escape(text[at : found.start()]))
        words, address = found[1] or found[3], found[2] or found[3]
        out.append(
            f'<a class="link-accent" href="{escape(address)}" rel="noopener" target="_blank">'
            f"{escape(words)}</a>"
        )
        at = found.end()
    out.append(escape(text[at:]))
    return mark_safe("".join(out))  # noqa: S308  every part is escaped above


@register.filter
def lower_first(text: str) -> str:
    """For the middle of a sentence; “GIF” stays as it is."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


@register.filter
def dollars(amount: Decimal) -> str:
    """US dollars, with as many places as the price has: $0.015, $0.20."""
    plain = f"{amount.normalize():f}"
    whole, _, cents = plain.partition(".")
    return f"${whole}.{cents.ljust(2, '0')}"


asset_kind = register.filter("asset_kind", files.kind)
asset_note = register.filter("asset_note", files.note)
asset_picture = register.simple_tag(files.picture, name="asset_picture")
asset_file = register.simple_tag(files.address, name="asset_file")
asset_panel = register.simple_tag(files.panel, name="asset_panel")
accepted_files = register.simple_tag(files.accepted, name="accepted_files")


@register.inclusion_tag("knisoci/repair_link.html")
def repair_link(reason: Reason | dict[str, str], target: Target, where: str = "") -> dict[str, str]:
    """The one click that mends what a flight check found; none for what ``where`` shows already."""
    repair = reason.get("repair", "") if isinstance(reason, dict) else reason.repair
    if repair == where:
        return {}
    return present.repair(repair, target)
