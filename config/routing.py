"""Websocket routes. Each lies below ``/ws/w/<slug>/`` and is entered by members only."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

websocket_urlpatterns: list[URLPattern | URLResolver] = []
