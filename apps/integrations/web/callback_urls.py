"""Routes of the installation, outside of any workspace."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "connect"

urlpatterns = [
    path("<slug:provider>/callback", views.callback, name="callback"),
]
