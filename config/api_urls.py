"""REST routes of a workspace, below ``/api/v1/w/<slug>/``. One include per app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("apps.workspaces.api.urls")),
    path("", include("apps.orchestrator.api.urls")),
    path("", include("apps.integrations.api.urls")),
    path("", include("apps.media.api.urls")),
    path("", include("apps.knisoci.api.urls")),
]
