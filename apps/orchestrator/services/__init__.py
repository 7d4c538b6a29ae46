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
from apps.orchestrator.services.schedules import (
    change_schedule,
    create_schedule,
    end_schedule,
    ensure_schedule,
    move_occurrence,
    pause_schedule,
    resume_schedule,
    skip_occurrence,
)
from apps.orchestrator.services.upkeep import ensure_system_schedules

__all__ = [
    "cancel",
    "change_schedule",
    "create_schedule",
    "emit",
    "end_schedule",
    "enqueue",
    "enqueue_many",
    "ensure_schedule",
    "ensure_system_schedules",
    "move_occurrence",
    "pause_schedule",
    "replay_dead",
    "reschedule",
    "resolve_unknown",
    "resume_schedule",
    "retry",
    "run",
    "skip_occurrence",
    "validate_input",
]
