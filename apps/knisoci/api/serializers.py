"""What the API says about channels, posts and targets, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from apps.knisoci.transitions import TargetState
from apps.workspaces.api import Body, ListQuery
from apps.workspaces.api.inputs import CommaSeparated

if TYPE_CHECKING:
    State = str
else:  # the names as they are, so that the schema lists them
    State = Literal[tuple(TargetState.values)]
LatePolicyName = Literal["publish", "hold"]


class ChannelOut(BaseModel):
    id: UUID
    name: str
    provider: str
    handle: str
    color: str
    time_zone: str
    slots: list[Any] = Field(description='`[weekday, "HH:MM"]`, Monday is 0.')
    late_policy: LatePolicyName
    late_minutes: int
    is_paused: bool
    pause_reason: str
    connection_state: str
    created_at: datetime


class ChannelQuery(ListQuery):
    include_archived: bool = False


class ChannelIn(Body):
    provider: str = Field(max_length=40, description="Such as `mastodon` or `bluesky`.")
    values: dict[str, str] = Field(description="What the network asks for, such as a host.")
    name: str = Field("", max_length=120)


class ChannelPatch(Body):
    name: str | None = Field(None, min_length=1, max_length=120)
    color: str | None = Field(None, max_length=7)
    time_zone: str | None = Field(None, max_length=64)
    slots: list[tuple[int, str]] | None = Field(None, max_length=200)
    late_policy: LatePolicyName | None = None
    late_minutes: int | None = Field(None, ge=0, le=100_000)


class PauseIn(Body):
    reason: str = Field("", max_length=200)


class ListedTarget(BaseModel):
    id: UUID
    channel_id: UUID
    channel: str
    provider: str
    state: State
    due_at: datetime | None
    published_at: datetime | None
    permalink: str
    error: str


class PostRowOut(BaseModel):
    id: UUID
    title: str
    excerpt: str = Field(description="The first 140 characters of the first text.")
    state: str
    campaign: str
    author_id: int | None
    created_at: datetime
    next_at: datetime | None
    targets: list[ListedTarget]


class PostQuery(ListQuery):
    state: State | None = None
    campaign: UUID | None = None
    channel: UUID | None = None
    search: str = Field("", max_length=200)


class VariantOut(BaseModel):
    channel_id: UUID
    channel: str
    provider: str
    text: str
    language: str
    media: list[UUID]
    options: dict[str, Any]
    voice_score: int | None
    written_by: str = Field(description="Empty where a person wrote it.")
    target: ListedTarget | None


class PostOut(BaseModel):
    id: UUID
    title: str
    brief: str
    state: str
    campaign_id: UUID | None
    author_id: int | None
    created_at: datetime
    updated_at: datetime
    variants: list[VariantOut]


class VariantBody(Body):
    text: str = Field(max_length=100_000)
    media: list[UUID] | None = Field(None, max_length=20, description="Ids of assets, in order.")
    options: dict[str, Any] | None = None
    language: str | None = Field(None, max_length=12)


class VariantIn(VariantBody):
    channel: UUID


class PostIn(Body):
    title: str = Field("", max_length=200)
    brief: str = Field("", max_length=20_000)
    campaign: UUID | None = None
    variants: list[VariantIn] = Field([], max_length=50)


class PostPatch(Body):
    title: str | None = Field(None, max_length=200)
    brief: str | None = Field(None, max_length=20_000)
    campaign: UUID | None = None


class ScheduleIn(Body):
    when: AwareDatetime | Literal["now", "slot"] = Field(
        description="An instant with an offset, `now`, or `slot` for the next free ones."
    )
    channels: list[UUID] | None = Field(None, max_length=50, description="All unless given.")
    time_zone: str | None = Field(None, max_length=64)
    late_policy: LatePolicyName | None = None
    late_minutes: int | None = Field(None, ge=0, le=100_000)


class RescheduleIn(Body):
    when: AwareDatetime
    time_zone: str | None = Field(None, max_length=64)


class TargetOut(ListedTarget):
    post_id: UUID
    revision: int
    error_code: str
    hold_reason: str
    metrics: dict[str, Any]
    metrics_at: datetime | None


class TargetQuery(ListQuery):
    state: Annotated[
        list[State] | None, CommaSeparated, Field(description="One or more, with commas.")
    ] = None
    channel: UUID | None = None
    post: UUID | None = None
    due_from: AwareDatetime | None = None
    due_before: AwareDatetime | None = None
    order: Literal["-created", "due", "-due", "-published"] = "-created"


class AttemptOut(BaseModel):
    number: int
    state: str
    stage: str
    stages_done: list[str]
    key: UUID = Field(description="The same over the attempts of one intent.")
    remote_id: str
    permalink: str
    was_adopted: bool = Field(description="Found by asking the network, not by its own answer.")
    error_code: str
    error: str
    created_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None


class ReceiptLineOut(BaseModel):
    at: datetime
    stage: str
    method: str
    endpoint: str
    status: int | None
    ms: int
    meaning: str


class ReceiptOut(BaseModel):
    target: TargetOut
    attempts: list[AttemptOut]
    lines: list[ReceiptLineOut]
