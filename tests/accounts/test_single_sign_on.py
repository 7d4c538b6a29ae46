"""Signing in by OpenID Connect, the whole code flow against a real server over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer(settings: Any) -> Iterator[str]:
    cache.clear()
    with oidc_provider_mock.run_server_in_thread() as server:
        address = f"http://localhost:{server.server_port}"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "APPS": [
                    {
                        "provider_id": "sso",
                        "name": "Acme SSO",
                        "client_id": "candy",
                        "secret": "candy-secret",
                        "settings": {"server_url": address},
                    }
                ],
                "OAUTH_PKCE_ENABLED": True,
                "EMAIL_AUTHENTICATION": False,
            }
        }
        yield address


def sign_in(client: Client, issuer: str, claims: dict[str, Any]) -> Any:
    """Press the button, consent as ``claims['sub']`` at the issuer, come back with the code."""
    httpx.put(f"{issuer}/users/{claims['sub']}", json=claims).raise_for_status()
    leave = client.post("/accounts/oidc/sso/login/")
    assert leave.status_code == 302
    assert leave["Location"].startswith(f"{issuer}/oauth2/authorize?")
    assert parse_qs(urlsplit(leave["Location"]).query)["code_challenge_method"] == ["S256"]
    consent = httpx.post(leave["Location"], data={"sub": claims["sub"]})
    assert consent.status_code in (302, 303), consent.text
    back = urlsplit(consent.headers["location"])
    return client.get(f"{back.path}?{back.query}")


def test_the_button_is_on_the_sign_in_page(client: Client, issuer: str) -> None:
    assert "Sign in with Acme SSO" in client.get("/accounts/login/").content.decode()


def test_somebody_new_comes_in_with_name_and_address(client: Client, issuer: str) -> None:
    claims = {"sub": "7", "email": "Sam@acme.example", "email_verified": True, "name": "Sam Sung"}
    response = sign_in(client, issuer, claims)
    if response.status_code == 302 and "signup" in response["Location"]:
        response = client.post(response["Location"], {"name": "Sam Sung", "email": claims["email"]})
    assert response["Location"] == "/new/"
    person = User.objects.get(email="sam@acme.example")
    assert person.name == "Sam Sung"
    assert EmailAddress.objects.get(user=person).verified
    assert client.get("/settings/profile/").status_code == 200
    again = Client()
    assert sign_in(again, issuer, claims)["Location"] == "/new/"
    assert User.objects.filter(email="sam@acme.example").count() == 1


def test_an_issuer_that_is_not_trusted_does_not_open_an_account_by_its_address(
    client: Client, issuer: str, owner: User
) -> None:
    claims = {"sub": "8", "email": owner.email, "email_verified": True, "name": "Not Olga"}
    response = sign_in(client, issuer, claims)
    if response.status_code == 302 and "signup" in response["Location"]:
        response = client.post(response["Location"], {"name": "Not Olga", "email": owner.email})
    assert client.get("/settings/profile/").status_code == 302  # nobody is signed in
    assert User.objects.filter(email=owner.email).count() == 1
    assert all(owner.email in message.to for message in mail.outbox)


def test_a_forged_answer_is_refused(client: Client, issuer: str) -> None:
    response = client.get("/accounts/oidc/sso/login/callback/?code=x&state=forged")
    assert "That did not work" in response.content.decode()
    assert client.get("/settings/profile/").status_code == 302
