"""Inputs and outputs of the social suite's actions, and the plain types of its services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
    """Whether a target will go out as things stand. `price_usd` None: the content cannot be made."""

    level: Level
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...] = ()  # worth knowing, nothing to mend
    format: str = ""  # the kind of post it would be, a key of the network's capability file
    price_usd: Decimal | None = None
    quotas: tuple[str, ...] = ()  # that it draws from, by their name in the capability file

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "notes": list(self.notes),
            "format": self.format,
            "quotas": list(self.quotas),
            "reasons": [
                {"level": r.level, "code": r.code, "message": r.message, "repair": r.repair}
                for r in self.reasons
            ],
        }


class PublishTargetInput(BaseModel):
    target: UUID
    account: UUID = Field(description="The connection; publications of one account go one by one.")


class KeepPreviewInput(BaseModel):
    approval: UUID


class KeepPreviewOutput(BaseModel):
    kind: Literal["screenshot", "drawn", ""] = Field(description="Empty: the post is gone.")


class RetakePreviewsInput(BaseModel):
    after: UUID | None = Field(None, description="Those up to this approval were looked at.")


class RetakePreviewsOutput(BaseModel):
    jobs: int = Field(description="Screenshots that are taken now.")


class WarnInput(BaseModel):
    target: UUID
    revision: int


class WarnOutput(BaseModel):
    mails: int = Field(description="How many people were written to.")


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


class PollInput(BaseModel):
    options: list[str] = Field(min_length=1, max_length=20)
    minutes: int = Field(default=1440, ge=1, description="How long it runs.")
    multiple: bool = False


class PieceInput(BaseModel):
    text: str = ""
    media: list[UUID] = []


class ShapeInput(BaseModel):
    """What content has beyond text and media; what is left out stays as it is."""

    format: str | None = Field(
        default=None,
        max_length=20,
        description="A kind of post that the network has, such as “reel”. Empty: the media decide.",
    )
    title: str | None = Field(
        default=None, max_length=300, description="Where the network has one."
    )
    link: str | None = Field(default=None, max_length=2000)
    thread: list[PieceInput] | None = Field(
        default=None, max_length=100, description="The posts that follow the first."
    )
    first_comment: str | None = Field(default=None, max_length=10_000)
    poll: PollInput | None = None


class VariantInput(ShapeInput):
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


class ChannelWish(ShapeInput):
    """A channel, and what is otherwise there than on the rest."""

    channel: UUID
    text: str | None = Field(default=None, max_length=100_000)
    media: list[UUID] | None = Field(default=None, max_length=20)
    options: dict[str, Any] | None = None
    language: str | None = Field(default=None, max_length=12)


class PublishInput(ShapeInput):
    """One post for many channels."""

    channels: list[ChannelWish] = Field(min_length=1, max_length=50)
    text: str = Field(default="", max_length=100_000)
    media: list[UUID] = Field(default=[], max_length=20, description="Ids of assets, in order.")
    options: dict[str, Any] = {}
    language: str = Field(default="", max_length=12)
    when: datetime | Literal["now", "slot"] = Field(
        default="now",
        description="An instant, a wall time without zone, “now” or “slot” (each channel's next).",
    )
    time_zone: str | None = Field(
        default=None, max_length=64, description="Of a wall time; each channel's own unless given."
    )
    late_policy: Literal["publish", "hold"] | None = None
    late_minutes: int | None = Field(default=None, ge=0, le=100_000)
    name: str = Field(default="", max_length=200, description="What the team calls the post.")
    campaign: UUID | None = None
    dry_run: bool = Field(default=False, description="Check all of it and publish nothing.")


class Refusal(BaseModel):
    code: str
    message: str
    field: str = ""


class Counted(BaseModel):
    used: int
    limit: int
    unit: str


class QuotaLeft(BaseModel):
    label: str
    used: int
    limit: int


class ChannelResult(BaseModel):
    """What became of the wish on one channel."""

    channel: UUID
    name: str = ""
    provider: str = ""
    status: Literal["scheduled", "refused"]
    state: str = Field(default="", description="The target's state when this was answered.")
    target: UUID | None = Field(
        default=None, description="Ask for it later: its permalink comes when it is out."
    )
    due_at: datetime | None = None
    permalink: str = ""
    parts: int = Field(default=1, description="Posts of the thread and the first comment together.")
    count: Counted | None = None
    flight: dict[str, Any] | None = None
    price_usd: Decimal | None = None
    quotas: list[QuotaLeft] = []
    error: Refusal | None = None


class PublishOutput(BaseModel):
    post: UUID | None
    dry_run: bool = False
    status: Literal["scheduled", "partly", "refused"]
    price_usd: Decimal = Decimal(0)
    results: list[ChannelResult]
    at: datetime


class TargetOutput(BaseModel):
    id: UUID
    channel: UUID
    state: str
    due_at: datetime | None = None
    permalink: str = ""
    error: str = ""
    hold_reason: str = ""
    parts_done: int = 0
    parts_total: int = 1
    is_incomplete: bool = False
    flight: str = Field(default="", description="green, amber or red; empty before the first check")
    price_usd: Decimal | None = None


class CampaignRef(BaseModel):
    campaign: UUID


class PauseCampaignInput(CampaignRef):
    reason: str = ""


class BudgetInput(BaseModel):
    usd: Decimal | None = Field(
        default=None, ge=0, description="A month, for what networks charge. Null: no budget."
    )


class BudgetOutput(BaseModel):
    limit_usd: Decimal | None
    spent_usd: Decimal
    planned_usd: Decimal


class PostOutput(BaseModel):
    id: UUID
    title: str
    state: str
    targets: list[TargetOutput]
