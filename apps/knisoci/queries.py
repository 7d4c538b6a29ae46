"""Reads for pages and programs. Each says how many statements it takes; none loads whole tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Left
from django.utils import timezone

from apps.knisoci.errors import PostNotFound, TargetNotFound
from apps.knisoci.models import (
    Approval,
    Attempt,
    Campaign,
    Channel,
    MetricSnapshot,
    Post,
    PublishingStop,
    ReceiptLine,
    Target,
    Variant,
)
from apps.knisoci.post_rows import EXCERPT, PostRow, posts
from apps.knisoci.services import finding
from apps.knisoci.transitions import NEEDS_ATTENTION, TargetState

__all__ = ["PostRow", "posts"]
OVERDUE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One publication on the calendar; `at` is when it is due or when it went out (UTC)."""

    id: UUID
    post: UUID
    channel: UUID
    channel_name: str
    color: str
    provider: str
    state: str
    at: datetime
    title: str
    excerpt: str
    flight: str
    parts_done: int
    parts_total: int
    error_code: str
    is_campaign_paused: bool


def calendar(
    *,
    start: datetime,
    end: datetime,
    channels: Sequence[UUID] | None = None,
    campaign: UUID | None = None,
    states: Iterable[str] | None = None,
) -> list[CalendarEntry]:
    """What is due from `start` up to `end` (aware), in order. One statement, no whole texts."""
    rows = Target.objects.filter(due_at__gte=start, due_at__lt=end)
    if channels is not None:
        rows = rows.filter(channel__in=channels)
    if campaign is not None:
        rows = rows.filter(post__campaign=campaign)
    if states is not None:
        rows = rows.filter(state__in=list(states))
    found: Any = rows.order_by("due_at", "id").values_list(
        "id",
        "post_id",
        "channel_id",
        "channel__name",
        "channel__color",
        "channel__connection__provider",
        "state",
        "due_at",
        "post__title",
        Left("variant__text", EXCERPT),
        Coalesce(KT("flight__level"), Value(""), output_field=TextField()),
        "parts_done",
        "parts_total",
        "error_code",
        Coalesce("post__campaign__is_paused", Value(False)),
    )
    return [CalendarEntry(*row) for row in found]


def channels(*, include_archived: bool = False) -> QuerySet[Channel]:
    """Channels with their connection. One statement."""
    rows = Channel.objects.select_related("connection").order_by("name", "id")
    return rows if include_archived else rows.filter(is_archived=False)


def channels_to_choose(*, person: int) -> QuerySet[Channel]:
    """As `channels`, with `was_used`: `person`'s last post was for it. One statement."""
    last = Post.objects.filter(author=person).order_by("-id").values("pk")[:1]
    used = Variant.objects.filter(channel=OuterRef("pk"), post=Subquery(last))
    return channels().annotate(was_used=Exists(used))


def channel(pk: UUID | str) -> Channel:
    return finding.get(Channel, pk)


def campaigns(*, include_archived: bool = False) -> QuerySet[Campaign]:
    """Campaigns with `post_count`. One statement."""
    rows = Campaign.objects.annotate(post_count=Count("posts"))
    return rows if include_archived else rows.filter(is_archived=False)


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign in a list, with how many of its publications stand in each state."""

    campaign: Campaign
    states: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def published(self) -> int:
        return self.states.get(TargetState.PUBLISHED, 0)

    @property
    def planned(self) -> int:
        return self.states.get(TargetState.SCHEDULED, 0)

    @property
    def troubled(self) -> int:
        return sum(self.states.get(state, 0) for state in NEEDS_ATTENTION)


def campaign_rows(*, include_archived: bool = False) -> list[CampaignRow]:
    """Campaigns, newest first, with their progress. Two statements."""
    rows = {row.pk: CampaignRow(row, {}) for row in campaigns(include_archived=include_archived)}
    counted = Target.objects.filter(post__campaign__in=rows)
    for pk, state, count in counted.values_list("post__campaign", "state").annotate(n=Count("id")):
        rows[pk].states[state] = count
    return list(rows.values())


def campaign(pk: UUID | str) -> Campaign:
    """Raises CampaignNotFound."""
    return finding.get(Campaign, pk)


def open_stop() -> PublishingStop | None:
    """The emergency stop that is on, or None."""
    return PublishingStop.objects.filter(resumed_at=None).first()


def composer(post: UUID) -> Post:
    """A post with campaign, and variants in `post.sheets`, each with channel, connection, target.

    Two statements. Raises PostNotFound.
    """
    found = (
        Post.objects.select_related("campaign")
        .prefetch_related(
            Prefetch(
                "variants",
                Variant.objects.select_related("channel__connection", "target").order_by(
                    "channel__name", "id"
                ),
                to_attr="sheets",
            )
        )
        .filter(pk=post)
        .first()
    )
    if found is None:
        raise PostNotFound("This post does not exist any more.")
    return found


def targets(*, states: Iterable[str] | None = None) -> QuerySet[Target]:
    """Targets with channel, connection, post and variant. One statement."""
    rows = Target.objects.select_related("channel__connection", "post", "variant")
    return rows.filter(state__in=list(states)) if states is not None else rows


def target(pk: UUID | str) -> Target:
    """Raises TargetNotFound."""
    return finding.get(Target, pk)


def upcoming(*, channel: UUID | None = None, limit: int = 10) -> QuerySet[Target]:
    """What goes out next, on `channel` or on all. One statement."""
    rows = targets(states=[TargetState.SCHEDULED])
    if channel is not None:
        rows = rows.filter(channel=channel)
    return rows.filter(due_at__gte=timezone.now()).order_by("due_at")[:limit]


def needs_attention(*, limit: int = 20) -> QuerySet[Target]:
    """What a person has to look at, latest first; also what is long due and has not gone out.

    One statement.
    """
    overdue = Q(state=TargetState.SCHEDULED, due_at__lt=timezone.now() - OVERDUE)
    return targets().filter(Q(state__in=NEEDS_ATTENTION) | overdue).order_by("-updated_at")[:limit]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything that happened to one target on its way out."""

    target: Target
    attempts: list[Attempt]
    lines: list[ReceiptLine]


def receipt(pk: UUID | str) -> Receipt:
    """Three statements. Raises TargetNotFound."""
    found = finding.get(Target, pk)
    return Receipt(
        found,
        list(found.attempts.order_by("part", "occurrence", "number")),
        list(found.receipt.order_by("id")[:500]),
    )


def approval(target: UUID, pk: UUID) -> Approval:
    """One of the target's approvals. Raises TargetNotFound."""
    found = Approval.objects.filter(target=target, pk=pk).first()
    if found is None:
        raise TargetNotFound("This was never approved.")
    return found


def history(pk: UUID | str) -> dict[str, list[tuple[datetime, int]]]:
    """Numbers of one target over time, by metric. One statement."""
    found: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for at, values in (
        MetricSnapshot.objects.filter(target_id=pk).order_by("at").values_list("at", "values")
    ):
        for name, value in values.items():
            found[name].append((at, value))
    return dict(found)
