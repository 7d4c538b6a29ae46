"""Facts about a network as dated data, read by counters, validators, media preparation and docs.

Each provider keeps its own `capability.json`. A wrong shape stops start-up, not a publication.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApiVersion(_Data):
    version: str
    sunset_on: date | None = None


class TextRules(_Data):
    """`limit` in `unit`s; an account's own limit (Account.limits["text"]) wins."""

    limit: int = Field(gt=0)
    unit: Literal["characters", "graphemes", "weighted characters", "bytes"]
    counting: str  # name of the counting rule, so that a browser counter can follow it
    max_bytes: int | None = None
    characters_per_url: int | None = None
    required: bool = False  # False: a post may be media only


class ImageRules(_Data):
    max_count: int = Field(ge=0)
    max_bytes: int
    mimes: tuple[str, ...]
    max_pixels: int | None = None
    max_side: int | None = None
    min_ratio: float | None = None  # width / height
    max_ratio: float | None = None
    alt_limit: int
    alt_required: bool = False


class Option(_Data):
    """One extra choice for a post on this network, drawn by the composer as a form field."""

    name: str
    label: str
    kind: Literal["select", "text", "toggle", "language"]
    default: str | bool = ""
    choices: tuple[tuple[str, str], ...] = ()
    max_length: int | None = None
    help: str = ""


class Publishing(_Data):
    """`promise` decides what a lost answer means: keyed calls repeat, others are read back."""

    promise: Literal["keyed", "readable", "write_only"]
    settle_seconds: float = Field(ge=0)
    reconcile_seconds: int = Field(gt=0)  # how long after the first call a check still finds it
    link_card: bool = False
    thread: bool = False
    first_comment: bool = False
    edit: bool = False
    delete: bool = False
    poll: bool = False


class MetricDef(_Data):
    """`valid_until` marks a metric that the network has announced to stop."""

    name: str  # Candy's own name, the same over all networks
    label: str
    remote: str  # the network's name for it
    valid_until: date | None = None


class RateRule(_Data):
    scope: str
    limit: int
    seconds: int


class Capabilities(_Data):
    provider: str
    checked_on: date
    sources: tuple[str, ...]
    api: ApiVersion
    text: TextRules
    images: ImageRules
    options: tuple[Option, ...] = ()
    publishing: Publishing
    metrics: tuple[MetricDef, ...]
    rates: tuple[RateRule, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Capabilities:
        return cls.model_validate_json(path.read_text(encoding="utf-8"))
