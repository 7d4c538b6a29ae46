"""Actions, jobs, schedules and events: what Candy can do, when it does it, and what happened.

This is the face for other apps' ``actions.py`` and ``events.py``. Callers use
``apps.orchestrator.services``.
"""

from apps.orchestrator.errors import Cancelled, Defer, OutcomeUnknown, Retryable
from apps.orchestrator.registry import action
from apps.orchestrator.subscribers import subscriber
from apps.orchestrator.types import (
    FACES_ALL,
    WHEN_IDLE,
    ActionContext,
    Effect,
    Face,
    Landed,
    NotLanded,
    Retry,
    StillUnknown,
)

__all__ = [
    "FACES_ALL",
    "WHEN_IDLE",
    "ActionContext",
    "Cancelled",
    "Defer",
    "Effect",
    "Face",
    "Landed",
    "NotLanded",
    "OutcomeUnknown",
    "Retry",
    "Retryable",
    "StillUnknown",
    "action",
    "subscriber",
]
