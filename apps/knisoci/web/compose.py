"""The composer: one post, a text for each channel, checked and previewed while it is written.

The page saves by itself. ``save`` takes the whole form, makes or changes the draft through the
services and answers with fragments: counter, flight check and preview of each channel, and what the
bar says. Never with a control that somebody may be using: it would lose a click or what is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
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

# As many channels as a first post may start with unasked: more than these, a person picks.
_FEW = 4
_MINUTE = "%Y-%m-%dT%H:%M"  # how a datetime-local field writes wall time


@require_GET
def new(request: Any) -> HttpResponse:
    """An empty composer. Nothing is stored until something is written."""
    request.actor.require(permissions.WRITE)
    channels = list(queries.channels_to_choose(person=request.user.pk))
    chosen = _at_first(channels, request.GET.getlist("channel"))
    _freshen(request, chosen)
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
    channels = list(queries.channels())
    written = {sheet.channel_id for sheet in row.sheets}
    _freshen(request, (channel for channel in channels if channel.pk in written))
    return _page(request, row, drafts.of_post(row, channels))


@require_POST
def save(request: Any) -> HttpResponse:
    """Store what is written; the first time this makes the draft and puts it into the address.

    The fields of a channel that is newly chosen come with the answer.
    """
    form = _sent(request)
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
    form = _sent(request)
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
    form = drafts.attached(drafts.of_post(row, list(queries.channels())), row)
    return render(request, "knisoci/compose/_checks.html", {"form": form})


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


def _at_first(channels: list[Channel], wanted: list[str]) -> list[Channel]:
    """Those of the address; else where the person's last post went; else all, where they are few."""
    able = [channel for channel in channels if channel.is_connected and not channel.is_paused]
    named = [channel for channel in channels if str(channel.pk) in wanted]
    used = [channel for channel in able if channel.was_used]  # type: ignore[attr-defined]
    return named or used or (able if len(able) <= _FEW else [])


def _sent(request: Any) -> DraftForm:
    channels = list(queries.channels())
    _freshen(request, parsing.arriving(request.POST, channels))
    return parsing.parse(request.POST, channels)


def _freshen(request: Any, channels: Iterable[Channel]) -> None:
    """Before the fields of `channels` are drawn: what their accounts may choose now."""
    if request.actor.can(permissions.WRITE):
        for channel in channels:
            connections.freshen(channel.connection)


def _when(request: HttpRequest) -> Any:
    choice = request.POST.get("when", "")
    if choice in ("now", "slot"):
        return choice
    at = parse_datetime(request.POST.get("at", ""))
    if choice != "at" or at is None:
        raise ValidationFailed("Choose a day and a time.", code="bad_date", field="when")
    return at


def _page(request: Any, post: Post | None, form: DraftForm, at: str = "") -> HttpResponse:
    now = timezone.now().astimezone(ZoneInfo(request.user.time_zone))
    context = {
        **_context(request, post, form),
        "at": at or _next_hour(now).strftime(_MINUTE),
        "earliest": now.strftime(_MINUTE),
        "zone": request.user.time_zone,
        "may_publish": request.actor.can(permissions.PUBLISH),
        "campaigns": queries.campaigns(),
    }
    return render(request, "knisoci/compose.html", context)


def _fragments(request: Any, post: Post | None, form: DraftForm, status: int = 200) -> HttpResponse:
    return render(
        request, "knisoci/compose/_fragments.html", _context(request, post, form), status=status
    )


def _context(request: Any, post: Post | None, form: DraftForm) -> dict[str, Any]:
    unchecked = any(line.target and not line.flight and not line.is_locked for line in form.lines)
    return {
        "post": post,
        "form": form,
        "saved_at": post.updated_at if post else None,
        "unchecked": unchecked,
    }


def _next_hour(now: datetime) -> datetime:
    return (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
