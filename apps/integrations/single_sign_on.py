"""Single sign-on's own calls (discovery, token, keys, who it is) through the guarded client.

The issuer is the operator's (CANDY_OIDC_ISSUER), so its host is open as it stands, private or not. What
its discovery document names is whatever that server says, and goes where CANDY_OUTBOUND_ALLOW and the
public internet let it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.http import HttpResponse
from django.utils.functional import cached_property

from apps.accounts import adapter
from apps.integrations.http import OutboundError, allowed, guarded_client

_SECONDS = 10.0
_LARGEST = 1_000_000  # bytes of an answer; documents, keys and tokens are small


class SignOnFailed(OAuth2Error, ImmediateHttpResponse):
    """The sign-in server gave nothing usable.

    allauth shows its page for an OAuth2Error in most places; where it asks outside of them it passes
    on a ready response, and this has the same page.
    """

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)

    @cached_property
    def response(self) -> HttpResponse:
        return render_authentication_error(context.request, None, exception=self)


class Answer:
    """What allauth reads of an answer. A refusal or nonsense is SignOnFailed."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status_code = status
        self.headers = headers
        self.content = content

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise SignOnFailed("The sign-in server's answer cannot be read.") from error

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise SignOnFailed(f"The sign-in server answered {self.status_code}.")


class Session:
    """What allauth uses of a requests.Session."""

    def __enter__(self) -> Session:
        self._client = guarded_client(
            timeout=_SECONDS, max_bytes=_LARGEST, allow=allowed() | _issuers()
        )
        return self

    def __exit__(self, *raised: object) -> None:
        self._client.close()

    def get(self, url: str, **kwargs: Any) -> Answer:
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Answer:
        return self.request("POST", url, **kwargs)

    def request(self, method: str, url: str, **kwargs: Any) -> Answer:
        given = {name: value for name, value in kwargs.items() if value is not None}
        try:
            answer = self._client.request(method, url, **given)
        except OutboundError as error:
            raise SignOnFailed(f"The sign-in server: {error.message}") from error
        return Answer(answer.status_code, answer.headers, answer.content)


class SocialAccountAdapter(adapter.SocialAccountAdapter):
    """What accounts decides about people from outside, asked over the guarded client."""

    def get_requests_session(self) -> Session:
        return Session()


def _issuers() -> frozenset[tuple[str, int]]:
    """The operator's issuers, from settings alone: a row in the database opens nothing."""
    apps = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", ())
    found = set()
    for app in apps:
        parts = urlsplit(app.get("settings", {}).get("server_url", ""))
        if parts.hostname:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            found.add((parts.hostname.lower(), port))
    return frozenset(found)
