"""Signing up, in and out, as a person does it, through the pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.workspaces.models import AuditEntry

pytestmark = pytest.mark.django_db

SIGN_UP = {
    "name": "Nora New",
    "email": "nora@example.com",
    "password1": "correct horse battery",
    "time_zone": "Europe/Berlin",
}


@pytest.fixture(autouse=True)
def _no_limits_left_over() -> None:
    cache.clear()


def prove_again(client: Client) -> None:
    """What guards a sign-in is changed only by somebody who has just shown their password."""
    response = client.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
    assert response.status_code == 302


def code_in(message: Any) -> str:
    found = re.search(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", message.body, re.M)
    assert found, message.body
    return found.group(1)


def test_sign_up_asks_for_the_mailed_code_and_then_leads_to_a_new_workspace(client: Client) -> None:
    response = client.post("/accounts/signup/", SIGN_UP)
    assert response.status_code == 302
    person = User.objects.get(email="nora@example.com")
    assert (person.name, person.time_zone) == ("Nora New", "Europe/Berlin")
    assert client.get("/settings/profile/").status_code == 302  # not in yet

    [message] = mail.outbox
    assert message.to == ["nora@example.com"]
    assert "text/html" in [kind for _, kind in message.alternatives]
    page = client.get(response["Location"])
    assert b"nora@example.com" in page.content
    wrong = client.post("/accounts/confirm-email/", {"code": "WRONG1"})
    assert wrong.status_code == 200
    right = client.post("/accounts/confirm-email/", {"code": code_in(message)})
    assert right.status_code == 302
    assert right["Location"] == "/new/"
    assert client.get("/settings/profile/").status_code == 200


def test_sign_up_with_a_known_address_looks_the_same_and_mails_its_owner(
    client: Client, owner: User
) -> None:
    response = client.post("/accounts/signup/", {**SIGN_UP, "email": owner.email})
    fresh = Client().post("/accounts/signup/", SIGN_UP)
    assert (response.status_code, response["Location"]) == (fresh.status_code, fresh["Location"])
    assert User.objects.filter(email=owner.email).count() == 1
    assert "already" in mail.outbox[0].subject
    assert mail.outbox[0].to == [owner.email]


def test_a_weak_password_keeps_what_was_typed(client: Client) -> None:
    response = client.post("/accounts/signup/", {**SIGN_UP, "password1": "short"})
    assert response.status_code == 200
    text = response.content.decode()
    assert 'value="Nora New"' in text
    assert 'value="nora@example.com"' in text
    assert "at least 10 characters" in text
    assert not User.objects.filter(email="nora@example.com").exists()


def test_signing_in_leads_to_the_workspace_that_was_visited_last(
    client: Client, owner: User, workspace: Any
) -> None:
    response = client.post(
        "/accounts/login/", {"login": "OLGA@acme.example", "password": "correct horse battery"}
    )
    assert response.status_code == 302
    assert response["Location"] == f"/w/{workspace.slug}/"


def test_a_wrong_password_and_an_unknown_address_are_told_alike(
    client: Client, owner: User
) -> None:
    said = []
    for login in (owner.email, "nobody@example.com"):
        response = client.post("/accounts/login/", {"login": login, "password": "wrong wrong"})
        assert response.status_code == 200
        said.append(re.findall(r'notice-body">([^<]+)<', response.content.decode()))
    assert said[0] == said[1] == ["That email address and password do not go together."]


def test_guessing_a_password_is_stopped(client: Client, owner: User) -> None:
    for _ in range(5):
        client.post("/accounts/login/", {"login": owner.email, "password": "wrong wrong"})
    response = client.post(
        "/accounts/login/", {"login": owner.email, "password": "correct horse battery"}
    )
    assert response.status_code == 200
    assert "Too many attempts" in response.content.decode()


def test_a_forgotten_password_is_reset_by_the_mailed_link(client: Client, owner: User) -> None:
    assert client.post("/accounts/password/reset/", {"email": owner.email}).status_code == 302
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link
    form = client.get(link.group(1), follow=True)
    where = form.redirect_chain[-1][0]
    fields = {"password1": "quite another phrase", "password2": "quite another phrase"}
    response = client.post(where, fields)
    assert response.status_code == 302
    owner.refresh_from_db()
    assert owner.check_password("quite another phrase")
    assert AuditEntry.objects.filter(action="password.reset", object_id=str(owner.pk)).exists()
    again = Client().get(link.group(1), follow=True)
    assert "no longer works" in again.content.decode()


def test_a_reset_for_an_unknown_address_says_the_same(client: Client, owner: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": owner.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/inactive/",
        "/accounts/3rdparty/login/error/",
        "/accounts/3rdparty/login/cancelled/",
    ],
)
def test_entrance_pages_are_ours_and_run_no_script_of_their_own(client: Client, path: str) -> None:
    text = client.get(path).content.decode()
    assert "auth-card" in text
    assert "data-allauth-onload" not in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/settings/profile/",
        "/settings/security/",
        "/settings/sessions/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/3rdparty/",
    ],
)
def test_pages_of_a_person_are_ours_and_closed_to_strangers(
    client: Client, owner: User, path: str
) -> None:
    assert Client().get(path).status_code == 302
    client.post("/accounts/login/", {"login": owner.email, "password": "correct horse battery"})
    if "/2fa/" in path:
        asked = client.get(path)
        assert asked["Location"].startswith("/accounts/reauthenticate/")
        prove_again(client)
    response = client.get(path)
    assert response.status_code == 200
    text = response.content.decode()
    assert "settings-frame" in text
    assert "data-allauth-onload" not in text


def test_profile_is_changed_and_kept_in_the_trail(client_for: Any, owner: User) -> None:
    values = {"name": "Olga O.", "time_zone": "Asia/Tokyo", "language": "de", "theme": "dark"}
    client = client_for(owner)
    assert client.post("/settings/profile/", values).status_code == 302
    owner.refresh_from_db()
    assert {key: getattr(owner, key) for key in values} == values
    assert client.get("/settings/profile/").headers["Content-Language"] == "de"
    entry = AuditEntry.objects.get(action="profile.changed")
    assert entry.change["time_zone"] == ["UTC", "Asia/Tokyo"]
    bad = client.post("/settings/profile/", {**values, "time_zone": "Mars/Olympus"})
    assert bad.status_code == 422


def test_sessions_are_listed_and_ended(client: Client, owner: User, outsider: User) -> None:
    other = Client()
    for browser, person in ((client, owner), (other, owner)):
        browser.post(
            "/accounts/login/", {"login": person.email, "password": "correct horse battery"}
        )
    from allauth.usersessions.models import UserSession

    theirs = UserSession.objects.get(session_key=other.session.session_key)
    stranger = Client()
    stranger.post(
        "/accounts/login/", {"login": outsider.email, "password": "correct horse battery"}
    )
    stranger.post(f"/settings/sessions/{theirs.pk}/end/")
    assert other.get("/settings/profile/").status_code == 200  # a stranger ends nothing
    client.post(f"/settings/sessions/{theirs.pk}/end/")
    assert other.get("/settings/profile/").status_code == 302
    assert client.get("/settings/sessions/").status_code == 200


@pytest.mark.django_db(transaction=True)  # allauth tells of a new factor after the commit
def test_authenticator_app_guards_the_next_sign_in(client: Client, owner: User) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import (
        format_hotp_value,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    password = {"login": owner.email, "password": "correct horse battery"}
    client.post("/accounts/login/", password)
    prove_again(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'data-copy-target="source">([A-Z2-7]+)<', page).group(1)  # type: ignore[union-attr]

    def code() -> str:
        return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))

    assert client.post("/accounts/2fa/totp/activate/", {"code": code()}).status_code == 302
    stored = Authenticator.objects.get(user=owner, type="totp")
    assert secret not in str(stored.data)
    assert AuditEntry.objects.filter(action="totp.activated").exists()

    cache.clear()  # the code was just used; a second use in its time is refused
    fresh = Client()
    step = fresh.post("/accounts/login/", password)
    assert step["Location"] == "/accounts/2fa/authenticate/"
    assert fresh.get("/settings/profile/").status_code == 302
    assert "One more step" in fresh.get("/accounts/2fa/authenticate/").content.decode()
    assert fresh.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert fresh.post("/accounts/2fa/authenticate/", {"code": code()}).status_code == 302
    assert fresh.get("/settings/profile/").status_code == 200

    cache.clear()
    codes = client.get("/accounts/2fa/recovery-codes/").content.decode()
    recovery = re.search(r'data-copy-target="source">(\d{8})', codes)
    assert recovery
    with_code = Client()
    with_code.post("/accounts/login/", password)
    assert (
        with_code.post("/accounts/2fa/authenticate/", {"code": recovery.group(1)}).status_code
        == 302
    )
    assert with_code.get("/settings/profile/").status_code == 200
