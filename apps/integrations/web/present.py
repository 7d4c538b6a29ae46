"""How networks look on pages: their mark, and the notes of their folder."""

from __future__ import annotations

from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from apps.integrations import providers


@lru_cache(maxsize=64)
def mark(key: str) -> SafeString:
    """A network's icon, 16 px, with its name for readers."""
    network = providers.of_row(key)
    icon = network.icon.replace("<svg ", '<svg class="network-mark" aria-hidden="true" ', 1)
    return format_html(
        '<span class="network" data-network="{}">{}<span class="sr-only">{}</span></span>',
        key,
        mark_safe(icon),  # noqa: S308  a file of ours
        network.name,
    )


@lru_cache(maxsize=64)
def readme(key: str) -> SafeString:
    """What the network's README says of setting it up, without its title."""
    text = (providers.get(key).folder / "README.md").read_text(encoding="utf-8")
    body = text.partition("\n")[2]
    drawn = MarkdownIt("commonmark", {"html": False}).render(body)
    return mark_safe(drawn)  # noqa: S308  a file of ours, and its HTML is escaped
