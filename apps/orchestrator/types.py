"""Plain types of the orchestrator. No models here: every app imports this at start-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from pydantic import BaseModel

    from apps.workspaces.models import Workspace
    from apps.workspaces.types import Actor

QUEUES = ("default", "publish", "ai", "media")


class Effect(StrEnum):
    """What a lost outcome means: whether running again may do harm outside."""

    NONE = "none"  # reads or computes; run again
    IDEMPOTENT = "idempotent"  # running again changes nothing more; run again
    KEYED = "keyed"  # the outside knows our key; run again with the same key
    CHECKABLE = "checkable"  # ask the outside what happened (``reconcile``) before anything else
    UNSAFE = "unsafe"  # never again by machine; a person decides


# A worker that dies with one of these leaves a doubt, never a job that is simply due again.
DOUBTFUL = frozenset({Effect.CHECKABLE, Effect.UNSAFE})


class Face(StrEnum):
    """Where an action can be reached."""

    STUDIO = "studio"
    API = "api"
    MCP = "mcp"
    AGENT = "agent"
    PIPELINE = "pipeline"
    COMMAND = "command"
    CLOCK = "clock"


FACES_ALL = frozenset(Face)

# A priority for what nobody waits for: it runs after all else, and it makes no queue late.
WHEN_IDLE = 400


@dataclass(frozen=True, slots=True)
class Retry:
    """Attempts and the pause between them: ``base * 2^n`` seconds up to ``cap``, half of it jitter."""

    max_attempts: int = 5
    base_seconds: float = 2.0
    cap_seconds: float = 900.0

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds to wait after attempt number ``attempt`` (from 1); ``chance`` lies in 0 to 1."""
        full = min(self.cap_seconds, self.base_seconds * 2 ** min(attempt - 1, 30))
        return full / 2 + full / 2 * chance


@dataclass(frozen=True, slots=True)
class Landed:
    """``reconcile``: it did happen; ``output`` is the action's output, None where it has none."""

    output: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class NotLanded:
    """``reconcile``: it did not happen and cannot happen any more; run the action again."""


@dataclass(frozen=True, slots=True)
class StillUnknown:
    """``reconcile``: cannot be told yet. Without ``retry_at`` a person has to decide."""

    retry_at: datetime | None = None
    reason: str = ""


Reconciled = Landed | NotLanded | StillUnknown


class RunControl:
    """What the worker tells a running job. Inline runs have one that never says anything."""

    def progress(self, fraction: float, message: str) -> None:
        """Keep how far the job is; at most a few times a second reach the database."""

    def heartbeat(self) -> None:
        """Extend the lease now."""

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled, JobTimeout or LeaseLost when the job should stop."""


@dataclass(frozen=True, slots=True)
class ActionContext:
    """What an action gets besides its input. ``job_id`` is None when it runs inline."""

    actor: Actor
    workspace: Workspace
    job_id: UUID | None = None
    attempt: int = 1
    fence: int = 0
    idempotency_key: str = ""
    control: RunControl = field(default_factory=RunControl, repr=False)

    def progress(self, fraction: float, message: str = "") -> None:
        """Show how far this is: ``fraction`` from 0 to 1 and what is happening."""
        self.control.progress(fraction, message)

    def heartbeat(self) -> None:
        """Not needed for long calls (a thread extends leases); for code that wants to be sure."""
        self.control.heartbeat()

    def raise_if_cancelled(self) -> None:
        """Stop here if a person cancelled the job, its time is up or another worker has it."""
        self.control.raise_if_cancelled()


# ``concurrency``: input -> [(key, how many may run at once)]. Keys are per workspace; a key that
# begins with ``global:`` is shared by all of them.
Concurrency = Callable[[Any], list[tuple[str, int]]]
