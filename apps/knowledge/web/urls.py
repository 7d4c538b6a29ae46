"""Pages about a brand's knowledge, below ``/w/<slug>/``."""

from __future__ import annotations

from django.urls import path

from apps.knowledge.web import views

app_name = "knowledge"
urlpatterns = [
    path("knowledge", views.listing, name="sources"),
    path("knowledge/list", views.rows, name="source_rows"),
    path("knowledge/add", views.add, name="add"),
    path("knowledge/upload", views.upload, name="upload"),
    path("knowledge/brand", views.brand, name="brand"),
    path("knowledge/sources/<uuid:source_id>", views.detail, name="source"),
    path("knowledge/sources/<uuid:source_id>/state", views.state, name="source_state"),
    path("knowledge/sources/<uuid:source_id>/read", views.read_again, name="source_read"),
    path("knowledge/sources/<uuid:source_id>/stop", views.stop, name="source_stop"),
    path("knowledge/sources/<uuid:source_id>/remove", views.remove, name="source_remove"),
    path("knowledge/pages/<uuid:page_id>", views.page, name="page"),
]
