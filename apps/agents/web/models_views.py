"""Settings: keys to models, the monthly budget, and what was spent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.agents import permissions, queries
from apps.agents.services import model_keys
from apps.agents.web.forms import BudgetForm, ModelKeyForm
from apps.errors import DomainError
from apps.studio.web.forms import show_error
from apps.workspaces.tenancy import reverse
from apps.workspaces.types import Actor

_MICROS = 1_000_000


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _back() -> HttpResponse:
    return redirect(reverse("agents:models"))


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    _actor(request).require(permissions.MANAGE_MODELS)
    return _page(request)


def _page(request: HttpRequest, budget_form: BudgetForm | None = None) -> HttpResponse:
    spending = queries.spending()
    limit = None if spending.limit is None else spending.limit / _MICROS
    context: dict[str, Any] = {
        "keys": list(queries.model_keys()),
        "installation": list(settings.CANDY_LLM_MODELS),
        "spending": spending,
        "spent": _dollars(spending.spent),
        "limit": None if spending.limit is None else _dollars(spending.limit),
        "usage": [
            {**row, "dollars": _dollars(int(str(row["cost"] or 0)))}
            for row in queries.usage_by_model()
        ],
        "recent": queries.recent_usage(10),
        "budget_form": budget_form
        or BudgetForm(initial={"budget": None if limit is None else f"{limit:.2f}"}),
    }
    status = 422 if budget_form is not None else 200
    return render(request, "agents/models.html", context, status=status)


def _dollars(micros: int) -> str:
    """Two decimals from a cent up, four below it, where most calls lie."""
    value = micros / _MICROS
    return f"${value:,.2f}" if value >= 0.01 or value == 0 else f"${value:.4f}"


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    _actor(request).require(permissions.MANAGE_MODELS)
    form = ModelKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            key = model_keys.add(actor=_actor(request), **form.cleaned_data)
            key = model_keys.check(actor=_actor(request), key_id=key.pk)
        except DomainError as error:
            show_error(form, error)
        else:
            _say(request, key.name, key.last_error)
            return _back()
    context = {"form": form, "cancel_url": reverse("agents:models")}
    return render(request, "agents/model_form.html", context, status=422 if form.is_bound else 200)


def _say(request: HttpRequest, name: str, problem: str) -> None:
    if problem:
        messages.warning(request, f"{name} is kept but did not answer: {problem}")
    else:
        messages.success(request, f"{name} answers.")


@require_POST
def check(request: HttpRequest, key_id: UUID) -> HttpResponse:
    try:
        key = model_keys.check(actor=_actor(request), key_id=key_id)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, error.message)
    else:
        _say(request, key.name, key.last_error)
    return _back()


@require_POST
def switch(request: HttpRequest, key_id: UUID) -> HttpResponse:
    enabled = request.POST.get("enabled") == "on"
    model_keys.set_enabled(actor=_actor(request), key_id=key_id, enabled=enabled)
    return _back()


@require_POST
def remove(request: HttpRequest, key_id: UUID) -> HttpResponse:
    model_keys.remove(actor=_actor(request), key_id=key_id)
    messages.success(request, "The key is gone. What it spent stays in the list.")
    return _back()


@require_POST
def budget(request: HttpRequest) -> HttpResponse:
    _actor(request).require(permissions.MANAGE_MODELS)
    form = BudgetForm(request.POST)
    if form.is_valid():
        try:
            model_keys.set_budget(actor=_actor(request), monthly_micros=form.micros())
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, "The budget is set.")
            return _back()
    return _page(request, form)
