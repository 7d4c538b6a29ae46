"""Pages about workspaces outside of any. Mounted at the root."""

from __future__ import annotations

from django.urls import path

from apps.workspaces.web import public_views as views

app_name = "workspaces_public"
urlpatterns = [
    path("new/", views.new, name="new"),
    path("new/address/", views.check_slug, name="check_slug"),
    path("new/restore/<slug:slug>/", views.restore, name="restore"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("invitations/<str:token>/accept/", views.invitation_accept, name="invitation_accept"),
]
