"""The planner: month, week and list, with posts that can be dragged to another time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from apps.errors import DomainError, ValidationFailed
from apps.ids import parse_id
from apps.knisoci import permissions, queries
from apps.knisoci.services import posts
from apps.knisoci.transitions import SCHEDULABLE, TargetState
from apps.knisoci.web import present
from apps.workspaces.services.access import error_body
from apps.workspaces.tenancy import reverse

VIEWS = ("month", "week", "list")


@require_GET
def page(request: Any) -> HttpResponse:
    """The frame; the posts come from the feed, for the days that are shown."""
    view = request.GET.get("view", "month")
    channels = [present.channel_view(channel) for channel in queries.channels()]
    return render(
        request,
        "knisoci/calendar.html",
        {
            "view": view if view in VIEWS else "month",
            "date": request.GET.get("date", ""),
            "channels": channels,
            "channel": request.GET.get("channel", ""),
            "state": request.GET.get("state", ""),
            "campaigns": queries.campaigns(),
            "campaign": request.GET.get("campaign", ""),
            "stopped": queries.open_stop(),
            "may_stop": request.actor.can(permissions.STOP),
            "states": [TargetState.SCHEDULED, TargetState.PUBLISHED, TargetState.FAILED],
        },
    )


@require_GET
def feed(request: Any) -> JsonResponse:
    """Posts between ``start`` and ``end`` for FullCalendar, in the person's wall time."""
    zone = ZoneInfo(request.user.time_zone)
    try:
        start, end = _instant(request, "start", zone), _instant(request, "end", zone)
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    channel, state = parse_id(request.GET.get("channel", "")), request.GET.get("state", "")
    rows = queries.calendar(
        start=start,
        end=end,
        channels=[channel] if channel else None,
        campaign=parse_id(request.GET.get("campaign", "")),
        states=[state] if state in TargetState.values else None,
    )
    addresses = _address("knisoci:receipt"), _address("knisoci:target_move")
    return JsonResponse([_entry(row, zone, *addresses) for row in rows], safe=False)


@require_POST
def move(request: Any, target: UUID) -> HttpResponse:
    """A drop on the calendar: ``at`` is an instant, or wall time in the person's zone."""
    try:
        at = _parse(request.POST.get("at", ""), "at")
        zone = request.user.time_zone
        row = posts.reschedule(actor=request.actor, target=target, when=at, time_zone=zone)
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    assert row.due_at is not None
    return JsonResponse({"id": str(row.pk), "due_at": row.due_at.isoformat()})


_ANY = UUID(int=0)


def _address(name: str) -> str:
    """The address of a target's page with a gap for its id: reversed once, not once a row."""
    return reverse(name, kwargs={"target": _ANY}).replace(str(_ANY), "%s")


def _entry(row: Any, zone: ZoneInfo, receipt: str, move: str) -> dict[str, Any]:
    """One event. Its start is wall time without offset, which is how the planner shows zones."""
    local, title = row.at.astimezone(zone), row.title or row.excerpt or "Empty post"
    notes = list(_notes(row))
    state = f"{TargetState(row.state).label}{': ' if notes else ''}{', '.join(notes)}"
    if row.parts_total > 1 and row.state not in (TargetState.DRAFT, TargetState.CANCELLED):
        title = f"{title} · {row.parts_done}/{row.parts_total}"
    return {
        "id": str(row.id),
        "title": title,
        "start": local.replace(tzinfo=None).isoformat(timespec="minutes"),
        "url": receipt % row.id,
        "editable": row.state in SCHEDULABLE,
        "state": row.state,
        "network": row.provider,
        "channel": row.channel_name,
        "flight": row.flight if row.state in SCHEDULABLE else "",
        "paused": row.is_campaign_paused and row.state in SCHEDULABLE,
        "move_url": move % row.id,
        "note": f"{row.channel_name}, {state}",
    }


def _notes(row: Any) -> Iterator[str]:
    """What a reader of the calendar should know beside the state."""
    if row.state in SCHEDULABLE and row.flight in ("amber", "red"):
        yield present.LEVEL_WORDS[row.flight].lower()
    if row.is_campaign_paused and row.state in SCHEDULABLE:
        yield "its campaign is paused"
    if row.error_code == "quota" and row.state == TargetState.SCHEDULED:
        yield "moved because the network's quota was full"
    if row.state == TargetState.PUBLISHED and row.parts_done < row.parts_total:
        yield f"{row.parts_done} of {row.parts_total} parts are out"


def _instant(request: HttpRequest, name: str, zone: ZoneInfo) -> datetime:
    value = _parse(request.GET.get(name, ""), name)
    return value.replace(tzinfo=zone) if timezone.is_naive(value) else value


def _parse(text: str, field: str) -> datetime:
    try:
        value = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        value = None
    if value is None and len(text) == 10:
        value = parse_datetime(f"{text}T00:00:00")
    if value is None:
        raise ValidationFailed(f"“{text}” is not a date and time.", code="bad_date", field=field)
    return value
