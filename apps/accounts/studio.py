"""A person's own pages in the settings frame."""

from __future__ import annotations

from apps.studio.settings_pages import SettingsPage, register

register(
    SettingsPage(
        "profile",
        "Profile",
        "circle-user-round",
        "accounts:profile",
        group="person",
        order=1,
        match=("account_email",),
    )
)
register(
    SettingsPage(
        "security",
        "Security",
        "shield-check",
        "accounts:security",
        group="person",
        order=2,
        match=("mfa_", "account_change_password", "account_set_password", "socialaccount_"),
    )
)
register(
    SettingsPage(
        "sessions", "Sessions", "monitor-smartphone", "accounts:sessions", group="person", order=3
    )
)
