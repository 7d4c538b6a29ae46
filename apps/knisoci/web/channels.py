"""Channels: connect an account, its rhythm, its health, and the emergency stop."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.errors import DomainError
from apps.integrations import providers
from apps.integrations.services import connections, sign_ins
from apps.knisoci import permissions, queries
from apps.knisoci.services import channels
from apps.knisoci.web import present
from apps.knisoci.web.forms import ChannelForm, ConnectForm, SlotsForm
from apps.knisoci.web.replies import go, toast
from apps.workspaces.tenancy import reverse

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@require_GET
def index(request: Any) -> HttpResponse:
    """All channels with their health, and the networks that can be connected."""
    return render(
        request,
        "knisoci/channels.html",
        {
            "channels": [present.channel_view(channel) for channel in queries.channels()],
            "networks": present.networks(),
            "may_manage": request.actor.can(permissions.MANAGE_CHANNELS),
            "may_stop": request.actor.can(permissions.STOP),
            "stopped": queries.open_stop(),
        },
    )


@require_http_methods(["GET", "POST"])
def connect(request: Any, provider: str) -> HttpResponse:
    """The connect form of one network, made from what its provider asks for."""
    request.actor.require(permissions.MANAGE_CHANNELS)
    try:
        network = providers.get(provider)
    except LookupError as error:
        raise Http404("No such network.") from error
    if "sign_in" in request.POST:
        return _sign_in(request, network)
    form = ConnectForm(
        network.connect_fields, request.POST or None, initial=_sandbox(request, network)
    )
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            connection = connections.connect(
                actor=request.actor, provider=provider, values=form.cleaned_data
            )
            channel = channels.add(actor=request.actor, connection=connection)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = 422
        else:
            return go(request, reverse("knisoci:channel", kwargs={"channel": channel.pk}))
    elif request.method == "POST":
        status = 422
    context = {
        "form": form,
        "network": present.network(provider),
        "sign_in": _sign_in_form(network, request),
        "sandbox_url": settings.CANDY_SANDBOX_URL,
    }
    return render(request, "knisoci/channel_connect.html", context, status=status)


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
        "view": present.channel_view(row),
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


def _sandbox(request: HttpRequest, network: Any) -> dict[str, str]:
    """With ``?sandbox=1`` the form comes filled in with the built-in network's own account."""
    if not request.GET.get("sandbox"):
        return {}
    return present.sandbox_values(network.key)


def _sign_in(request: Any, network: Any) -> HttpResponse:
    """Off to the network; it sends the browser back to the public callback."""
    sign_in = ConnectForm(network.oauth_fields, request.POST, prefix="oauth")
    if sign_in.is_valid():
        try:
            url = sign_ins.start(
                actor=request.actor,
                provider=network.key,
                values=sign_in.cleaned_data,
                return_to=reverse("knisoci:channels"),
            )
        except DomainError as error:
            sign_in.add_error(error.field if error.field in sign_in.fields else None, error.message)
        else:
            return _leave(request, network, url)
    context = {
        "form": ConnectForm(network.connect_fields),
        "network": present.network(network.key),
        "sign_in": sign_in,
        "sandbox_url": settings.CANDY_SANDBOX_URL,
    }
    return render(request, "knisoci/channel_connect.html", context, status=422)


def _leave(request: HttpRequest, network: Any, url: str) -> HttpResponse:
    """A page that goes on to ``url``, a server that the person named.

    Not a redirect: browsers hold those after a form to the policy's ``form-action``, which cannot
    know every server there is.
    """
    context = {"network": present.network(network.key), "url": url}
    response = render(request, "knisoci/channel_leave.html", context)
    response["Refresh"] = f"0; url={url}"
    return response


def _sign_in_form(network: Any, request: HttpRequest) -> ConnectForm | None:
    """What has to be known before the browser goes to the network, such as the server's address."""
    if not network.oauth:
        return None
    return ConnectForm(network.oauth_fields, prefix="oauth", initial=_sandbox(request, network))
