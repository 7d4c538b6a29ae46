"""Addresses of the workspace's staff site; see ``entry`` for what stands in front of them."""

from __future__ import annotations

from django.urls import path

from apps.workspaces.staff.sites import workspace_site

urlpatterns = [path("", workspace_site.urls)]
