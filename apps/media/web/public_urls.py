"""Outside of any workspace, at the root."""

from __future__ import annotations

from django.urls import path

from apps.media.web import public

app_name = "media_public"
urlpatterns = [path("m/<str:token>/<str:name>", public.file, name="file")]
