"""What worked: totals, a chart over time, channels side by side, the posts that did best."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.knisoci import insights

RANGES = {"7": "7 days", "30": "30 days", "90": "90 days"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name."""

    label: str
    value: int


@require_GET
def page(request: Any) -> HttpResponse:
    """Nine statements besides the shell's, however much was published."""
    days = request.GET.get("days", "30")
    days = days if days in RANGES else "30"
    zone = ZoneInfo(request.user.time_zone)
    start = start_of(int(days), zone)
    context = {
        **overview(int(days), zone),
        "top": insights.top_posts(start=start, limit=10),
        "channels": insights.by_channel(start=start),
        "days": days,
        "tabs": [(label, f"?days={key}", key == days, None) for key, label in RANGES.items()],
    }
    return render(request, "knisoci/analytics.html", context)


def overview(days: int, zone: ZoneInfo) -> dict[str, Any]:
    """Figures and chart of the last ``days`` days. Four statements."""
    found = insights.totals(start=start_of(days, zone))
    series = insights.series(days=days, zone=zone)
    return {
        "published": found.published,
        "figures": [
            Figure("Published", found.published),
            Figure("Interactions", found.engagement),
            Figure("Scheduled", found.scheduled),
            Figure("Need a look", found.attention),
        ],
        "chart": {
            "kind": "line",
            "labels": [f"{day.day} {day:%b}" for day in series.days],
            "series": [{"name": "Interactions", "values": series.engagement}],
        },
    }


def start_of(days: int, zone: ZoneInfo) -> datetime:
    """Midnight in ``zone`` of the first of the last ``days`` days, today included."""
    today = timezone.now().astimezone(zone).date()
    return datetime.combine(today - timedelta(days=days - 1), time(), tzinfo=zone)
