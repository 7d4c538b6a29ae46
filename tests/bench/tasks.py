"""What is measured: a bare Celery task and two actions."""

from __future__ import annotations

import time

from celery import shared_task

from apps.orchestrator import ActionContext, Effect, action


@shared_task(name="bench.noop", ignore_result=True)
def bare_noop() -> None:
    """The baseline: Celery with nothing of ours."""


@action(key="bench.noop", title="Nothing", permission="workspace.view", effect=Effect.NONE)
def noop(ctx: ActionContext) -> None:
    """As little as an action can do."""


@action(
    key="bench.publish",
    title="As long as a quick network call",
    permission="workspace.view",
    effect=Effect.CHECKABLE,
    queue="publish",
    reconcile=lambda ctx, input: None,
)
def publish(ctx: ActionContext) -> None:
    time.sleep(0.03)
