"""``/livez``, ``/readyz`` and ``/metrics``, answered before anything else of a request happens.

A probe or a scraper calls a container by its own address, without TLS: so these come before the
check of the host name and the redirect to https. They tell nothing but their answer.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from config import metrics

log = logging.getLogger("candy.health")
_PROXIED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class OperationsMiddleware:
    """Answers the three addresses; everything else goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.answers = {"/livez": livez, "/readyz": readyz, "/metrics": metrics_page}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.answers.get(request.path)
        if answer is None:
            return self.get_response(request)
        response = answer(request)
        response["Cache-Control"] = "no-store"
        return response


def livez(_request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all. It asks nobody: a database that is away is no reason
    to kill the web process."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when this process can serve: database, cache and broker answer, migrations are in."""
    checks = {"database": check_database, "valkey": check_valkey, "migrations": check_migrations}
    results = {}
    for name, check in checks.items():
        try:
            results[name] = "ok" if check() else "behind"
        except Exception:
            log.warning("%s is not ready", name, exc_info=True)
            results[name] = "unavailable"
    ready = all(result == "ok" for result in results.values())
    body = {"status": "ready" if ready else "not ready", "checks": results}
    return JsonResponse(body, status=200 if ready else 503)


def check_database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def check_valkey() -> bool:
    cache = caches["shared"]
    cache.set("readyz", "1", 10)
    return bool(cache.get("readyz") == "1")


_migrations_current = False


def check_migrations() -> bool:
    """Whether every migration of this code is in the shared schema.

    A process's code does not change, so a yes is remembered.
    """
    global _migrations_current
    if not _migrations_current:
        loader = MigrationLoader(connection, ignore_no_migrations=True)
        _migrations_current = not set(loader.graph.nodes) - set(loader.applied_migrations)
    return _migrations_current


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for the token's holder, or without a token for the private network."""
    if not may_scrape(request):
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    return HttpResponse(metrics.render(), content_type=metrics.CONTENT_TYPE)


def may_scrape(request: HttpRequest) -> bool:
    """With a token set, only its holder. Without, only a private address that no proxy speaks for."""
    token = settings.CANDY_METRICS_TOKEN
    if token:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(sent.encode(), token.encode())
    if any(name in request.headers for name in _PROXIED):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_private or address.is_loopback
