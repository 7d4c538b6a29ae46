"""Campaigns: what belongs together, how far it is, and pausing all of it at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from apps.errors import ValidationFailed
from apps.ids import parse_id
from apps.knisoci import permissions, queries
from apps.knisoci.services import campaigns
from apps.knisoci.web.forms import CampaignForm
from apps.knisoci.web.replies import go, toast
from apps.workspaces.tenancy import reverse

PAGE = 30


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Any) -> HttpResponse:
    """All campaigns; a POST starts one, and a mistake comes back with the form filled in."""
    form = CampaignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = campaigns.create(actor=request.actor, **form.cleaned_data)
            return go(request, reverse("knisoci:campaign", kwargs={"campaign": row.pk}))
        except ValidationFailed as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    if request.method == "POST" and request.headers.get("HX-Request"):
        again = {"form": form, "submit": "Start it", "hx": True, "action": request.path}
        return render(request, "components/form.html", again, status=422)
    context = {
        "rows": list(queries.campaign_rows(include_archived="archived" in request.GET)),
        "shows_archived": "archived" in request.GET,
        "form": form,
        **_rights(request),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "knisoci/campaigns.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: Any, campaign: UUID) -> HttpResponse:
    """One campaign with its posts; a POST changes its details."""
    row = queries.campaign(campaign)
    form = CampaignForm(request.POST or None, initial=CampaignForm.values_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            campaigns.update(actor=request.actor, campaign=row, **form.cleaned_data)
            return go(request, reverse("knisoci:campaign", kwargs={"campaign": row.pk}))
        except ValidationFailed as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    posts = queries.posts(
        campaign=row.pk, before=parse_id(request.GET.get("before", "")), limit=PAGE + 1
    )
    context = {
        "campaign": row,
        "posts": posts[:PAGE],
        "next": posts[PAGE - 1].id if len(posts) > PAGE else None,
        "form": form,
        "stopped": queries.open_stop(),
        **_rights(request),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "knisoci/campaign.html", context, status=status)


@require_POST
def act(request: Any, campaign: UUID, verb: str) -> HttpResponse:
    """Pause, resume, put away or bring back."""
    actor = request.actor
    if verb == "pause":
        campaigns.pause(actor=actor, campaign=campaign, reason=request.POST.get("reason", ""))
        words = "Paused. Nothing of it goes out until someone resumes it."
    elif verb == "resume":
        count = campaigns.resume(actor=actor, campaign=campaign)
        words = f"It goes on. {count} held post{'' if count == 1 else 's'} will go out one by one."
    elif verb in ("archive", "restore"):
        campaigns.update(actor=actor, campaign=campaign, is_archived=verb == "archive")
        words = "Put away. Its posts stay." if verb == "archive" else "It is back."
    else:
        raise Http404("No such verb.")
    return toast(HttpResponse(status=204, headers={"HX-Refresh": "true"}), words)


def _rights(request: HttpRequest) -> dict[str, bool]:
    actor: Any = request.actor  # type: ignore[attr-defined]
    return {
        "may_write": actor.can(permissions.WRITE),
        "may_stop": actor.can(permissions.STOP),
    }
