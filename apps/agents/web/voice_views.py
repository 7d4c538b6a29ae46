"""The voice in the studio: profile, evidence, editing, history and the score box."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.agents import permissions, queries
from apps.agents.services import voice
from apps.agents.voice import Score, VoiceData, compare
from apps.agents.web.forms import ScoreForm, VoiceForm
from apps.errors import DomainError
from apps.knowledge import queries as knowledge
from apps.orchestrator import services as orchestrator
from apps.studio.web.forms import show_error
from apps.workspaces.tenancy import reverse
from apps.workspaces.types import Actor

_HEARD = 8
_WORDS_AT_ONCE = 30_000


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    actor.require(permissions.VIEW_VOICE)
    current = queries.current_version()
    context: dict[str, Any] = {"may_edit": actor.can(permissions.EDIT_VOICE), "version": current}
    if current is None:
        context["word_total"] = knowledge.word_count()
        return render(request, "agents/voice_empty.html", context)
    data = current.voice
    context |= {
        "voice": data,
        "scales": [_drawn(scale) for scale in data.scales],
        "buckets": _buckets(data),
        "prefer": data.prefer[:24],
        "avoid": sorted(data.avoid, key=lambda term: not term.by_hand)[:18],
        "avoid_more": max(0, len(data.avoid) - 18),
        "phrases": data.phrases[:10],
        "habits": _habits(data),
        "claims": data.claims[:_HEARD],
        "products": data.products[:12],
        "form": ScoreForm(),
    }
    return render(request, "agents/voice_profile.html", context)


def _drawn(scale: Any) -> dict[str, Any]:
    """A scale with the geometry of its bar: the stretch between the middle and the value."""
    return {
        "scale": scale,
        "start": min(50, scale.value),
        "width": abs(scale.value - 50),
        "mark": min(98, max(0, scale.value - 1)),
    }


def _buckets(data: VoiceData) -> list[tuple[str, int]]:
    """Sentence lengths, shortest first: JSON in the database forgets the order of keys."""
    shares = data.rhythm.buckets
    ordered = sorted(shares, key=lambda label: int(re.split(r"\D", label)[0]))
    return [(label, round(shares[label] * 100)) for label in ordered]


def _habits(data: VoiceData) -> list[dict[str, Any]]:
    """Punctuation and other habits as lines: what, how much, evidence."""
    marks, rows = data.punctuation, []
    for name, label in (
        ("exclamation", "Exclamation marks"),
        ("question", "Questions"),
        ("dash", "Dashes"),
        ("parentheses", "Brackets"),
        ("semicolon", "Semicolons"),
    ):
        value = getattr(marks, name)
        rows.append(
            {"label": label, "value": f"{value:g}", "evidence": marks.evidence.get(name, [])}
        )
    favourites = " ".join(data.emoji.favourites[:4])
    emoji = f"{data.emoji.per_100_sentences:g} {favourites}".strip()
    rows.append({"label": "Emoji", "value": emoji, "evidence": data.emoji.evidence})
    return rows


@require_POST
def learn(request: HttpRequest) -> HttpResponse:
    """Learns at once from a little text; from a lot by a job, and the page follows when it is done."""
    actor = _actor(request)
    actor.require(permissions.EDIT_VOICE)
    if knowledge.word_count() > _WORDS_AT_ONCE:
        orchestrator.enqueue(actor=actor, action="agents.learn_voice", input={})
        messages.info(request, "Learning. This page shows the new voice in a moment.")
        return redirect(reverse("agents:voice"))
    try:
        version = voice.learn(actor=actor)
    except DomainError as error:
        if error.status != 422:
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, f"Learned from {version.voice.documents} texts.")
    return redirect(reverse("agents:voice"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    actor.require(permissions.EDIT_VOICE)
    current = queries.require_version()
    form = VoiceForm(current.voice, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            version = voice.edit(actor=actor, changes=form.changes())
        except DomainError as error:
            show_error(form, error)
        else:
            changed = version.number != current.number
            messages.success(
                request, f"Saved as version {version.number}." if changed else "Nothing changed."
            )
            return redirect(reverse("agents:voice"))
    status = 422 if form.is_bound else 200
    return render(request, "agents/voice_edit.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def score(request: HttpRequest) -> HttpResponse:
    """The score box: a fragment for htmx, a page of its own without scripts."""
    form = ScoreForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        text = form.cleaned_data["text"]
        try:
            result = voice.score(actor=_actor(request), text=text)
        except DomainError as error:
            show_error(form, error)
        else:
            context |= {
                "result": result,
                "pieces": _marked(text, result),
                "hurts": [r for r in result.reasons if r.direction == "hurts"][:6],
                "helps": [r for r in result.reasons if r.direction == "helps"][:4],
            }
    htmx = getattr(request, "htmx", False)
    template = "agents/_score.html" if htmx else "agents/voice_score.html"
    bad = form.is_bound and "result" not in context
    return render(request, template, context, status=422 if bad else 200)


def _marked(text: str, result: Score) -> list[tuple[str, str]]:
    """`text` in pieces (piece, message); a message where a reason points at the piece."""
    spans = sorted(
        (reason.span, reason.message)
        for reason in result.reasons
        if reason.span is not None and reason.direction == "hurts"
    )
    pieces, at = [], 0
    for (start, end), message in spans:
        if start < at or end > len(text):
            continue
        pieces += [(text[at:start], ""), (text[start:end], message)]
        at = end
    pieces.append((text[at:], ""))
    return [piece for piece in pieces if piece[0]]


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    _actor(request).require(permissions.VIEW_VOICE)
    versions = list(queries.versions()[:100])
    current = queries.current_version()
    context = {"versions": versions, "current": current}
    return render(request, "agents/voice_history.html", context)


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    """What a version changed against another, by default the one before it."""
    _actor(request).require(permissions.VIEW_VOICE)
    shown = queries.get_version(number)
    other_number = request.GET.get("with", "")
    other = queries.get_version(int(other_number)) if other_number.isdigit() else None
    if other is None and number > 1:
        other = queries.get_version(number - 1)
    current = queries.current_version()
    context = {
        "shown": shown,
        "other": other,
        "changes": compare(other.voice, shown.voice) if other is not None else [],
        "is_current": current is not None and current.pk == shown.pk,
        "numbers": [v.number for v in queries.versions()[:100] if v.number != number],
        "may_edit": _actor(request).can(permissions.EDIT_VOICE),
    }
    return render(request, "agents/voice_version.html", context)


@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    restored = voice.restore(actor=_actor(request), number=number)
    messages.success(request, f"Version {number} is back, as version {restored.number}.")
    return redirect(reverse("agents:voice"))
