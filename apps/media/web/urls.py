from __future__ import annotations

from django.urls import path

from apps.media.web import captions, library, views

app_name = "media"
urlpatterns = [
    path("media/", library.index, name="library"),
    path("media/bulk/", library.bulk, name="bulk"),
    path("media/<uuid:asset>/", library.detail, name="detail"),
    path("media/<uuid:asset>/focus/", library.focus, name="focus"),
    path("media/<uuid:asset>/cover/", library.cover, name="cover"),
    path("media/<uuid:asset>/making/", library.making, name="making"),
    path("media/<uuid:asset>/captions/", captions.edit, name="captions"),
    path("media/<uuid:asset>/captions/upload/", captions.upload, name="captions_upload"),
    path("media/<uuid:asset>/captions/remove/", captions.remove, name="captions_remove"),
    path("media/renditions/<int:rendition>", views.made, name="made"),
    path("media/<uuid:asset>/stream", views.stream, name="stream"),
    path("media/<uuid:asset>/download", views.download, name="download"),
    path("media/<uuid:asset>/captions/<slug:language>.vtt", views.caption, name="caption"),
    path("media/<uuid:asset>/<slug:rendition>", views.image, name="image"),
]
