"""Pages for everybody."""

from __future__ import annotations

from django.urls import path

from apps.website.web import views

app_name = "website"
urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("design/", views.design, name="design"),
]
