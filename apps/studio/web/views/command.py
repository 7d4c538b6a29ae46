"""The command bar: everywhere one can go, everything one can find or do."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from apps.errors import DomainError, PermissionDenied
from apps.orchestrator import Effect, Face, registry
from apps.orchestrator import services as orchestrator
from apps.orchestrator.errors import UnknownAction
from apps.orchestrator.registry import Action
from apps.studio import navigation, search
from apps.studio.web.action_forms import ActionForm, form_for
from apps.studio.web.forms import show_error

FEW = 5
# Seconds up to which an action is worth waiting for; longer ones become a job.
WORTH_WAITING = 10


class Line(NamedTuple):
    """One row of the list: a link, or an action whose form opens beside it."""

    label: str
    url: str
    icon: str
    note: str = ""
    is_action: bool = False


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    groups = [
        ("Go to", _places(request, words)),
        ("New", _new(request, words)),
        *((source.label, _found(request, source, words)) for source in search.sources_for(request)),
        ("Do", _actions(request, words)),
    ]
    context = {"groups": [group for group in groups if group[1]], "words": words}
    return render(request, "studio/command_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def action(request: HttpRequest, key: str) -> HttpResponse:
    """The form of one action, and sending it: 422 with the form filled in when something is wrong."""
    actor = request.actor  # type: ignore[attr-defined]
    found = registry.get(key)
    if Face.COMMAND not in found.faces:
        raise UnknownAction(f"There is no action “{key}” here.")
    if not actor.can(found.permission):
        raise PermissionDenied("Your role in this workspace does not allow this.")
    form = form_for(found, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"action": found, "form": form, "later": not runs_at_once(found)}
    if request.method != "POST":
        return render(request, "studio/action_form.html", context)
    if form.is_valid():
        try:
            context |= _carried_out(found, actor, form)
        except DomainError as error:
            if error.status in (403, 404):
                raise
            show_error(form, error)
        else:
            return render(request, "studio/action_done.html", context)
    return render(request, "studio/action_form.html", context, status=422)


def runs_at_once(action: Action) -> bool:
    """Short work on the common queue is waited for; everything else becomes a job."""
    return (
        action.queue == "default"
        and action.timeout <= WORTH_WAITING
        and action.effect in (Effect.NONE, Effect.IDEMPOTENT)
    )


def _carried_out(action: Action, actor: Any, form: ActionForm) -> dict[str, Any]:
    if not runs_at_once(action):
        return {"job": orchestrator.enqueue(actor=actor, action=action.key, input=form.values())}
    output = orchestrator.run(action=action.key, actor=actor, input=form.values())
    if output is None:
        return {"rows": []}
    plain = output.model_dump(mode="json")
    return {"rows": [(name.replace("_", " ").capitalize(), value) for name, value in plain.items()]}


def _places(request: HttpRequest, words: str) -> list[Line]:
    places = navigation.places(request, with_counts=False)
    lines = [
        Line(place.label, place.url, place.icon, f"G {place.shortcut}".upper() if place.shortcut else "")
        for place in places
        if _fits(words, place.label, place.keywords)
    ]  # fmt: skip
    return lines if words else lines[:FEW]


def _new(request: HttpRequest, words: str) -> list[Line]:
    return [
        Line(place.label, place.url, place.icon)
        for place in navigation.new_places(request)
        if _fits(words, f"new {place.label}", "create start write")
    ]


def _found(request: HttpRequest, source: search.SearchSource, words: str) -> list[Line]:
    hits = source.find(request, words, FEW)
    return [Line(hit.label, hit.url, hit.icon or source.icon, hit.note) for hit in hits]


def _actions(request: HttpRequest, words: str) -> list[Line]:
    from apps.workspaces.tenancy import reverse

    actor = request.actor  # type: ignore[attr-defined]
    allowed = [a for a in registry.all_actions(face=Face.COMMAND) if actor.can(a.permission)]
    lines = [
        Line(a.title, reverse("studio:action", kwargs={"key": a.key}), "zap", a.summary, True)
        for a in allowed
        if _fits(words, a.title, f"{a.summary} {a.key}")
    ]
    lines.sort(key=lambda line: (not line.label.lower().startswith(words.lower()), line.label))
    return lines if words else lines[:FEW]


def _fits(words: str, *texts: str) -> bool:
    """Every word begins some word of ``texts``."""
    have = " ".join(texts).lower().replace(".", " ").replace("_", " ").split()
    return all(any(one.startswith(word) for one in have) for word in words.lower().split())
