"""Where a network sends the browser back to. Public address, private outcome."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.errors import DomainError
from apps.integrations.errors import SignInInvalid, SignInNotYours
from apps.integrations.services import sign_ins
from apps.workspaces.models import Workspace
from apps.workspaces.services import access
from apps.workspaces.tenancy import workspace_context


@never_cache
@require_safe
@login_required
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Finish a sign-in and go back to where it began; whatever went wrong is said there."""
    target = "/"
    try:
        state = sign_ins.read_state(request.GET.get("state", ""))
        if state.user_id != request.user.pk:
            raise SignInNotYours("This sign-in was started by somebody else.")
        entry = access.by_person(user=request.user, slug=_slug(state.workspace_id))
        with workspace_context(entry.workspace):
            target = f"/w/{entry.workspace.slug}/"
            sign_in = sign_ins.take(actor=entry.actor, provider=provider, state=state)
            target = sign_in.return_to
            code = request.GET.get("code", "")
            if not code:
                raise SignInInvalid("Access was not granted, so nothing was connected.")
            connection = sign_ins.finish(actor=entry.actor, sign_in=sign_in, code=code)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{connection.handle} is connected.")
    return redirect(target)


def _slug(workspace_id: int) -> str:
    slug = Workspace.objects.filter(pk=workspace_id).values_list("slug", flat=True).first()
    if not slug:
        raise SignInInvalid("This sign-in belongs to a workspace that is gone.")
    return slug
