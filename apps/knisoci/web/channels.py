"""Channels: their rhythm, their health, and the emergency stop."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.errors import DomainError
from apps.integrations.services import apps, connections
from apps.knisoci import permissions, queries
from apps.knisoci.services import channels
from apps.knisoci.web import dashboard, present
from apps.knisoci.web.forms import ChannelForm, SlotsForm
from apps.knisoci.web.replies import go, toast
from apps.workspaces.tenancy import reverse


@require_GET
def index(request: Any) -> HttpResponse:
    """All channels with their health, and the networks that can be connected."""
    return render(
        request,
        "knisoci/channels.html",
        {
            "channels": dashboard.cards(list(queries.channels())),
            "networks": present.networks(),
            "without_app": {key for key, source in apps.sources().items() if source == "missing"},
            "may_manage": request.actor.can(permissions.MANAGE_CHANNELS),
            "may_stop": request.actor.can(permissions.STOP),
            "stopped": queries.open_stop(),
        },
    )


@require_http_methods(["GET", "POST"])
def detail(request: Any, channel: UUID) -> HttpResponse:
    """One channel: name, zone, posting slots, what happens to late posts."""
    row = queries.channel(channel)
    may_manage = request.actor.can(permissions.MANAGE_CHANNELS)
    form = ChannelForm(request.POST or None, initial=ChannelForm.values_of(row))
    slots = SlotsForm(request.POST or None, initial=SlotsForm.values_of(row))
    status = 200
    if request.method == "POST":
        request.actor.require(permissions.MANAGE_CHANNELS)
        if form.is_valid() and slots.is_valid():
            try:
                channels.update(
                    actor=request.actor, channel=row, slots=slots.pairs, **form.cleaned_data
                )
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                return redirect(request.path)
        status = 422
    context = {
        "view": dashboard.detail(row),
        "form": form,
        "slots": slots,
        "may_manage": may_manage,
        "may_stop": request.actor.can(permissions.STOP),
        "upcoming": queries.upcoming(channel=row.pk, limit=5),
    }
    return render(request, "knisoci/channel.html", context, status=status)


@require_POST
def act(request: Any, channel: UUID, verb: str) -> HttpResponse:
    """Pause, resume, check the connection, or remove the channel."""
    row = queries.channel(channel)
    if verb == "pause":
        channels.pause(actor=request.actor, channel=row, reason=request.POST.get("reason", ""))
    elif verb == "resume":
        channels.resume(actor=request.actor, channel=row)
    elif verb == "check":
        connections.check(actor=request.actor, connection_id=row.connection_id)
    elif verb == "remove":
        channels.archive(actor=request.actor, channel=row)
        return go(request, reverse("knisoci:channels"))
    else:
        raise Http404("No such verb.")
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@require_POST
def stop(request: Any) -> HttpResponse:
    """The emergency stop of the workspace, and its end."""
    if request.POST.get("resume"):
        channels.resume_publishing(actor=request.actor)
        words = "Publishing goes on. What was missed meanwhile waits for you."
    else:
        channels.stop_publishing(actor=request.actor, reason=request.POST.get("reason", ""))
        words = "Stopped. Nothing goes out until someone resumes."
    return toast(HttpResponse(status=204, headers={"HX-Refresh": "true"}), words, "warning")
