"""The composer: one post, a text for each channel, checked and previewed while it is written.

The page saves by itself. ``save`` takes the whole form, makes or changes the draft through the
services and answers with fragments: counter, flight check and preview of each channel, and the bar.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from apps.errors import DomainError, ValidationFailed
from apps.ids import parse_id
from apps.integrations.services import connections
from apps.knisoci import permissions, queries
from apps.knisoci.errors import ChannelNotFound
from apps.knisoci.models import Channel, Post
from apps.knisoci.services import posts
from apps.knisoci.transitions import EDITABLE
from apps.knisoci.web import drafts, parsing
from apps.knisoci.web.replies import go
from apps.knisoci.web.sheets import DraftForm
from apps.workspaces.tenancy import reverse


@require_GET
def new(request: Any) -> HttpResponse:
    """An empty composer. Nothing is stored until something is written."""
    request.actor.require(permissions.WRITE)
    channels = _channels(request)
    wanted = request.GET.getlist("channel")
    chosen = [c for c in channels if str(c.pk) in wanted] or [
        c for c in channels if c.is_connected and not c.is_paused
    ]
    form = drafts.empty(channels, chosen, request.GET.get("text", ""))
    form = replace(form, campaign=parse_id(request.GET.get("campaign", "")))
    return _page(request, None, form, at=request.GET.get("at", ""))


@require_GET
def edit(request: Any, post: UUID) -> HttpResponse:
    """The composer on a post that exists; what is out already leads to its receipts."""
    row: Any = queries.composer(post)  # with its sheets
    states = {sheet.target.state for sheet in row.sheets}
    if states and not states & EDITABLE:
        return redirect(reverse("knisoci:post", kwargs={"post": row.pk}))
    return _page(request, row, drafts.of_post(row, _channels(request)))


@require_POST
def save(request: Any) -> HttpResponse:
    """Store what is written; the first time this makes the draft and puts it into the address."""
    form = parsing.parse(request.POST, list(queries.channels()))
    try:
        row = drafts.store(actor=request.actor, form=form)
    except DomainError as error:
        return _fragments(request, None, form.with_error(error), status=422)
    response = _fragments(request, row, drafts.attached(form, row))
    if form.post_id is None:
        response["HX-Push-Url"] = reverse("knisoci:post_edit", kwargs={"post": row.pk})
    return response


@require_POST
def schedule(request: Any) -> HttpResponse:
    """Store what is written and plan it: ``when`` is now, slot or at (``at`` is wall time)."""
    form = parsing.parse(request.POST, list(queries.channels()))
    row = None
    try:
        row = drafts.store(actor=request.actor, form=form)
        targets = posts.schedule(
            actor=request.actor,
            post=row,
            when=_when(request),
            channels=[line.channel for line in form.lines if line.is_chosen],
            time_zone=request.user.time_zone if request.POST.get("when") == "at" else None,
        )
    except DomainError as error:
        if row is not None:
            form = drafts.attached(form, row)
        return _fragments(request, row, form.with_error(error), status=422)
    first = targets[0].due_at or timezone.now()
    day = first.astimezone(ZoneInfo(request.user.time_zone)).date()
    if request.POST.get("when") == "now":
        return go(request, reverse("knisoci:post", kwargs={"post": row.pk}))
    return go(request, f"{reverse('knisoci:calendar')}?date={day.isoformat()}")


@require_GET
def check(request: Any, post: UUID) -> HttpResponse:
    """The flight check of what is stored, asked for once the page is there."""
    request.actor.require(permissions.WRITE)
    row = queries.composer(post)
    form = drafts.of_post(row, list(queries.channels()))
    return _fragments(request, row, drafts.attached(form, row))


@require_POST
def own(request: Any, channel: UUID) -> HttpResponse:
    """A channel's own version to start from: what all channels have, as it stands in the form."""
    request.actor.require(permissions.WRITE)
    form = parsing.parse(request.POST, list(queries.channels()))
    line = next((line for line in form.lines if line.channel.pk == channel), None)
    if line is None:
        raise ChannelNotFound("This channel does not exist any more.")
    line.own, line.is_custom = form.sheet.again(line.key), True
    drafts.measured(form)
    context = {"sheet": line.own, "with_thread": line.facts.thread, "is_locked": line.is_locked}
    return render(request, "knisoci/compose/_sheet.html", context)


@require_POST
def suggest(request: Any) -> HttpResponse:
    """Candidates in the brand's voice for the chosen channels, from what is typed as the topic."""
    from apps.knisoci.web import suggestions

    form = parsing.parse(request.POST, list(queries.channels()))
    try:
        found = suggestions.candidates(
            actor=request.actor,
            topic=request.POST.get("topic", ""),
            link=request.POST.get("link", ""),
            channels=[line.channel for line in form.lines if line.is_chosen],
        )
    except DomainError as error:
        return render(request, "knisoci/compose/_suggestions.html", {"error": error}, status=422)
    return render(request, "knisoci/compose/_suggestions.html", {"groups": found})


def _channels(request: Any) -> list[Channel]:
    """The channels for a form that is about to be drawn, with what their accounts may choose now."""
    channels = list(queries.channels())
    for channel in channels:
        connections.freshen(actor=request.actor, connection=channel.connection)
    return channels


def _when(request: HttpRequest) -> Any:
    choice = request.POST.get("when", "")
    if choice in ("now", "slot"):
        return choice
    at = parse_datetime(request.POST.get("at", ""))
    if choice != "at" or at is None:
        raise ValidationFailed("Choose a day and a time.", code="bad_date", field="when")
    return at


def _page(request: Any, post: Post | None, form: DraftForm, at: str = "") -> HttpResponse:
    context = {**_context(request, post, form), "at": at, "campaigns": queries.campaigns()}
    return render(request, "knisoci/compose.html", context)


def _fragments(request: Any, post: Post | None, form: DraftForm, status: int = 200) -> HttpResponse:
    return render(
        request, "knisoci/compose/_fragments.html", _context(request, post, form), status=status
    )


def _context(request: Any, post: Post | None, form: DraftForm) -> dict[str, Any]:
    zone = ZoneInfo(request.user.time_zone)
    unchecked = any(line.target and not line.flight and not line.is_locked for line in form.lines)
    return {
        "post": post,
        "form": form,
        "zone": request.user.time_zone,
        "suggested_at": _next_hour(zone).strftime("%Y-%m-%dT%H:%M"),
        "earliest": timezone.now().astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "may_publish": request.actor.can(permissions.PUBLISH),
        "saved_at": post.updated_at if post else None,
        "unchecked": unchecked,
    }


def _next_hour(zone: ZoneInfo) -> datetime:
    now = timezone.now().astimezone(zone)
    return (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
