"""Pages of people in a real browser, and passkeys with a virtual authenticator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from apps.accounts.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
PUBLIC = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
OWN = [
    "/new/",
    "/settings/profile/",
    "/settings/security/",
    "/settings/sessions/",
    "/w/acme/settings/workspace/",
    "/w/acme/settings/members/",
    "/w/acme/settings/keys/",
    "/w/acme/settings/audit/",
]


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_pages_are_open_to_everyone_and_fit(
    look: Callable[..., Any], owner: User, viewer: User, theme: str, width: int
) -> None:
    wrong = []
    for user, paths in ((None, PUBLIC), (owner, OWN)):
        for path in paths:
            with look(path, user=user, theme=theme, width=width) as sight:
                # Tall enough that nothing lies beneath the phone's bottom bar while axe looks.
                sight.page.set_viewport_size({"width": width, "height": 2400})
                found = [*sight.serious(), *sight.complaints]
                if sight.overflow() > 0:
                    found.append(f"wider than the window by {sight.overflow()} px")
                wrong += [f"{path}: {problem}" for problem in found]
    assert wrong == []


def test_a_passkey_is_added_and_then_enough_to_sign_in(
    look: Callable[..., Any], live_server: Any, owner: User
) -> None:
    cache.clear()
    with look("/accounts/2fa/webauthn/add/", user=owner) as sight:
        page = sight.page
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        # The test server calls itself 127.0.0.1 or localhost; passkeys need a name.
        page.goto(page.url.replace("127.0.0.1", "localhost"))
        if "/accounts/login/" in page.url:
            page.fill("#id_login", owner.email)
            page.fill("#id_password", "correct horse battery")
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.wait_for_url("**/reauthenticate/**")
        page.fill("#id_password", "correct horse battery")
        page.get_by_role("button", name="Confirm").click()
        page.fill("#id_name", "Laptop")
        page.check("#id_passwordless")
        page.get_by_role("button", name="Add passkey").click()
        page.wait_for_url("**/recovery-codes/**")
        page.context.clear_cookies()
        page.goto(live_server.url.replace("127.0.0.1", "localhost") + "/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/w/acme/**")
