"""The first hour in five steps: brand, sources, voice, channels, first campaign.

Nothing about the progress is stored: a step is done when what it asks for is there. So it can be
left and taken up again anywhere, and what was done elsewhere counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.agents import queries as agents
from apps.agents.services import voice, writing
from apps.agents.writing import Goal
from apps.errors import DomainError
from apps.integrations.services import sandbox
from apps.knisoci import content, queries
from apps.knisoci.models import Channel
from apps.knisoci.services import campaigns, channels, drafting, posts
from apps.knisoci.transitions import TargetState
from apps.knisoci.web import present, suggestions
from apps.knisoci.web.onboarding_forms import BrandForm, CampaignForm, SourceForm
from apps.knowledge import queries as knowledge
from apps.knowledge.services import brands, sources
from apps.workspaces.tenancy import reverse


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    label: str
    title: str
    is_done: Callable[[], bool]


def _brand_done() -> bool:
    brand = knowledge.current_brand()
    return brand is not None and bool(brand.website or brand.description)


STEPS = (
    Step("brand", "Brand", "Who do you write for?", _brand_done),
    Step(
        "sources", "Sources", "Where can Candy read your brand?", lambda: knowledge.word_count() > 0
    ),
    Step("voice", "Voice", "This is how you sound", lambda: agents.current_version() is not None),
    Step("channels", "Channels", "Where do your posts go?", lambda: queries.channels().exists()),
    Step("campaign", "Campaign", "Your first campaign", lambda: queries.campaigns().exists()),
)
KEYS = tuple(step.key for step in STEPS)


def resume(request: Any) -> HttpResponse:
    """To the first step that is not done, or home when all are."""
    following = next((step for step in STEPS if not step.is_done()), None)
    return _to(following.key) if following else redirect(reverse("studio:home"))


def overview() -> dict[str, Any] | None:
    """The steps with which of them are done, and the next one, for Home.

    None where nobody needs leading: all are done, or posts go out without.
    """
    if queries.targets().exclude(state=TargetState.DRAFT).exists():
        return None
    steps = [(step, step.is_done()) for step in STEPS]
    following = next((step for step, done in steps if not done), None)
    return {"steps": steps, "following": following} if following else None


@require_http_methods(["GET", "POST"])
def step(request: Any, step: str) -> HttpResponse:
    """One step. A POST that fails comes back with the form filled in (422)."""
    views = {
        "brand": _brand,
        "sources": _sources,
        "voice": _voice,
        "channels": _channels,
        "campaign": _campaign,
    }
    if step not in views:
        raise Http404("No such step.")
    return views[step](request)


def _brand(request: Any) -> HttpResponse:
    brand = knowledge.current_brand()
    names = ("name", "website", "description", "audience")
    initial = {name: getattr(brand, name) for name in names} if brand else {}
    initial.setdefault("name", request.workspace.name)
    form = BrandForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            brands.ensure(actor=request.actor)
            brands.update(actor=request.actor, **form.cleaned_data)
        except DomainError as error:
            _blame(form, error)
        else:
            return _to("sources")
    return _page(request, "brand", form=form)


def _sources(request: Any) -> HttpResponse:
    brand = knowledge.current_brand()
    known = list(knowledge.sources())
    initial = {"address": brand.website if brand and not known else ""}
    form = SourceForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            _add_source(request, form)
        except DomainError as error:
            _blame(form, error)
        else:
            return _to("sources")
    return _page(
        request,
        "sources",
        form=form,
        sources=known,
        words=knowledge.word_count(),
        is_busy=any(source.is_busy for source in known),
    )


def _add_source(request: Any, form: SourceForm) -> None:
    for file in form.cleaned_data["documents"]:
        sources.add_document(
            actor=request.actor, name=file.name, data=file.read(), mime=file.content_type or ""
        )
    address = form.cleaned_data["address"]
    if address:
        add = sources.add_sitemap if address.endswith(".xml") else sources.add_website
        add(actor=request.actor, address=address)


def _voice(request: Any) -> HttpResponse:
    error = None
    if request.method == "POST":
        try:
            voice.learn(actor=request.actor)
        except DomainError as refused:
            error = refused
        else:
            return _to("voice")
    version = agents.current_version()
    return _page(
        request,
        "voice",
        error=error,
        voice=version.voice if version else None,
        words=knowledge.word_count(),
    )


def _channels(request: Any) -> HttpResponse:
    error = None
    if request.method == "POST":
        try:
            for network in present.networks():
                connection = sandbox.connect(
                    actor=request.actor, provider=network.key, login=present.sandbox_login()
                )
                channels.add(
                    actor=request.actor,
                    connection=connection,
                    name=f"{request.workspace.name} on {network.name}",
                    time_zone=request.user.time_zone,
                )
        except DomainError as refused:
            error = refused
        else:
            return _to("channels")
    return _page(
        request,
        "channels",
        error=error,
        channels=[present.channel_view(channel) for channel in queries.channels()],
        networks=present.networks(),
        sandbox_url=settings.CANDY_SANDBOX_URL,
    )


def _campaign(request: Any) -> HttpResponse:
    rows = [channel for channel in queries.channels() if content.takes_plain_text(channel)]
    draft = _draft(request)
    form = CampaignForm(request.POST or None)
    if request.method == "POST" and draft is not None and "plan" in request.POST:
        try:
            campaign = _plan(request, draft, rows)
        except DomainError as error:
            _blame(form, error)
        else:
            return redirect(f"{reverse('knisoci:calendar')}?campaign={campaign.pk}")
    elif request.method == "POST" and form.is_valid():
        try:
            brief = suggestions.brief_of(
                topic=form.cleaned_data["topic"],
                link=form.cleaned_data["link"],
                channels=rows,
                goal=Goal(form.cleaned_data["goal"]),
                key_points=form.points,
            )
            made = writing.write_candidates(actor=request.actor, brief=brief)
        except DomainError as error:
            _blame(form, error)
        else:
            return redirect(f"{request.path}?draft={made.pk}")
    groups = suggestions.grouped(draft, rows) if draft else []
    return _page(request, "campaign", form=form, draft=draft, groups=groups, channels=rows)


def _draft(request: Any) -> Any:
    """The candidates that were written a moment ago, by their draft's id in the address."""
    wanted = request.GET.get("draft") or request.POST.get("draft")
    if not wanted:
        return None
    try:
        return agents.get_draft(wanted)
    except DomainError:
        return None


