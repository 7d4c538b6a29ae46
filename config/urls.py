"""Routes of the installation. Everything of a workspace hangs below ``w/<slug>/``."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path

from apps.workspaces.staff.entry import enter

urlpatterns = [
    re_path(r"^admin/w/(?P<slug>[a-z0-9-]{1,48})/(?P<rest>.*)$", enter, name="staff_workspace"),
    path("", include("apps.website.web.urls")),
    path("admin/", admin.site.urls),
    path("staff/", include("apps.orchestrator.web.staff_urls")),
    path("", include("apps.accounts.web.urls")),
    path("", include("apps.workspaces.web.public_urls")),
    path("accounts/", include("allauth.urls")),
    path("connect/", include("apps.integrations.web.callback_urls")),
    path("", include("apps.media.web.public_urls")),
    path("w/<slug:workspace>/", include("config.workspace_urls")),
    path("api/v1/w/<slug:workspace>/", include("config.api_urls")),
    path("api/", include("apps.workspaces.api.public_urls")),
]
