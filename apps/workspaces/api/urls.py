"""Below ``/api/v1/w/<slug>/``."""

from __future__ import annotations

from django.urls import path, register_converter

from apps.workspaces.api import views
from apps.workspaces.api.converters import BigIdConverter

register_converter(BigIdConverter, "bigid")

app_name = "workspaces_api"
urlpatterns = [
    path("workspace", views.WorkspaceDetailView.as_view(), name="workspace"),
    path("members", views.MembersView.as_view(), name="members"),
    path("members/<bigid:member_id>", views.MemberView.as_view(), name="member"),
    path("invitations", views.InvitationsView.as_view(), name="invitations"),
    path("invitations/<bigid:invitation_id>", views.InvitationView.as_view(), name="invitation"),
]
