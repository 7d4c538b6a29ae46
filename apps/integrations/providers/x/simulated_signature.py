"""Checking a request signed with four keys, written from RFC 5849 and not from the signing side."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import parse_qsl, quote, unquote

from apps.integrations.sandbox.desk import CLIENT_ID, CLIENT_SECRET, Held
from apps.integrations.sandbox.kernel import Request

TOKEN_SECRET = "sandbox-secret"  # noqa: S105  # the sandbox's own
_FORM = "application/x-www-form-urlencoded"
_FRESH = 300  # seconds that a timestamp may be off


def signed_by(request: Request) -> Held | None:
    """The account whose keys made the signature; None when it does not hold."""
    header = request.headers.get("authorization", "").partition(" ")[2]
    found = {k: unquote(v) for k, v in re.findall(r'(\w+)="([^"]*)"', header)}
    signature = found.pop("oauth_signature", "")
    found.pop("realm", None)
    login = found.get("oauth_token", "").removeprefix("sandbox-")
    if found.get("oauth_consumer_key") != CLIENT_ID or not login:
        return None
    if found.get("oauth_token") != f"sandbox-{login}" or not found.get("oauth_nonce"):
        return None
    if abs(time.time() - int(found.get("oauth_timestamp") or 0)) > _FRESH:
        return None
    pairs = [*found.items(), *request.query]
    if request.headers.get("content-type", "").startswith(_FORM):
        pairs += parse_qsl(request.body.decode(), keep_blank_values=True)
    right = signature_of(request.method, request.base + request.path, pairs)
    return Held(login, (), 0.0, float("inf")) if hmac.compare_digest(right, signature) else None


def signature_of(
    method: str,
    url: str,
    pairs: list[tuple[str, str]],
    consumer_secret: str = CLIENT_SECRET,
    token_secret: str = TOKEN_SECRET,
) -> str:
    """HMAC-SHA1 over method, address and sorted parameters, each percent-encoded."""
    encoded = sorted((_quoted(k), _quoted(v)) for k, v in pairs)
    normal = "&".join(f"{k}={v}" for k, v in encoded)
    base = "&".join(_quoted(one) for one in (method.upper(), url, normal))
    key = f"{_quoted(consumer_secret)}&{_quoted(token_secret)}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="~")
