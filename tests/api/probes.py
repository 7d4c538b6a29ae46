"""Actions that tests declare for themselves: they count how often they ran."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, Field

from apps.orchestrator import ActionContext, Effect, action, registry
from apps.orchestrator.types import Face, Landed


class CountInput(BaseModel):
    label: str = Field(min_length=1, max_length=20)
    times: int = Field(1, ge=1, le=5)


class CountOutput(BaseModel):
    total: int
    label: str


runs: list[str] = []


@contextmanager
def declared() -> Iterator[None]:
    """``probe.count`` (harmless), ``probe.publish`` (acts outside), ``probe.hidden`` (not by API)."""
    runs.clear()

    @action(
        key="probe.count",
        title="Count",
        permission="jobs.manage",
        effect=Effect.IDEMPOTENT,
    )
    def count(ctx: ActionContext, input: CountInput) -> CountOutput:
        runs.append(input.label)
        return CountOutput(total=input.times, label=input.label)

    @action(
        key="probe.publish",
        title="Publish",
        permission="jobs.manage",
        effect=Effect.CHECKABLE,
        queue="publish",
        reconcile=lambda ctx, input: Landed(),
    )
    def publish(ctx: ActionContext, input: CountInput) -> CountOutput:
        runs.append(input.label)
        return CountOutput(total=1, label=input.label)

    @action(key="probe.hidden", title="Hidden", permission="jobs.manage", faces=[Face.STUDIO])
    def hidden(ctx: ActionContext, input: CountInput) -> CountOutput:
        runs.append(input.label)
        return CountOutput(total=1, label=input.label)

    try:
        yield
    finally:
        for key in ("probe.count", "probe.publish", "probe.hidden"):
            registry.forget(key)
