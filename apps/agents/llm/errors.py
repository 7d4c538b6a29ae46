"""Why no model answered."""

from __future__ import annotations

from typing import ClassVar

from apps.agents.llm.types import Usage
from apps.errors import DomainError, LimitExceeded, Unavailable


class NoModel(DomainError):
    """No key and no installation-wide model: the built-in writer writes."""

    code = "no_model"
    status: ClassVar[int] = 409


class BudgetExceeded(LimitExceeded):
    """The month's budget would not hold this call. Final: waiting a few minutes changes nothing."""

    code = "model_budget_exceeded"
    retryable: ClassVar[bool] = False


class ModelsUnavailable(Unavailable):
    """Every model of the route failed; `params["tried"]` says how."""

    code = "models_unavailable"


class ModelError(Exception):
    """One call that failed. `retry` means the same model may answer in a moment."""

    def __init__(
        self, code: str, message: str, *, retry: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry = retry
        self.retry_after = retry_after
        self.usage: Usage | None = None  # set when the provider counted tokens all the same
