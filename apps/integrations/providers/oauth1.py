"""Signing requests with four keys (OAuth 1.0a, HMAC-SHA1), for networks that still take them.

The signature is authlib's. What `signer` gives fits the guarded client's `auth` argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authlib.oauth1.client import ClientAuth

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Keys:
    """The app's pair and the account's pair."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str


def signer(keys: Keys) -> Callable[[Any], Any]:
    """An `auth` callable: puts the Authorization header on a request and returns it.

    Only a form's fields are part of the signature; JSON and files are not (RFC 5849, 3.4.1.3.1).
    """
    auth = ClientAuth(keys.consumer_key, keys.consumer_secret, keys.token, keys.token_secret)

    def sign(request: Any) -> Any:
        kind = request.headers.get("content-type", "")
        is_form = kind.partition(";")[0].strip() == _FORM
        # A kind has to be named: without one authlib guesses from the body.
        headers = {"Content-Type": _FORM if is_form else kind or "application/octet-stream"}
        body = request.content if is_form else b""
        _, signed, _ = auth.prepare(request.method, str(request.url), headers, body)
        request.headers["Authorization"] = signed["Authorization"]
        return request

    return sign
