"""Pages of connections, below ``/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "integrations"

urlpatterns = [
    path("channels/pick/<uuid:sign_in_id>/", views.pick, name="pick"),
    path("channels/repair/<uuid:connection_id>/", views.repair, name="repair"),
    path("settings/apps/", views.app_list, name="apps"),
    path("settings/apps/<slug:provider>/", views.app_detail, name="app"),
    path("settings/apps/<slug:provider>/remove/", views.app_remove, name="app_remove"),
]
