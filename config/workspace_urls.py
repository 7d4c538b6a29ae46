"""Pages of a workspace, below ``/w/<slug>/``. One include per app, the app label as namespace."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("apps.studio.web.urls")),
    path("", include("apps.orchestrator.web.urls")),
    path("", include("apps.integrations.web.urls")),
    path("", include("apps.media.web.urls")),
    path("", include("apps.knowledge.web.urls")),
    path("", include("apps.agents.web.urls")),
    path("", include("apps.knisoci.web.urls")),
    path("settings/", include("apps.workspaces.web.urls")),
]
