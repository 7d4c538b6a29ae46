"""Answering with a stored file, or the part of it that was asked for. Nothing is held whole."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from apps.media import files
from apps.media.services.handout import Stored

_AT_ONCE = 1_000_000  # bytes; larger ones are read while they are sent
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
MEMBERS_ONLY = {
    **SAFE,
    "Cross-Origin-Resource-Policy": "same-origin",
    # The content behind an id never changes, but who may see it does.
    "Cache-Control": "private, max-age=86400, immutable",
}


def answer(
    request: HttpRequest,
    stored: Stored,
    *,
    headers: dict[str, str],
    as_attachment: bool = False,
) -> HttpResponseBase:
    """200, 206, 304 or 416. One range is honoured; several are answered with the whole, as allowed."""
    etag = f'"{stored.tag}"'
    if request.headers.get("If-None-Match") == etag:
        return _complete(HttpResponse(status=304), etag, headers)
    start, end = 0, stored.size
    wanted = _wanted(request, etag)
    if wanted is not None:
        start, end = _within(wanted, stored.size)
        if start >= end:
            response: Any = HttpResponse(status=416)
            response["Content-Range"] = f"bytes */{stored.size}"
            return _complete(response, etag, headers)
    if request.method == "HEAD":
        response = HttpResponse(content_type=stored.mime)
    elif end - start <= _AT_ONCE:
        with files.open_range(stored.file, start, end - start) as stretch:
            response = HttpResponse(stretch.read(), content_type=stored.mime)
    else:
        stretch = files.open_range(stored.file, start, end - start)
        response = StreamingHttpResponse(stretch.chunks(), content_type=stored.mime)
        response._resource_closers.append(stretch.close)
    response["Content-Length"] = str(end - start)
    if wanted is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
    disposition = content_disposition_header(as_attachment, stored.shown_as)
    if disposition:
        response["Content-Disposition"] = disposition
    return _complete(response, etag, headers)


def _wanted(request: HttpRequest, etag: str) -> tuple[str, str] | None:
    match = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or not (match.group(1) or match.group(2)):
        return None
    if request.headers.get("If-Range", etag) != etag:
        return None
    return match.group(1), match.group(2)


def _within(wanted: tuple[str, str], size: int) -> tuple[int, int]:
    """First byte, and the one after the last."""
    first, last = wanted
    if not first:  # the last so many
        return max(0, size - int(last)), size
    end = min(int(last) + 1, size) if last else size
    return int(first), end


def _complete(response: HttpResponse, etag: str, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    return response
