"""How a simulated network fetches a file by its address, as the real ones do.

The address comes from whoever posts, so the guarded client fetches it; the only private addresses
open to it are Candy's own public address and those in CANDY_OUTBOUND_ALLOW.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from apps.integrations.http import OutboundError, allowed, guarded_client


@dataclass(frozen=True)
class Fetched:
    mime: str
    data: bytes


async def fetch(url: str, *, max_bytes: int, seconds: float = 20) -> Fetched | None:
    """The file, or None where it could not be had: unreachable, refused, too large, no 200."""
    return await asyncio.to_thread(_fetch, url, max_bytes, seconds)


def _fetch(url: str, max_bytes: int, seconds: float) -> Fetched | None:
    try:
        with guarded_client(
            timeout=seconds, max_bytes=max_bytes, max_redirects=0, allow=_open_doors(), tries=1
        ) as client:
            answer = client.get(url)
    except OutboundError:
        return None
    if answer.status_code != 200 or not answer.content:
        return None
    mime = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(mime, answer.content)


def _open_doors() -> frozenset[tuple[str, int]]:
    """The sandbox's own process has no Django settings, only the environment they come from."""
    if settings.configured:
        return allowed() | {_origin(settings.CANDY_PUBLIC_URL)}
    pairs = {_origin(os.environ.get("CANDY_PUBLIC_URL", "http://localhost:8000"))}
    for entry in os.environ.get("CANDY_OUTBOUND_ALLOW", "").split(","):
        host, _, port = entry.strip().rpartition(":")
        if host and port.isdigit():
            pairs.add((host.strip("[]").lower(), int(port)))
    return frozenset(pairs)


def _origin(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
