"""The Content-Security-Policy that every page is under."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory


def policy(response: HttpResponse) -> dict[str, list[str]]:
    header = response["Content-Security-Policy"]
    parts = (part.strip().split() for part in header.split(";") if part.strip())
    return {name: values for name, *values in parts}


@pytest.fixture
def page() -> HttpResponse:
    """A page that asked for a nonce, after the middleware."""
    from csp.middleware import CSPMiddleware

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"<script nonce={request.csp_nonce}></script>")  # type: ignore[attr-defined]

    return CSPMiddleware(view)(RequestFactory().get("/"))


def test_scripts_run_by_nonce_only(page: HttpResponse) -> None:
    rules = policy(page)
    nonce = page.content.decode().split("nonce=")[1].split(">")[0]
    assert f"'nonce-{nonce}'" in rules["script-src"]
    for name, values in rules.items():
        assert "'unsafe-inline'" not in values, name
        assert "'unsafe-eval'" not in values, name
        assert "*" not in values, name
        assert "data:" not in values or name == "img-src", name


@pytest.mark.parametrize("name", ["object-src", "base-uri", "frame-ancestors"])
def test_what_no_page_needs_is_off(page: HttpResponse, name: str) -> None:
    assert policy(page)[name] == ["'none'"]


def test_nonces_differ_between_pages() -> None:
    from csp.middleware import CSPMiddleware

    seen = set()
    for _ in range(2):
        request = RequestFactory().get("/")
        CSPMiddleware(lambda r: HttpResponse(str(r.csp_nonce)))(request)
        seen.add(str(request.csp_nonce))  # type: ignore[attr-defined]
    assert len(seen) == 2


def test_the_middleware_is_on() -> None:
    assert "csp.middleware.CSPMiddleware" in settings.MIDDLEWARE
