"""Where a change came from: the address and the request, for the audit trail and the logs.

A ContextVar, so that services need no request. Outside of requests it is empty.
"""

from __future__ import annotations

from contextvars import ContextVar
from ipaddress import ip_address
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest


class Origin(NamedTuple):
    """``address`` is None where there was no request."""

    address: str | None = None
    request_id: str = ""


NOWHERE = Origin()
current: ContextVar[Origin] = ContextVar("candy_origin", default=NOWHERE)


def client_address(request: HttpRequest) -> str | None:
    """The client's address: of X-Forwarded-For only what our own proxies have added counts."""
    proxies: int = settings.CANDY_TRUSTED_PROXIES
    candidate = request.META.get("REMOTE_ADDR", "")
    if proxies:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(hops) >= proxies:
            candidate = hops[-proxies]
    try:
        return str(ip_address(candidate.strip("[]")))
    except ValueError:
        return None
