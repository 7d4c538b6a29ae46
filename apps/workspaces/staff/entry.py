"""``/admin/w/<slug>/…``: the staff site of one workspace.

Admin code knows nothing of workspaces and reverses its own addresses, so the site has its own urlconf
and is served below a script prefix that holds the slug: every link comes out right. The page is
rendered here, still inside the workspace, because a response that is rendered later would be in
``public`` and find no tables.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import (
    get_script_prefix,
    get_urlconf,
    resolve,
    reverse,
    set_script_prefix,
    set_urlconf,
)

from apps.workspaces.models import Workspace
from apps.workspaces.staff.sites import is_staff, lacks_factor
from apps.workspaces.tenancy import workspace_context

logger = logging.getLogger("candy.staff")

URLCONF = "apps.workspaces.staff.workspace_urls"


def enter(request: HttpRequest, slug: str, rest: str) -> HttpResponseBase:
    """Serve the page ``rest`` of the workspace's site. Every change by staff is logged."""
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise Http404("There is no such workspace.")
    if request.method != "GET":
        logger.info(
            "staff changed something in a workspace",
            extra={"person": request.user.pk, "workspace": slug, "path": request.path},
        )
    with workspace_context(workspace), _below(f"/admin/w/{slug}/"):
        return _serve(request, workspace, rest)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))
    if not is_staff(request):
        raise PermissionDenied("This place is for staff.")
    if lacks_factor(request):
        return HttpResponseRedirect(reverse("mfa_index"))
    return None


@contextmanager
def _below(prefix: str) -> Iterator[None]:
    """Resolve and reverse in the site's own urlconf, below ``prefix``, for the body."""
    former_prefix, former_urlconf = get_script_prefix(), get_urlconf()
    set_script_prefix(prefix)
    set_urlconf(URLCONF)
    try:
        yield
    finally:
        set_script_prefix(former_prefix)
        set_urlconf(former_urlconf)


def _serve(request: Any, workspace: Workspace, rest: str) -> HttpResponseBase:
    match = resolve(f"/{rest}", URLCONF)
    request.resolver_match = match
    request.staff_workspace = workspace
    response = match.func(request, *match.args, **match.kwargs)
    if callable(getattr(response, "render", None)) and not response.is_rendered:
        response.render()
    return response
