"""Signing in by OpenID Connect, the whole code flow against a real server over HTTP."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialApp
from django.contrib import admin
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


class TestWhereItMayLead:
    """The issuer is the operator's alone; where its answers lead is checked like any address."""

    @pytest.fixture
    def lying(self, settings: Any) -> Iterator[Callable[[dict[str, Any]], list[str]]]:
        """``lying(document)``: an issuer that publishes it; returns the paths that it is asked."""
        asked: list[str] = []
        published: dict[str, Any] = {}

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                body = json.dumps(published).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *args: Any) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cache.clear()
        base = f"http://localhost:{server.server_port}"
        app = {"provider_id": "sso", "name": "Acme", "client_id": "c", "secret": "s"}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"APPS": [{**app, "settings": {"server_url": base}}]}
        }

        def publish(document: dict[str, Any]) -> list[str]:
            published.update({"authorization_endpoint": f"{base}/authorize"} | document)
            return asked

        yield publish
        server.shutdown()
        server.server_close()

    @pytest.mark.parametrize(
        "inside", ["http://127.0.0.1:{port}/token", "http://169.254.169.254/latest/meta-data/"]
    )
    def test_a_token_address_that_leads_inside_is_not_asked(
        self, client: Client, lying: Callable[[dict[str, Any]], list[str]], inside: str
    ) -> None:
        secret = socket.create_server(("127.0.0.1", 0))
        secret.settimeout(0.3)
        asked = lying({"token_endpoint": inside.format(port=secret.getsockname()[1])})
        leave = client.post("/accounts/oidc/sso/login/")
        assert asked == ["/.well-known/openid-configuration"]  # discovery went through the guard
        state = parse_qs(urlsplit(leave["Location"]).query)["state"][0]
        page = client.get(f"/accounts/oidc/sso/login/callback/?code=x&state={state}")
        assert "That did not work" in page.content.decode()
        with pytest.raises(TimeoutError):
            secret.accept()
        secret.close()

    def test_an_issuer_that_is_away_is_said_and_not_a_crash(
        self, client: Client, settings: Any
    ) -> None:
        cache.clear()
        app = {"provider_id": "sso", "name": "Acme", "client_id": "c", "secret": "s"}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"APPS": [{**app, "settings": {"server_url": "http://localhost:1"}}]}
        }
        page = client.post("/accounts/oidc/sso/login/")
        assert page.status_code < 500
        assert "That did not work" in page.content.decode()

    def test_a_row_in_the_database_opens_no_private_address(
        self, client: Client, settings: Any
    ) -> None:
        """Nothing in Candy writes one; even so, only what the settings name may be private."""
        settings.SOCIALACCOUNT_PROVIDERS = {}
        cache.clear()
        inside = socket.create_server(("127.0.0.1", 0))
        inside.settimeout(0.3)
        SocialApp.objects.create(
            provider="openid_connect",
            provider_id="row",
            name="Row",
            client_id="c",
            settings={"server_url": f"http://127.0.0.1:{inside.getsockname()[1]}"},
        )
        client.post("/accounts/oidc/row/login/")
        with pytest.raises(TimeoutError):
            inside.accept()
        inside.close()

    def test_no_code_of_ours_lets_anybody_name_an_issuer(self) -> None:
        """It is read from the environment in one place; rows for it have no admin and no writer."""
        root = Path(__file__).resolve().parents[2]
        names = re.compile(r"SocialApp\b|CANDY_OIDC_ISSUER|server_url")
        found = {
            path.relative_to(root).as_posix()
            for folder in ("apps", "config")
            for path in (root / folder).rglob("*.py")
            if names.search(path.read_text(encoding="utf-8"))
        }
        assert found == {
            "config/settings/people.py",
            "apps/integrations/single_sign_on.py",  # reads what the settings say
            "apps/workspaces/staff/third_party.py",  # hides it from the admin
        }
        assert not admin.site.is_registered(SocialApp)
