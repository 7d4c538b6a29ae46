"""Inputs and outputs of the social suite's actions, and the plain types of its services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Level = Literal["green", "amber", "red"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding of the flight check; `repair` is the name of a page or verb that mends it."""

    level: Level
    code: str
    message: str
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Flight:
    """Whether a target will go out as things stand."""

    level: Level
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "reasons": [
                {"level": r.level, "code": r.code, "message": r.message, "repair": r.repair}
                for r in self.reasons
            ],
        }


class PublishTargetInput(BaseModel):
    target: UUID
    account: UUID = Field(description="The connection; publications of one account go one by one.")


class PublishTargetOutput(BaseModel):
    state: str
    permalink: str = ""
    message: str = ""


class FlightCheckInput(BaseModel):
    target: UUID
    revision: int


class FlightCheckOutput(BaseModel):
    level: str
    reasons: list[str] = []


class SyncMetricsInput(BaseModel):
    account: UUID


class SyncMetricsOutput(BaseModel):
    targets: int = Field(description="Publications whose numbers were read.")


class PostRef(BaseModel):
    post: UUID


class TargetRef(BaseModel):
    target: UUID


class ConfirmInput(BaseModel):
    target: UUID
    is_out: bool = Field(description="True: it is on the network. False: it is not, send it now.")
    permalink: str = ""


class ChannelRef(BaseModel):
    channel: UUID


class PauseInput(BaseModel):
    channel: UUID
    reason: str = ""


class StopInput(BaseModel):
    reason: str = ""


class VariantInput(BaseModel):
    channel: UUID
    text: str
    media: list[UUID] = []
    options: dict[str, Any] = {}
    language: str = ""


class CreatePostInput(BaseModel):
    title: str = Field(default="", max_length=200)
    brief: str = ""
    campaign: UUID | None = None
    variants: list[VariantInput] = []


class SaveVariantInput(VariantInput):
    post: UUID


class SchedulePostInput(BaseModel):
    post: UUID
    when: datetime | Literal["now", "slot"] = Field(
        description="An instant, a wall time without zone, “now” or “slot”."
    )
    channels: list[UUID] | None = None
    time_zone: str | None = None
    late_policy: Literal["publish", "hold"] | None = None
    late_minutes: int | None = Field(default=None, ge=0)


class RescheduleInput(BaseModel):
    target: UUID
    when: datetime
    time_zone: str | None = None


class TargetOutput(BaseModel):
    id: UUID
    channel: UUID
    state: str
    due_at: datetime | None = None
    permalink: str = ""
    error: str = ""


class PostOutput(BaseModel):
    id: UUID
    title: str
    state: str
    targets: list[TargetOutput]
