"""Addresses of servers as people type them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from apps.integrations.http import OutboundRefused, allowed
from apps.integrations.http.addresses import check_origin, check_spelling

from .errors import ErrorKind, ProviderError


def base_address(typed: str, *, field: str = "host") -> str:
    """`Mastodon.Social/`, `https://mastodon.social` and the like, as `https://mastodon.social`.

    Plain http and a path are for servers that the operator has opened in CANDY_OUTBOUND_ALLOW:
    a password must not travel readable. Raises ProviderError(VALIDATION) for anything else.
    """
    value = typed.strip().rstrip("/")
    if "://" not in value:
        value = f"https://{value.removeprefix('@').rpartition('@')[2]}"
    try:
        check_spelling(value)
        parts = urlsplit(value)
        host, port = check_origin(parts.scheme, parts.hostname or "", parts.port)
    except (OutboundRefused, ValueError):
        raise _wrong("This is not the address of a server.", field) from None
    if (host, port) in allowed():
        return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}".rstrip("/")
    if parts.scheme != "https":
        raise _wrong("The server must be reachable by https.", field)
    if parts.path or parts.query or parts.fragment:
        raise _wrong("Give the server's address only, without a path.", field)
    return f"https://{parts.netloc.lower()}"


def shown_host(base: str) -> str:
    """The address without its scheme, for people."""
    return base.partition("://")[2] or base


def simulated(base: str) -> bool:
    """Whether this is one of the sandbox's networks, where readers look at the simulator itself."""
    return base.startswith(f"{settings.CANDY_SANDBOX_URL}/")


def _wrong(message: str, field: str) -> ProviderError:
    return ProviderError(ErrorKind.VALIDATION, message, field=field)
