"""Below ``/api/v1/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.media.api import uploads, views

app_name = "media_api"
urlpatterns = [
    path("assets", views.AssetsView.as_view(), name="assets"),
    path("assets/<uuid:asset_id>", views.AssetView.as_view(), name="asset"),
    path("assets/<uuid:asset_id>/restore", views.RestoreView.as_view(), name="restore"),
    path("assets/<uuid:asset_id>/usage", views.UsageView.as_view(), name="usage"),
    path("assets/<uuid:asset_id>/crop", views.CropView.as_view(), name="crop"),
    path("assets/<uuid:asset_id>/captions", views.CaptionsView.as_view(), name="captions"),
    path(
        "assets/<uuid:asset_id>/captions/<slug:language>",
        views.CaptionView.as_view(),
        name="caption",
    ),
    path("library", views.LibraryView.as_view(), name="library"),
    path("uploads", uploads.UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:upload_id>", uploads.UploadView.as_view(), name="upload"),
    path("uploads/<uuid:upload_id>/parts/<bigid:part>", uploads.PartView.as_view(), name="part"),
    path("uploads/<uuid:upload_id>/finish", uploads.FinishView.as_view(), name="finish"),
]
