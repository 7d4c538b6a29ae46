from __future__ import annotations

from django.urls import path

from apps.media.web import views

app_name = "media"
urlpatterns = [path("media/<uuid:asset>/<slug:rendition>", views.image, name="image")]
