"""What is asked, of which model, and what came back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel, SecretStr

Output = TypeVar("Output", bound=BaseModel)


class Purpose(StrEnum):
    """What a call is for; routes, usage and budgets are told apart by it."""

    WRITE = "write"
    REPAIR = "repair"
    CHECK_KEY = "check_key"


@dataclass(frozen=True)
class ModelRef:
    """One model to call. `trusted` addresses were set by the operator and may be private."""

    provider: str
    model: str
    api_key: SecretStr = field(default_factory=lambda: SecretStr(""), repr=False)
    base_url: str = ""
    key_id: uuid.UUID | None = None
    trusted: bool = False

    @property
    def label(self) -> str:
        return f"{self.provider}:{self.model}"


@dataclass(frozen=True)
class Usage:
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True)
class Answer(Generic[Output]):
    """`cost_micros` is what the ledger booked, 0 for a model without a price."""

    output: Output
    model: str
    usage: Usage
    cost_micros: int
