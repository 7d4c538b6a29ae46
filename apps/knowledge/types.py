"""What other apps get to see of a brand's knowledge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrandText:
    """One page or document. `source` is its address: a URL or a file name."""

    source: str
    title: str
    text: str
    language: str | None
