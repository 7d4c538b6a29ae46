"""What the API says about actions, jobs and events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from apps.orchestrator.models import Event, Job, JobAttempt
from apps.orchestrator.registry import Action, NoInput
from apps.workspaces.api import Body, ListQuery, Query
from apps.workspaces.api.inputs import CommaSeparated

JobState = Literal[
    "scheduled", "ready", "running", "unknown", "succeeded", "failed", "dead", "cancelled"
]


class Subject(BaseModel):
    kind: str
    id: str


class ErrorNote(BaseModel):
    code: str
    message: str


class JobOut(BaseModel):
    id: UUID
    action: str
    state: JobState
    queue: str
    priority: int
    run_at: datetime
    attempts: int
    max_attempts: int
    progress: float | None = Field(description="0 to 1 while it runs, where the action tells.")
    progress_message: str
    subject: Subject | None
    error: ErrorNote | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class AttemptOut(BaseModel):
    number: int
    outcome: str
    started_at: datetime
    finished_at: datetime | None
    error: ErrorNote | None


class JobDetail(JobOut):
    input: dict[str, Any]
    output: dict[str, Any] | None
    history: list[AttemptOut]


class JobQuery(ListQuery):
    state: Annotated[
        list[JobState] | None, CommaSeparated, Field(description="One or more, with commas.")
    ] = None
    action: str | None = Field(None, max_length=80)
    queue: str | None = Field(None, max_length=16)
    subject_kind: str | None = Field(None, max_length=40)
    subject_id: str | None = Field(None, max_length=64)


class RescheduleIn(Body):
    run_at: AwareDatetime = Field(description="With an offset, such as `2026-03-01T09:00:00Z`.")


class ResolveIn(Body):
    happened: bool = Field(description="Whether the effect took place outside.")


class EventOut(BaseModel):
    sequence: int = Field(description="Counts from 1 without gaps, in order of commit.")
    kind: str
    subject: Subject | None
    summary: str
    data: dict[str, Any]
    at: datetime


class EventPage(BaseModel):
    data: list[EventOut]
    last_sequence: int = Field(description="Ask again with `after` set to this.")


class EventQuery(Query):
    after: int = Field(0, ge=0, lt=2**63, description="The last sequence that you have seen.")
    limit: int = Field(100, ge=1, le=500)
    kind: Annotated[list[str] | None, CommaSeparated, Field(description="With commas.")] = None
    subject_kind: str | None = Field(None, max_length=40)
    subject_id: str | None = Field(None, max_length=64)


class ActionOut(BaseModel):
    key: str
    title: str
    summary: str
    permission: str
    effect: Literal["none", "idempotent", "keyed", "checkable", "unsafe"]
    queue: str
    timeout_seconds: float
    runs: Literal["inline", "job"] = Field(description="How it runs unless `mode` says otherwise.")
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None


class ActionRunQuery(Query):
    mode: Literal["auto", "inline", "job"] = "auto"


class ActionResult(BaseModel):
    action: str
    output: dict[str, Any] | None


JOB_COLUMNS = (
    "id",
    "action",
    "state",
    "queue",
    "priority",
    "run_at",
    "attempts",
    "max_attempts",
    "progress",
    "progress_message",
    "subject_kind",
    "subject_id",
    "error_code",
    "error_message",
    "created_at",
    "started_at",
    "finished_at",
)


def present_job(row: dict[str, Any]) -> dict[str, Any]:
    """A row of ``JOB_COLUMNS``."""
    shown = {name: row[name] for name in JOB_COLUMNS[:10]}
    if shown["state"] == Job.State.SCHEDULED and row["run_at"] <= datetime.now(UTC):
        shown["state"] = Job.State.READY  # becomes due without a write
    return {
        **shown,
        "subject": _subject(row["subject_kind"], row["subject_id"]),
        "error": _error(row["error_code"], row["error_message"]),
        "created_at": row["created_at"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
    }


def present_job_model(job: Job) -> dict[str, Any]:
    return present_job({name: getattr(job, name) for name in JOB_COLUMNS})


def present_job_detail(job: Job) -> dict[str, Any]:
    """``job`` with its attempts, in two queries."""
    return {
        **present_job_model(job),
        "input": job.input,
        "output": job.output,
        "history": [_attempt(attempt) for attempt in job.attempt_log.all()],
    }


def present_event(event: Event) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "subject": _subject(event.subject_kind, event.subject_id),
        "summary": event.summary,
        "data": event.data,
        "at": event.at,
    }


def present_action(action: Action, *, runs: str) -> dict[str, Any]:
    return {
        "key": action.key,
        "title": action.title,
        "summary": action.summary,
        "permission": action.permission,
        "effect": action.effect.value,
        "queue": action.queue,
        "timeout_seconds": action.timeout,
        "runs": runs,
        "input_schema": input_schema(action),
        "output_schema": output_schema(action),
    }


def input_schema(action: Action) -> dict[str, Any]:
    """JSON Schema of the input; an object without properties where none is taken."""
    if action.input_model is NoInput:
        return {"type": "object", "properties": {}}
    return action.input_model.model_json_schema()


def output_schema(action: Action) -> dict[str, Any] | None:
    model = action.output_model
    return None if model is None else model.model_json_schema(mode="serialization")


def _attempt(attempt: JobAttempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "outcome": attempt.outcome,
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "error": _error(attempt.error_code, attempt.error_message),
    }


def _subject(kind: str, identity: str) -> dict[str, str] | None:
    return {"kind": kind, "id": identity} if identity else None


def _error(code: str, message: str) -> dict[str, str] | None:
    return {"code": code, "message": message} if code else None
