"""Numbers for dashboards: totals, by channel, over time, best posts. Each is one or two statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from apps.knisoci.models import Target
from apps.knisoci.transitions import IN_FLIGHT, NEEDS_ATTENTION, TargetState

# What counts as a reader doing something; networks without one of them simply lack it.
ENGAGEMENT = ("likes", "reposts", "replies", "quotes", "bookmarks", "comments", "shares", "clicks")


@dataclass(frozen=True, slots=True)
class Totals:
    """Of publications in a span: how many, their latest numbers, and what is on the way."""

    published: int
    scheduled: int
    in_flight: int
    attention: int
    engagement: int
    metrics: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChannelTotals:
    id: UUID
    name: str
    color: str
    provider: str
    published: int
    engagement: int
    metrics: dict[str, int]


@dataclass(frozen=True, slots=True)
class Series:
    """`days` and, for each of them, publications and the engagement reached by its end."""

    days: list[date]
    published: list[int]
    engagement: list[int]


def engagement_of(metrics: Mapping[str, Any]) -> int:
    return sum(int(metrics.get(name) or 0) for name in ENGAGEMENT)


def totals(*, start: datetime, end: datetime | None = None) -> Totals:
    """Two statements."""
    counts = Target.objects.aggregate(
        scheduled=Count("id", filter=Q(state=TargetState.SCHEDULED)),
        in_flight=Count("id", filter=Q(state__in=IN_FLIGHT)),
        attention=Count("id", filter=Q(state__in=NEEDS_ATTENTION)),
        published=Count("id", filter=_published(start, end)),
    )
    metrics = _summed(start, end)[None]
    return Totals(engagement=engagement_of(metrics), metrics=metrics, **counts)


def by_channel(*, start: datetime, end: datetime | None = None) -> list[ChannelTotals]:
    """Channels that published in the span, the most engaging first. Two statements."""
    rows = (
        Target.objects.filter(_published(start, end))
        .values_list(
            "channel_id", "channel__name", "channel__color", "channel__connection__provider"
        )
        .annotate(n=Count("id"))
    )
    numbers = _summed(start, end, by_channel=True)
    found = [
        ChannelTotals(
            row[0], row[1], row[2], row[3], row[4], engagement_of(numbers[row[0]]), numbers[row[0]]
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.engagement, one.name))


def series(*, days: int, zone: ZoneInfo, channel: UUID | None = None) -> Series:
    """The last `days` days in `zone`'s calendar, today last. Two statements.

    Engagement is what stood at the end of each day over the publications of the span; a day on
    which nothing was read keeps the value before.
    """
    today = timezone.now().astimezone(zone).date()
    calendar = [today - timedelta(days=days - 1 - index) for index in range(days)]
    start = datetime.combine(calendar[0], datetime.min.time(), tzinfo=zone)
    published = dict.fromkeys(calendar, 0)
    reached: dict[date, dict[UUID, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_PUBLISHED_BY_DAY, [zone.key, start, channel, channel])
        published.update(dict(cursor.fetchall()))
        cursor.execute(_SNAPSHOT_BY_DAY, [zone.key, start, channel, channel])
        for day, target, values in cursor.fetchall():
            reached[day][target] = engagement_of(_as_dict(values))
    standing: dict[UUID, int] = {}
    engagement = []
    for day in calendar:
        standing |= reached.get(day, {})
        engagement.append(sum(standing.values()))
    return Series(calendar, [published[day] for day in calendar], engagement)


def top_posts(
    *, start: datetime, end: datetime | None = None, limit: int = 5
) -> list[dict[str, Any]]:
    """The publications that readers answered most, with title, excerpt and numbers. One statement."""
    rows: QuerySet[Target, Any] = (
        Target.objects.filter(_published(start, end))
        .exclude(metrics={})
        .values(
            "id",
            "post_id",
            "channel_id",
            "channel__name",
            "channel__color",
            "channel__connection__provider",
            "post__title",
            "permalink",
            "published_at",
            "metrics",
            excerpt=Left("variant__text", 140),
        )
        .order_by("-published_at")[:1000]
    )
    found = [{**row, "engagement": engagement_of(row["metrics"])} for row in rows]
    return sorted(found, key=lambda row: -row["engagement"])[:limit]


def _published(start: datetime, end: datetime | None) -> Q:
    found = Q(state=TargetState.PUBLISHED, published_at__gte=start)
    return found & Q(published_at__lt=end) if end is not None else found


def _summed(
    start: datetime, end: datetime | None, *, by_channel: bool = False
) -> dict[UUID | None, dict[str, int]]:
    """Latest numbers summed by metric, of each channel or of all (under None). One statement."""
    found: dict[UUID | None, dict[str, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS_BY_CHANNEL if by_channel else _SUMS, [start, end or timezone.now()])
        for channel, name, value in cursor.fetchall():
            found[channel][name] = int(value)
    return found


def _as_dict(values: Any) -> dict[str, Any]:
    """Django keeps jsonb as text on plain cursors."""
    return json.loads(values) if isinstance(values, str) else values


_SUMS = """
    SELECT NULL::uuid, entry.key, sum(entry.value::numeric)::bigint
    FROM knisoci_target AS target, jsonb_each_text(target.metrics) AS entry
    WHERE target.state = 'published' AND target.published_at >= %s AND target.published_at <= %s
    GROUP BY entry.key
"""
_SUMS_BY_CHANNEL = """
    SELECT target.channel_id, entry.key, sum(entry.value::numeric)::bigint
    FROM knisoci_target AS target, jsonb_each_text(target.metrics) AS entry
    WHERE target.state = 'published' AND target.published_at >= %s AND target.published_at <= %s
    GROUP BY target.channel_id, entry.key
"""
_PUBLISHED_BY_DAY = """
    SELECT (published_at AT TIME ZONE %s)::date AS day, count(*)
    FROM knisoci_target
    WHERE state = 'published' AND published_at >= %s AND (%s::uuid IS NULL OR channel_id = %s)
    GROUP BY day
"""
_SNAPSHOT_BY_DAY = """
    SELECT DISTINCT ON (day, shot.target_id)
           (shot.at AT TIME ZONE %s)::date AS day, shot.target_id, shot.values
    FROM knisoci_metricsnapshot AS shot JOIN knisoci_target AS target ON target.id = shot.target_id
    WHERE shot.at >= %s AND (%s::uuid IS NULL OR target.channel_id = %s)
    ORDER BY day, shot.target_id, shot.at DESC
"""
