"""Routes of the installation. Everything of a workspace hangs below ``w/<slug>/``."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("w/<slug:workspace>/", include("config.workspace_urls")),
    path("api/v1/w/<slug:workspace>/", include("config.api_urls")),
    path("api/", include("apps.workspaces.api.public_urls")),
]
