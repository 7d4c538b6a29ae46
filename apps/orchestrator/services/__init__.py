"""The verbs of the orchestrator: ``from apps.orchestrator import services as orchestrator``."""

from apps.orchestrator.services.events import emit
from apps.orchestrator.services.jobs import (
    cancel,
    enqueue,
    enqueue_many,
    replay_dead,
    reschedule,
    resolve_unknown,
    retry,
)
from apps.orchestrator.services.running import run, validate_input

__all__ = [
    "cancel",
    "emit",
    "enqueue",
    "enqueue_many",
    "replay_dead",
    "reschedule",
    "resolve_unknown",
    "retry",
    "run",
    "validate_input",
]
