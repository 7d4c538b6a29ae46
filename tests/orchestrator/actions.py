"""Actions that tests run. Importing this module declares them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from pydantic import BaseModel, Field

from apps.errors import ValidationFailed
from apps.orchestrator import (
    ActionContext,
    Defer,
    Effect,
    Landed,
    NotLanded,
    OutcomeUnknown,
    Retry,
    Retryable,
    StillUnknown,
    action,
)

QUICK = Retry(max_attempts=3, base_seconds=0.01, cap_seconds=0.02)


class Words(BaseModel):
    text: str = Field(default="hello", max_length=20)


class Said(BaseModel):
    text: str


@action(
    key="probe.say",
    title="Say",
    permission="workspace.view",
    effect=Effect.NONE,
    retry=QUICK,
)
def say(ctx: ActionContext, input: Words) -> Said:
    return Said(text=input.text.upper())


@action(key="probe.noop", title="Nothing", permission="workspace.view", effect=Effect.NONE)
def noop(ctx: ActionContext) -> None:
    """Does nothing."""


@action(
    key="probe.manage", title="Manage", permission="members.manage", effect=Effect.NONE, retry=QUICK
)
def manage(ctx: ActionContext) -> Said:
    return Said(text=ctx.actor.label)


class Script(BaseModel):
    """What the scripted action does, one word per attempt; the last one repeats."""

    steps: list[str] = ["ok"]
    key: str = "x"
    seconds: float = 0
    reconcile: str = "landed"


def _note(ctx: ActionContext, what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.probe_effects (job, what, fence) VALUES (%s, %s, %s)",
            [str(ctx.job_id), what, ctx.fence],
        )


def _count(ctx: ActionContext, what: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM public.probe_effects WHERE job = %s AND what = %s",
            [str(ctx.job_id), what],
        )
        return int(cursor.fetchone()[0])


def _play(ctx: ActionContext, input: Script) -> Said:
    done = _count(ctx, "begin")
    step = input.steps[min(done, len(input.steps) - 1)]
    _note(ctx, "begin")
    deadline = time.monotonic() + input.seconds
    while time.monotonic() < deadline:
        time.sleep(0.02)
        ctx.raise_if_cancelled()
    if step == "retry":
        raise Retryable("Busy outside", retry_after=0.01)
    if step == "defer":
        raise Defer(timezone.now() + timedelta(milliseconds=20))
    if step == "unknown":
        raise OutcomeUnknown("The line went dead", check_after=0.02)
    if step == "final":
        raise ValidationFailed("Too long", field="text")
    if step == "crash":
        raise RuntimeError("token=sk-secret-1234567890abcdef broke")
    _note(ctx, "effect")
    return Said(text=step)


def _reconcile(ctx: ActionContext, input: Script) -> Any:
    _note(ctx, "reconcile")
    if input.reconcile == "landed":
        return Landed(Said(text="found"))
    if input.reconcile == "not_landed":
        return NotLanded()
    if input.reconcile == "later" and _count(ctx, "reconcile") < 3:
        return StillUnknown(timezone.now() + timedelta(milliseconds=20), "Not visible yet")
    if input.reconcile == "later":
        return Landed(Said(text="found late"))
    return StillUnknown(None, "Cannot be read")


@action(
    key="probe.script",
    title="Script",
    permission="workspace.view",
    effect=Effect.IDEMPOTENT,
    retry=QUICK,
)
def script(ctx: ActionContext, input: Script) -> Said:
    return _play(ctx, input)


@action(
    key="probe.checkable",
    title="Checkable",
    permission="workspace.view",
    effect=Effect.CHECKABLE,
    queue="publish",
    retry=QUICK,
    reconcile=_reconcile,
)
def checkable(ctx: ActionContext, input: Script) -> Said:
    return _play(ctx, input)


@action(
    key="probe.unsafe",
    title="Unsafe",
    permission="workspace.view",
    effect=Effect.UNSAFE,
    retry=QUICK,
)
def unsafe(ctx: ActionContext, input: Script) -> Said:
    return _play(ctx, input)


@action(
    key="probe.one_at_a_time",
    title="One at a time",
    permission="workspace.view",
    effect=Effect.IDEMPOTENT,
    retry=QUICK,
    concurrency=lambda input: [(f"account:{input.key}", 1)],
)
def one_at_a_time(ctx: ActionContext, input: Script) -> Said:
    _note(ctx, "in")
    said = _play(ctx, input)
    _note(ctx, "out")
    return said


@action(
    key="probe.short",
    title="Short",
    permission="workspace.view",
    effect=Effect.IDEMPOTENT,
    timeout=0.3,
    retry=QUICK,
)
def short(ctx: ActionContext, input: Script) -> Said:
    return _play(ctx, input)
