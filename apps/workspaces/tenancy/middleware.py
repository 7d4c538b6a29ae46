"""From an address to a workspace.

``PublicAtStartMiddleware`` begins every request in ``public``. ``WorkspaceMiddleware`` pops the
``workspace`` slug out of the captured arguments, so that views (third-party ones too) never see it,
loads workspace and membership in one query, checks both, and enters the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase

from apps.errors import DomainError, NotAuthenticated
from apps.workspaces.services import access
from apps.workspaces.tenancy.context import activate, deactivate

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class PublicAtStartMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        deactivate()
        try:
            return self.get_response(request)
        finally:
            deactivate()


class WorkspaceMiddleware:
    """Sets ``request.workspace``, ``request.membership`` and ``request.actor`` below a workspace."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.workspace = None  # type: ignore[attr-defined]
        request.membership = None  # type: ignore[attr-defined]
        request.actor = None  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: Any, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        slug = kwargs.pop("workspace", None)
        if slug is None:
            return None
        is_api = request.path.startswith("/api/")
        try:
            entry = self._enter(request, slug, is_api=is_api)
        except access.Moved as moved:
            return self._moved(request, slug, moved.slug)
        except NotAuthenticated as error:
            if is_api:
                return access.error_response(error)
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        except DomainError as error:
            if is_api:
                return access.error_response(error)
            if error.status == 404:
                raise Http404(error.message) from error
            return access.error_page(request, error)
        request.workspace, request.membership, request.actor = entry
        activate(request.workspace)
        return None

    def _enter(self, request: Any, slug: str, *, is_api: bool) -> access.Entry:
        header = request.headers.get("Authorization", "")
        if is_api and header.startswith("Bearer "):
            raw_key = header.removeprefix("Bearer ").strip()
            key, entry = access.by_key(raw_key=raw_key, slug=slug)
            request.user = entry.membership.user
            request.api_key = key
            return entry
        entry_by_session = access.by_session(session=request.session, slug=slug)
        if entry_by_session is not None:
            # Django's own place for it: `request.user` would otherwise load the person again.
            request._cached_user = entry_by_session.membership.user
            return entry_by_session
        if not request.user.is_authenticated:
            raise NotAuthenticated("Sign in first, or send an API key.")
        return access.by_person(user=request.user, slug=slug)

    def _moved(self, request: HttpRequest, old: str, new: str) -> HttpResponse:
        """Old addresses lead to the new slug for good; 308 keeps the method for API clients."""
        target = request.get_full_path().replace(f"/w/{old}/", f"/w/{new}/", 1)
        response = HttpResponsePermanentRedirect(target)
        response.status_code = 308
        return response
