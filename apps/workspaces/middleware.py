"""What holds for every request before anybody is signed in: its origin and its host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from apps.workspaces import origin
from apps.workspaces.models import Domain

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_UNKNOWN = ""


class OriginMiddleware:
    """Notes the request's address and id, for what services keep of a change."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = origin.current.set(
            origin.Origin(origin.client_address(request), getattr(request, "request_id", ""))
        )
        try:
            return self.get_response(request)
        finally:
            origin.current.reset(token)


class CustomDomainMiddleware:
    """On a customer's own host only that customer's workspace is served.

    ``/`` leads to the workspace; other workspaces, the staff site and the page for new workspaces do
    not exist there. Hosts are kept in the shared cache for a minute, unknown ones too.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        # Not ALLOWED_HOSTS: the customers' hosts are among those.
        public = urlsplit(settings.CANDY_PUBLIC_URL).hostname or ""
        self.own_hosts = {public.lower(), "localhost", "testserver"}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = request.META.get("HTTP_HOST", "").partition(":")[0].lower()
        if not host or host in self.own_hosts or _is_address(host):
            return self.get_response(request)
        slug = workspace_of_host(request.get_host().partition(":")[0].lower())
        if slug == _UNKNOWN:
            return self.get_response(request)
        if request.path == "/":
            return HttpResponseRedirect(f"/w/{slug}/")
        if not _is_served(request.path, slug):
            raise Http404("There is no such page here.")
        return self.get_response(request)


def workspace_of_host(host: str) -> str:
    """Slug of the workspace that ``host`` leads to; empty where it leads to none."""
    cache = caches["shared"]
    known: Any = cache.get(f"host:{host}")
    if known is None:
        known = (
            Domain.objects.filter(domain=host).values_list("tenant__slug", flat=True).first()
            or _UNKNOWN
        )
        cache.set(f"host:{host}", known, 60)
    return str(known)


def _is_served(path: str, slug: str) -> bool:
    for below in ("/w/", "/api/v1/w/", "/ws/w/"):
        if path.startswith(below):
            return path.startswith(f"{below}{slug}/")
    return not path.startswith(("/admin/", "/new/", "/api/"))


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdigit() or host.startswith("[")
