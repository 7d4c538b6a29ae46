"""A person's own pages. Mounted at the root, before allauth's."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from apps.accounts.web import views

app_name = "accounts"
urlpatterns = [
    path("next/", views.next_page, name="next"),
    path("settings/", RedirectView.as_view(pattern_name="accounts:profile"), name="settings"),
    path("settings/profile/", views.profile, name="profile"),
    path("settings/security/", views.security, name="security"),
    path("settings/sessions/", views.session_list, name="sessions"),
    path("settings/sessions/end-others/", views.session_end_others, name="session_end_others"),
    path("settings/sessions/<int:session_id>/end/", views.session_end, name="session_end"),
    # allauth's own lists of the same things
    path("accounts/2fa/", RedirectView.as_view(pattern_name="accounts:security")),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="accounts:security")),
    path("accounts/sessions/", RedirectView.as_view(pattern_name="accounts:sessions")),
]
