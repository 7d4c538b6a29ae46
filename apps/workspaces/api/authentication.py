"""Who calls. The door (tenancy middleware) has decided already; this hands its decision to DRF."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from apps.errors import NotAuthenticated, PermissionDenied
from apps.workspaces.services import api_keys


def enforce_csrf(request: HttpRequest) -> None:
    """A browser that is signed in must prove that the page asking is ours; keys need no proof."""

    check: Any = CSRFCheck(lambda request: HttpResponse())
    check.process_request(request)
    reason = check.process_view(request, None, (), {})
    if reason:
        raise PermissionDenied(
            "Send the CSRF token of your session in the X-CSRFToken header, or use an API key.",
            code="csrf_failed",
        )


class EntryAuthentication(BaseAuthentication):
    """Below a workspace: whom the middleware let in, by key or by session."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        http: Any = request._request
        if getattr(http, "actor", None) is None:
            raise NotAuthenticated("Sign in first, or send an API key.")
        if http.actor.kind != "api_key":
            enforce_csrf(http)
        return http.user, http.actor

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class PersonAuthentication(BaseAuthentication):
    """Outside of any workspace: a person by session, or the person a key stands for."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        http: Any = request._request
        header = http.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            key = api_keys.authenticate(raw_key=header.removeprefix("Bearer ").strip())
            if not key.user.is_active:
                raise NotAuthenticated("This API key is not valid.", code="invalid_api_key")
            http.user, http.api_key = key.user, key
            return key.user, key
        if not http.user.is_authenticated:
            raise NotAuthenticated("Sign in first, or send an API key.")
        enforce_csrf(http)
        return http.user, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class _Scheme(OpenApiAuthenticationExtension):
    target_class: Any = EntryAuthentication
    name = ["apiKey", "session"]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        return [{"apiKey": []}, {"session": []}]  # either will do

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key of yours for this workspace: `Bearer candy_…`.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "A signed-in browser; changes also need the `X-CSRFToken` header.",
            },
        ]


class _PersonScheme(_Scheme):
    """The same two schemes; EntryAuthentication describes them, and once is enough."""

    target_class = PersonAuthentication
    name: Any = []

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return []
