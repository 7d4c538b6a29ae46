"""Settings of a workspace, below ``/w/<slug>/settings/``."""

from __future__ import annotations

from django.urls import path

from apps.workspaces.web import views

app_name = "workspaces"
urlpatterns = [
    path("workspace/", views.general, name="general"),
    path("workspace/sandbox/", views.sandbox, name="sandbox"),
    path("workspace/address/", views.change_slug, name="change_slug"),
    path("workspace/delete/", views.delete, name="delete"),
    path("members/", views.member_list, name="members"),
    path("members/invite/", views.invite, name="invite"),
    path("members/leave/", views.leave, name="leave"),
    path("members/<int:membership_id>/role/", views.member_role, name="member_role"),
    path("members/<int:membership_id>/remove/", views.member_remove, name="member_remove"),
    path("members/<int:membership_id>/owner/", views.member_transfer, name="member_transfer"),
    path(
        "invitations/<int:invitation_id>/resend/", views.invitation_resend, name="invitation_resend"
    ),
    path(
        "invitations/<int:invitation_id>/revoke/", views.invitation_revoke, name="invitation_revoke"
    ),
    path("keys/", views.key_list, name="keys"),
    path("keys/<int:key_id>/rotate/", views.key_rotate, name="key_rotate"),
    path("keys/<int:key_id>/revoke/", views.key_revoke, name="key_revoke"),
    path("audit/", views.audit_trail, name="audit"),
]
