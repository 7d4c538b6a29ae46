"""Files for networks that fetch them themselves: no session, an address that ends by itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.errors import DomainError
from apps.media.services import handout
from apps.media.web.ranges import SAFE, answer
from apps.workspaces.tenancy import workspace_context

_HEADERS = {
    **SAFE,
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}


@require_safe
def file(request: Any, token: str, name: str) -> HttpResponseBase:
    """`/m/<token>/<name>`: see `handout.public_url`. 404, or 410 when the time is over.

    Nobody between keeps a copy, and nobody keeps one for longer than the address lives.
    """
    try:
        address = handout.address_of(token)
        headers = {**_HEADERS, "Cache-Control": f"private, max-age={address.seconds}"}
        with workspace_context(address.workspace):
            return answer(request, handout.stored(handout.named(address.kind)), headers=headers)
    except DomainError as error:
        return HttpResponse(error.message, status=error.status, content_type="text/plain")
