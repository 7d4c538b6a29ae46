"""What the API says about channels, posts and targets, and what it takes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from apps.knisoci.transitions import TargetState
from apps.knisoci.types import Level, PieceInput, PollInput, PublishInput, ShapeInput
from apps.workspaces.api import Body, ListQuery
from apps.workspaces.api.inputs import CommaSeparated

if TYPE_CHECKING:
    State = str
else:  # the names as they are, so that the schema lists them
    State = Literal[tuple(TargetState.values)]
LatePolicyName = Literal["publish", "hold"]
QuotaPolicyName = Literal["next_slot", "hold"]


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
    quota_policy: QuotaPolicyName
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
    quota_policy: QuotaPolicyName | None = None


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
    format: str = Field(description="A kind of post that the network has; empty: the media decide.")
    title: str
    link: str
    thread: list[PieceInput]
    first_comment: str
    poll: PollInput | None
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


class VariantBody(ShapeInput, Body):
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
    parts_done: int = Field(description="Parts of the thread, and the first comment, that are out.")
    parts_total: int
    is_incomplete: bool = Field(description="Published, but not to the end; `send-rest` sends it.")
    flight: Level | None = Field(description="The last flight check; null before the first.")
    price_usd: Decimal | None = Field(description="What the network charges for it.")
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
    campaign: UUID | None = None
    flight: Level | None = None
    due_from: AwareDatetime | None = None
    due_before: AwareDatetime | None = None
    order: Literal["-created", "due", "-due", "-published"] = "-created"


class ReasonOut(BaseModel):
    level: Level
    code: str
    message: str
    repair: str = Field(description="The action or page that mends it.")


class FlightOut(BaseModel):
    level: Level
    reasons: list[ReasonOut]
    notes: list[str] = Field(description="Worth knowing; nothing to mend.")
    format: str = Field(description="The kind of post that the network will make of it.")
    price_usd: Decimal | None


class ApprovalPictureOut(BaseModel):
    """A PNG of the preview. Until it is made, size and kind are null and the address gives a drawing."""

    address: str = Field(description="Below the API's address.")
    kind: Literal["screenshot", "drawn"] | None = Field(
        description="Drawn: this installation had no browser; the screenshot follows when it has."
    )
    width: int | None
    height: int | None
    made_at: datetime | None
    job: str | None = Field(description="State of the job that makes it.")


class ApprovalOut(BaseModel):
    """What was let go out, as it stood then."""

    id: UUID
    revision: int
    content_hash: str
    is_current: bool = Field(description="Whether the post still says the same.")
    approved_at: datetime
    approved_by: str
    content: dict[str, Any] = Field(description="Text, parts, files, options and account.")
    html: str = Field(description="The composer's preview; empty until it is drawn.")
    picture: ApprovalPictureOut


class PictureOut(BaseModel):
    mime: str
    base64: str


class ConfirmIn(Body):
    is_out: bool = Field(description="True: it is on the network. False: it is not, send it now.")
    permalink: str = Field("", max_length=500)


class CampaignOut(BaseModel):
    id: UUID
    name: str
    color: str
    starts_on: date | None
    ends_on: date | None
    is_paused: bool
    pause_reason: str
    created_at: datetime


class CampaignQuery(ListQuery):
    include_archived: bool = False


class StopOut(BaseModel):
    is_stopped: bool
    reason: str
    stopped_at: datetime | None


class ReleasedOut(BaseModel):
    released: int = Field(description="Held posts that go out now, one a minute per channel.")


class BudgetIn(Body):
    usd: Decimal | None = Field(ge=0, le=1_000_000, decimal_places=2, description="Null: none.")


class PublishBody(PublishInput, Body):
    pass


class AttemptOut(BaseModel):
    part: int = Field(description="0 is the post, then its thread, then the first comment.")
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
    part: int
    stage: str
    method: str
    endpoint: str
    status: int | None
    ms: int
    meaning: str


class ReceiptOut(BaseModel):
    target: TargetOut
    approval: ApprovalOut | None
    attempts: list[AttemptOut]
    lines: list[ReceiptLineOut]