def _plan(request: Any, draft: Any, rows: list[Channel]) -> Any:
    """Make the campaign and one post of the chosen texts, planned as the form says."""
    topic = draft.brief["topic"]
    campaign = campaigns.create(
        actor=request.actor, name=topic[:120], brief=draft.brief, starts_on=timezone.localdate()
    )
    candidates = list(draft.candidates.all())
    variants = drafting.variants(
        candidates=candidates,
        channels=rows,
        picks={channel.pk: request.POST.get(f"pick-{channel.pk}", "") for channel in rows},
        texts={str(one.pk): request.POST.get(f"text-{one.pk}", "") for one in candidates},
    )
    post = posts.create(
        actor=request.actor, title=topic[:200], campaign=campaign, variants=variants
    )
    when: Any = "slot"
    if request.POST.get("when") == "soon":
        when = timezone.now() + timedelta(seconds=90)
    posts.schedule(actor=request.actor, post=post, when=when)
    return campaign


def _blame(form: Any, error: DomainError) -> None:
    """Say the error beside its field, or above the form where it has none."""
    form.add_error(error.field if error.field in form.fields else None, error.message)


def _to(key: str) -> HttpResponse:
    return redirect(reverse("knisoci:onboarding_step", kwargs={"step": key}))


def _page(request: Any, key: str, **context: Any) -> HttpResponse:
    done = {step.key: step.is_done() for step in STEPS}
    number = KEYS.index(key)
    bad = request.method == "POST"  # a POST that succeeded was redirected
    context |= {
        "steps": [(step, done[step.key], step.key == key) for step in STEPS],
        "step": STEPS[number],
        "number": number + 1,
        "is_done": done[key],
        "next": KEYS[number + 1] if number + 1 < len(KEYS) else None,
        "previous": KEYS[number - 1] if number else None,
    }
    template = f"knisoci/onboarding/{key}.html"
    return render(request, template, context, status=422 if bad else 200)
