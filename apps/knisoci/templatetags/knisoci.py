"""Drawing posts: states, networks, and text as a reader of the network sees it."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from apps.knisoci.web import present

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
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """``mapping[key]``, or None."""
    return mapping.get(key)
