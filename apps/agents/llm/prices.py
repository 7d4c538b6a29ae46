"""What a call costs, by our own dated table, in millionths of a US dollar."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from apps.agents.llm.types import ModelRef

_OFFICIAL_HOSTS = {
    "openai": "https://api.openai.com",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
}


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    path = Path(__file__).parent / "prices.json"
    return dict(json.loads(path.read_text("utf-8")))


def price_of(ref: ModelRef) -> tuple[float, float] | None:
    """Dollars per million tokens in and out; None when unknown or not the maker's own server.

    A dated name ("gpt-4o-2024-11-20") has the price of the longest known name it begins with.
    """
    official = _OFFICIAL_HOSTS.get(ref.provider, "")
    if ref.base_url and not ref.base_url.startswith(official):
        return None
    known: dict[str, list[float]] = table()["models"].get(ref.provider, {})
    names = [name for name in known if ref.model == name or ref.model.startswith(f"{name}-")]
    if not names:
        return None
    per_million_in, per_million_out = known[max(names, key=len)]
    return per_million_in, per_million_out


def cost_micros(ref: ModelRef, tokens_in: int, tokens_out: int) -> int | None:
    """Dollars per million tokens are micro-dollars per token, so nothing is divided."""
    price = price_of(ref)
    if price is None:
        return None
    return math.ceil(tokens_in * price[0] + tokens_out * price[1])
