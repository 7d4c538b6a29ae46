"""Below ``/api/v1/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.media.api import views

app_name = "media_api"
urlpatterns = [
    path("assets", views.AssetsView.as_view(), name="assets"),
    path("assets/<uuid:asset_id>", views.AssetView.as_view(), name="asset"),
]
