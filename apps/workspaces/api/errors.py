"""Every way a request can go wrong, in the one shape.

``{"error": {"code", "message", "field"?, "params"?, "errors"?: [{"field", "code", "message"}]}}``
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pydantic
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.core.exceptions import ValidationError as FieldError
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.response import Response

from apps.errors import DomainError
from apps.workspaces.services.access import error_body

logger = logging.getLogger("candy.api")

_DRF_CODES: dict[type[drf.APIException], tuple[str, str]] = {
    drf.ParseError: ("malformed", "The body is not well-formed JSON."),
    drf.AuthenticationFailed: ("not_authenticated", "Sign in first, or send an API key."),
    drf.NotAuthenticated: ("not_authenticated", "Sign in first, or send an API key."),
    drf.PermissionDenied: ("permission_denied", "You may not do this."),
    drf.NotFound: ("not_found", "There is nothing here."),
    drf.NotAcceptable: ("not_acceptable", "Answers are JSON only."),
}


def handle(exception: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: never None, so nothing falls through to an HTML page."""
    body, status, headers = describe(exception)
    if status == 500:
        request_id = getattr(context["request"], "request_id", "")
        logger.error("unexpected error in the API", exc_info=exception)
        body["error"]["params"] = {"request_id": request_id}
    return Response(body, status=status, headers=headers)


def describe(exception: Exception) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Body, status and headers for ``exception``; 500 without details for one that nobody meant."""
    if isinstance(exception, DomainError):
        return _of_domain(exception)
    if isinstance(exception, pydantic.ValidationError):
        return _invalid(list(_of_pydantic(exception))), 422, {}
    if isinstance(exception, FieldError):
        return (
            _invalid([{"field": "", "code": "invalid", "message": exception.messages[0]}]),
            422,
            {},
        )
    if isinstance(exception, drf.ValidationError):
        return _invalid(list(_of_drf(exception.get_full_details()))), 422, {}
    if isinstance(exception, drf.APIException):
        return _of_api(exception)
    if isinstance(exception, Http404):
        return _body("not_found", str(exception) or "There is nothing here."), 404, {}
    if isinstance(exception, DjangoPermissionDenied):
        return _body("permission_denied", "You may not do this."), 403, {}
    if isinstance(exception, RequestDataTooBig | TooManyFilesSent):
        return _body("too_large", "The body is larger than this route takes."), 413, {}
    if isinstance(exception, SuspiciousOperation):
        return _body("malformed", "The request is not well-formed."), 400, {}
    return _body("internal_error", "Something broke on our side. It has been noted."), 500, {}


def _of_domain(error: DomainError) -> tuple[dict[str, Any], int, dict[str, str]]:
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return error_body(error), error.status, headers


def _of_api(error: drf.APIException) -> tuple[dict[str, Any], int, dict[str, str]]:
    headers: dict[str, str] = {}
    if isinstance(error, drf.MethodNotAllowed):
        return _body("method_not_allowed", "This route does not take that method."), 405, headers
    if isinstance(error, drf.UnsupportedMediaType):
        return _body("unsupported_media_type", "Send application/json."), 415, headers
    if isinstance(error, drf.Throttled):
        headers["Retry-After"] = str(max(1, round(getattr(error, "wait", None) or 1)))
        return _body("rate_limited", "Too many requests. Slow down."), 429, headers
    code, message = _DRF_CODES.get(type(error), ("error", "The request was refused."))
    if error.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _body(code, message), error.status_code, headers


def _of_pydantic(error: pydantic.ValidationError) -> Iterator[dict[str, str]]:
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        message = item["msg"].removeprefix("Value error, ")
        yield {
            "field": ".".join(str(part) for part in item["loc"]),
            "code": item["type"],
            "message": message[:1].upper() + message[1:],
        }


def _of_drf(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(details, dict) and {"message", "code"} <= details.keys():
        field = "" if path == "non_field_errors" else path
        yield {"field": field, "code": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _of_drf(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(details, list):
        for inner in details:
            yield from _of_drf(inner, path)


def _invalid(errors: list[dict[str, str]]) -> dict[str, Any]:
    """The first fault stands for all in ``message`` and ``field``; ``errors`` names each."""
    first = errors[0] if errors else {"field": "", "message": "The input is not valid."}
    body = _body("invalid", first["message"])
    if first["field"]:
        body["error"]["field"] = first["field"]
    body["error"]["errors"] = errors
    return body


def _body(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
