"""The fixed phrases of the built-in writer, by language, and what a topic is called."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any


@lru_cache(maxsize=1)
def _books() -> dict[str, Any]:
    path = Path(__file__).parent / "phrasebook.json"
    return dict(json.loads(path.read_text("utf-8")))


def book_of(language: str) -> dict[str, Any]:
    """Phrases of a language; empty where there are none, then texts are made of passages alone."""
    return dict(_books().get(language, {}))


def label_of(topic: str, book: dict[str, Any]) -> str:
    """The topic as a label: "announce our summer sale." becomes "Our summer sale"."""
    text = topic.strip().rstrip(".!:")
    for opening in sorted(book.get("instructions", []), key=len, reverse=True):
        if text.casefold().startswith(f"{opening} ") and len(text) > len(opening) + 4:
            text = text[len(opening) :].strip()
            break
    return text[:1].upper() + text[1:]
