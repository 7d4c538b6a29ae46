"""Websocket routes. Each lies below ``/ws/w/<slug>/`` and is entered by members only."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from apps.orchestrator.consumers import EventsConsumer

websocket_urlpatterns: list[URLPattern | URLResolver] = [
    path("ws/w/<slug:workspace>/events", EventsConsumer.as_asgi()),
]
