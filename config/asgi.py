"""Entry point of the web process: HTTP by Django, websockets by Channels."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter

from apps.workspaces.tenancy.sockets import workspace_socket_stack
from config.handler import ThreadedHandler
from config.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": ThreadedHandler(),
        "websocket": workspace_socket_stack(URLRouter(websocket_urlpatterns)),
    }
)
