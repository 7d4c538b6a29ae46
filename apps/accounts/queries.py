"""Reads about one person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession

from apps.accounts.models import User


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in. ``device`` is a guess from its user agent."""

    id: int
    device: str
    is_phone: bool
    address: str
    started_at: datetime
    last_seen_at: datetime
    is_current: bool


def sessions(*, user: User, current: str | None) -> list[Session]:
    """Open sessions, this one first, then newest first. Ended ones are tidied away."""
    found = [
        Session(
            id=row.pk,
            device=device_name(row.user_agent),
            is_phone="Mobile" in row.user_agent,
            address=row.ip,
            started_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.session_key == current,
        )
        for row in UserSession.objects.purge_and_list(user)
    ]
    return sorted(found, key=lambda s: (not s.is_current, -s.started_at.timestamp()))


def sign_in_methods(*, user: User) -> dict[str, Any]:
    """All ways in: password, authenticator app, passkeys, recovery codes, other services."""
    rows = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    kinds = Authenticator.Type
    codes = next((row for row in rows if row.type == kinds.RECOVERY_CODES), None)
    return {
        "has_password": user.has_usable_password(),
        "totp": next((row for row in rows if row.type == kinds.TOTP), None),
        "passkeys": [row.wrap() for row in rows if row.type == kinds.WEBAUTHN],
        "recovery_codes": codes.wrap().get_unused_codes() if codes else None,
        "accounts": list(SocialAccount.objects.filter(user=user).order_by("id")),
        "providers": get_adapter().list_providers(None),
    }


_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "Mac"),
    (r"CrOS", "ChromeOS"),
    (r"Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """“Firefox on Linux” out of a user agent; browsers name their ancestors, so order matters."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if re.search(mark, user_agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "An unknown browser"
