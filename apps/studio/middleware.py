"""The one mapping of domain errors to what a browser shows."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from apps.errors import DomainError
from apps.workspaces.services import access


class DomainErrorMiddleware:
    """A page for people, a toast for htmx, the API's shape for scripts that ask for JSON."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | JsonResponse | None:
        if not isinstance(error, DomainError):
            return None
        if getattr(request, "htmx", None):
            # 422 swaps a form; words alone must not replace one, so they leave as 400.
            status = 400 if error.status == 422 else error.status
            return HttpResponse(status=status, headers={"X-Candy-Message": quote(error.message)})
        if request.path.startswith("/api/") or not request.accepts("text/html"):
            return access.error_response(error)
        if error.status == 404:
            raise Http404(error.message) from error
        return access.error_page(request, error)
