"""Asking a model, whoever makes it: one call, with routes, fallback, retry, budget and ledger.

`ask` is the only door. Model SDKs are imported inside this package alone, lazily, because they take
a second to load.
"""

from apps.agents.llm.asking import ask
from apps.agents.llm.errors import BudgetExceeded, ModelError, ModelsUnavailable, NoModel
from apps.agents.llm.types import Answer, Purpose

__all__ = [
    "Answer",
    "BudgetExceeded",
    "ModelError",
    "ModelsUnavailable",
    "NoModel",
    "Purpose",
    "ask",
]
