"""Compressing answers, and leaving alone what is compressed already or asked for in ranges."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.middleware.gzip import GZipMiddleware

_TEXT = ("text/", "application/json", "application/javascript", "application/xml", "image/svg")


class TextGZipMiddleware(GZipMiddleware):
    """Django's, for text alone. Of a video it would lose the length and break every range."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        is_text = response.get("Content-Type", "").startswith(_TEXT)
        if not is_text or response.has_header("Accept-Ranges"):
            return response
        return super().process_response(request, response)
