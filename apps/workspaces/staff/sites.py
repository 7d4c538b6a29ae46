"""The two staff sites. Both sign people in through the same pages, and the same second factor, as all.

``StaffSite`` (``/admin/``) is the installation: people, workspaces, keys, due work.
``WorkspaceSite`` (``/admin/w/<slug>/``) is the inside of one workspace; see ``entry``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

View = Callable[..., Any]

# Unfold's menus are written in Alpine, whose expressions are evaluated as code and whose transitions
# are inline styles. Only staff pages are served so: docs/decisions/0010-admin-csp.md.
_POLICY = {
    "script-src": [SELF, NONCE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}


def is_staff(request: HttpRequest) -> bool:
    """Active staff; where the installation says so, with a second factor set up."""
    user: Any = request.user
    return bool(user.is_active and user.is_staff)


def lacks_factor(request: HttpRequest) -> bool:
    """Staff of an installation that wants a second factor, who have none yet."""
    return bool(settings.CANDY_STAFF_NEEDS_MFA and not is_mfa_enabled(request.user))


def relaxed(view: View) -> View:
    """``view`` with the policy that the staff pages need, and no other page has."""
    return csp_replace(_POLICY)(view)


class _Site(UnfoldAdminSite):
    enable_nav_sidebar = True
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        return is_staff(request) and not lacks_factor(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        return relaxed(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is no sign-in form of our own that could pass a second factor by."""
        if not request.user.is_authenticated:
            following = request.GET.get("next") or reverse("admin:index")
            return redirect_to_login(following, reverse(settings.LOGIN_URL))
        if not is_staff(request):
            raise PermissionDenied("This place is for staff.")
        if lacks_factor(request):
            return HttpResponseRedirect(reverse("mfa_index"))
        return HttpResponseRedirect(reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return require_POST(_leave)(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect("/accounts/password/change/")


def _leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/")


class StaffSite(_Site):
    site_header = site_title = "Candy staff"
    index_title = "Installation"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)


class WorkspaceSite(_Site):
    """Models of a workspace's own schema. Its pages are served by ``entry.enter`` alone."""

    settings_name = "UNFOLD_WORKSPACE"
    index_title = "Inside this workspace"

    def __init__(self) -> None:
        super().__init__("workspace_admin")


workspace_site = WorkspaceSite()


def workspace_title(request: Any) -> str:
    """The workspace whose inside is shown."""
    return str(getattr(request, "staff_workspace", "Workspace"))


def workspace_page(request: Any) -> str:
    """Out of the site, back to the workspace's row among all."""
    workspace = getattr(request, "staff_workspace", None)
    return "/admin/" if workspace is None else f"/admin/workspaces/workspace/{workspace.pk}/change/"
