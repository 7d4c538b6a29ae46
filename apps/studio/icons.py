"""Lucide icons as the build left them in ``static/dist/icons.json``: name to drawing."""

from __future__ import annotations

import json
import logging
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config.env import BASE_DIR

logger = logging.getLogger(__name__)

# Shown for a name that Lucide does not know, and while nothing is built.
PLACEHOLDER = '<circle cx="12" cy="12" r="9"/>'


def svg(name: str, *, size: int = 16, css: str = "", label: str = "") -> SafeString:
    """An inline ``<svg>``. Hidden from readers unless it has a ``label`` of its own."""
    said = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="icon {}" width="{}" height="{}" viewBox="0 0 24 24" fill="none" '
        'stroke="currentColor" stroke-width="{}" stroke-linecap="round" stroke-linejoin="round" '
        "{}>{}</svg>",
        css,
        size,
        size,
        "1.75" if size <= 24 else "1.5",
        said,
        mark_safe(drawing(name)),  # noqa: S308  # comes from our own build, never from a person
    )


def exists(name: str) -> bool:
    """Whether Lucide has an icon of this name. True for all while nothing is built."""
    drawings = _drawings()
    return not drawings or name in drawings


def drawing(name: str) -> str:
    drawings = _drawings()
    if name in drawings:
        return drawings[name]
    if drawings:
        logger.warning("No such icon: %s", name)
    return PLACEHOLDER


@lru_cache(maxsize=1)
def _drawings() -> dict[str, str]:
    path = BASE_DIR / "static" / "dist" / "icons.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        logger.warning("No icons at %s: run `npm run build --prefix static`.", path)
        return {}
