"""A person's own pages, outside of any workspace."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import queries
from apps.accounts.models import User
from apps.accounts.services import people, sessions
from apps.accounts.web.forms import ProfileForm
from apps.errors import DomainError, NotFound


@login_required
@require_safe
def next_page(request: HttpRequest) -> HttpResponse:
    """Where someone belongs who is signed in and asks for nothing in particular."""
    return redirect(people.next_page(user=request.user, session=request.session))


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    if request.method == "POST":
        form = ProfileForm(request.POST)
        if form.is_valid():
            try:
                people.update_profile(user=user, **form.cleaned_data)
            except DomainError as error:
                form.add_error(error.field, error.message)
            else:
                messages.success(request, "Saved.")
                response = redirect("accounts:profile")
                # The theme chosen on this device would otherwise win over the one just chosen.
                response.delete_cookie("candy_theme")
                return response
    else:
        fields = ("name", "time_zone", "language", "theme")
        form = ProfileForm(initial={name: getattr(user, name) for name in fields})
    context = {
        "form": form,
        "pending_email": EmailAddress.objects.filter(user=user, verified=False).first(),
    }
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    return render(request, "accounts/security.html", queries.sign_in_methods(user=user))


@login_required
@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    listed = queries.sessions(user=_person(request), current=request.session.session_key)
    return render(request, "accounts/sessions.html", {"sessions": listed})


@login_required
@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    try:
        sessions.end(user=_person(request), session_id=session_id)
    except NotFound as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "That session is signed out.")
    return redirect("accounts:sessions")


@login_required
@require_POST
def session_end_others(request: HttpRequest) -> HttpResponse:
    ended = sessions.end_others(user=_person(request), keep=request.session.session_key or "")
    words = "No other session was open." if not ended else f"{ended} other sessions signed out."
    messages.success(request, words)
    return redirect("accounts:sessions")


def _person(request: HttpRequest) -> User:
    user: Any = request.user
    return user
