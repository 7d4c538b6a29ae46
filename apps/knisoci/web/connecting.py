"""Connecting a channel: the form of one network, or the way to its own sign-in page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from apps.errors import DomainError
from apps.integrations import permissions as integrations
from apps.integrations import providers
from apps.integrations import queries as connected
from apps.integrations.models import Connection
from apps.integrations.providers.base import PublishProvider
from apps.integrations.services import apps, connections, joining, sign_ins
from apps.integrations.web.forms import FieldsForm
from apps.knisoci import permissions
from apps.knisoci.services import channels
from apps.knisoci.web import present
from apps.knisoci.web.replies import go
from apps.workspaces.tenancy import reverse


@require_http_methods(["GET", "POST"])
def connect(request: Any, provider: str) -> HttpResponse:
    """The connect page of one network, made from what its provider asks for.

    ``?sandbox=1`` fills it in for the simulated network, ``?again=<connection>`` renews an account.
    """
    request.actor.require(permissions.MANAGE_CHANNELS)
    try:
        network = providers.get(provider)
    except LookupError as error:
        raise Http404("No such network.") from error
    if "sign_in" in request.POST:
        return _sign_in(request, network)
    form = FieldsForm(
        network.connect_fields, request.POST or None, initial=_sandbox(request, network)
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                values = form.cleaned_data
                if request.workspace.is_sandbox:
                    values = joining.at_home(network, values)
                connection = connections.connect(
                    actor=request.actor, provider=provider, values=values, again=_again(request)
                )
                channel = channels.add(actor=request.actor, connection=connection)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                return go(request, reverse("knisoci:channel", kwargs={"channel": channel.pk}))
    return _page(
        request, network, form=form, sign_in=_sign_in_form(network, request), status=status
    )


def _sign_in(request: Any, network: PublishProvider) -> HttpResponse:
    """Off to the network; it sends the browser back to the public callback."""
    sandbox = bool(request.POST.get("sandbox"))
    sign_in = FieldsForm(() if sandbox else network.oauth_fields, request.POST, prefix="oauth")
    if sign_in.is_valid():
        try:
            url = sign_ins.start(
                actor=request.actor,
                provider=network.key,
                values=sign_in.cleaned_data,
                return_to=reverse("knisoci:channels"),
                sandbox=sandbox,
                again=_again(request),
            )
        except DomainError as error:
            sign_in.add_error(error.field if error.field in sign_in.fields else None, error.message)
        else:
            return _leave(request, network, url)
    form = FieldsForm(network.connect_fields, initial=_sandbox(request, network))
    return _page(request, network, form=form, sign_in=sign_in, status=422)


def _page(
    request: Any,
    network: PublishProvider,
    *,
    form: FieldsForm,
    sign_in: FieldsForm | None,
    status: int,
) -> HttpResponse:
    in_sandbox = bool(request.GET.get("sandbox")) or request.workspace.is_sandbox
    # Typed access without a server's address would go to the real network.
    is_simulated = any(field.kind == "host" for field in network.connect_fields)
    shows_form = bool(network.connect_fields) and (is_simulated or not in_sandbox)
    context = {
        "form": form if shows_form else None,
        "sign_in": sign_in,
        "network": present.network(network.key),
        "access": network.capabilities.access,
        "app_missing": network.oauth and apps.source(network) == "missing",
        "may_bring_app": request.actor.can(integrations.MANAGE_APPS),
        "again": _again(request),
        "in_sandbox": in_sandbox,
        "sandbox_url": settings.CANDY_SANDBOX_URL,
    }
    return render(request, "knisoci/channel_connect.html", context, status=status)


def _leave(request: HttpRequest, network: PublishProvider, url: str) -> HttpResponse:
    """A page that goes on to ``url``, a server that the person named.

    Not a redirect: browsers hold those after a form to the policy's ``form-action``, which cannot
    know every server there is.
    """
    context = {"network": present.network(network.key), "url": url}
    response = render(request, "knisoci/channel_leave.html", context)
    response["Refresh"] = f"0; url={url}"
    return response


def _again(request: Any) -> Connection | None:
    """The account to renew, where the address or the form names one of this workspace."""
    named = request.POST.get("again") or request.GET.get("again") or ""
    try:
        return connected.connection(actor=request.actor, connection_id=UUID(named))
    except (ValueError, DomainError):
        return None


def _sandbox(request: Any, network: PublishProvider) -> dict[str, str]:
    """The built-in network's own account, where the sandbox was asked for."""
    if not request.GET.get("sandbox") and not request.workspace.is_sandbox:
        return {}
    return present.sandbox_values(network.key)


def _sign_in_form(network: PublishProvider, request: HttpRequest) -> FieldsForm | None:
    """What has to be known before the browser goes to the network, such as the server's address."""
    if not network.oauth:
        return None
    return FieldsForm(network.oauth_fields, prefix="oauth", initial=_sandbox(request, network))
