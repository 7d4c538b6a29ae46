"""Below ``/api/``: what is not of one workspace, and the end of every address that is nothing."""

from __future__ import annotations

from django.urls import path, re_path

from apps.workspaces.api import views
from apps.workspaces.api.base import NothingHere
from apps.workspaces.api.openapi.views import docs, schema

app_name = "api"
urlpatterns = [
    path("v1/me", views.MeView.as_view(), name="me"),
    path("v1/workspaces", views.WorkspacesView.as_view(), name="workspaces"),
    path("schema/", schema, name="schema"),
    path("docs/", docs, name="docs"),
    re_path(r"^.*$", NothingHere.as_view(), name="nothing"),
]
