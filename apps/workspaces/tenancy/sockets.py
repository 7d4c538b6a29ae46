"""Websockets of a workspace: same door as pages.

A consumer finds ``scope["workspace"]``, ``scope["membership"]`` and ``scope["actor"]``. Each of its
database hops enters the workspace itself, with ``workspace_context``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings

from apps.errors import DomainError
from apps.workspaces.services import access


class WorkspaceSocketMiddleware:
    """Refuses everyone but members, before the handshake is accepted."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        parts = scope["path"].split("/")
        if len(parts) < 5 or parts[1:3] != ["ws", "w"] or not scope["user"].is_authenticated:
            return await WebsocketDenier()(scope, receive, send)
        try:
            entry = await database_sync_to_async(access.by_person)(
                user=scope["user"], slug=parts[3]
            )
        except (DomainError, access.Moved):
            return await WebsocketDenier()(scope, receive, send)
        scope = {
            **scope,
            "workspace": entry.workspace,
            "membership": entry.membership,
            "actor": entry.actor,
        }
        return await self.inner(scope, receive, send)


class SameHostOriginValidator(OriginValidator):
    """The Origin must be the host that is asked: a sibling domain is somebody else's page."""

    def __init__(self, application: Any) -> None:
        super().__init__(application, [])
        self._host = b""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        origin = urlsplit(headers.get(b"origin", b"").decode("latin-1"))
        host = headers.get(b"host", b"").decode("latin-1").lower()
        public = urlsplit(settings.CANDY_PUBLIC_URL).netloc.lower()
        if origin.netloc and origin.netloc.lower() in {host, public}:
            return await self.application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def workspace_socket_stack(inner: Any) -> Any:
    """Origin, then session, then membership."""
    return SameHostOriginValidator(AuthMiddlewareStack(WorkspaceSocketMiddleware(inner)))
