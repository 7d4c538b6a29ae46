"""The live screen's socket: ``/ws/w/<slug>/events?after=<sequence>``.

What travels between processes is only "there is something new". The socket reads rows after the
last sequence it sent, so it never has gaps, whatever the channel layer drops. Each reading asks
again whether this person may still be here and see that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user

from apps.errors import DomainError, NotFound, PermissionDenied
from apps.orchestrator import queries
from apps.orchestrator.engine import live
from apps.workspaces.models import Membership
from apps.workspaces.services import access
from apps.workspaces.tenancy import workspace_context

log = logging.getLogger(__name__)

LOOK_EVERY = 3.0  # seconds: heals lost nudges and notices lost rights well within five
PAUSE = 0.03  # between two readings in a burst
PAGE = 200
LARGEST_INBOUND = 1024  # bytes; the client has nothing to say but pings
INBOUND_PER_10_SECONDS = 20

BAD_REQUEST, FORBIDDEN, TOO_MUCH = 4400, 4403, 4429


class EventsConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.workspace = self.scope["workspace"]
        self.received: deque[float] = deque(maxlen=INBOUND_PER_10_SECONDS)
        self.wake = asyncio.Event()
        self.sender: asyncio.Task[None] | None = None
        self.group = live.group_of(self.workspace.pk)
        await self.accept()
        try:
            self.after = await self._start_at()
        except ValueError:
            await self.close(BAD_REQUEST)
            return
        try:
            await self.channel_layer.group_add(self.group, self.channel_name)
        except Exception as error:  # Valkey is away: looking every few seconds still works
            log.warning("live.join_failed", extra={"error": str(error)})
        self.wake.set()
        self.sender = asyncio.create_task(self._send_forever())

    async def disconnect(self, code: int) -> None:
        if self.sender is not None:
            self.sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.sender
        with contextlib.suppress(Exception):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is expected; who sends much or often is closed."""
        now = time.monotonic()
        is_too_often = len(self.received) == self.received.maxlen and now - self.received[0] < 10.0
        self.received.append(now)
        if is_too_often or len(text_data or bytes_data or "") > LARGEST_INBOUND:
            await self.close(TOO_MUCH)

    async def event_written(self, message: dict[str, Any]) -> None:
        """From the channel layer: rows up to ``sequence`` are there."""
        if message["sequence"] > self.after:
            self.wake.set()

    async def _start_at(self) -> int:
        given = parse_qs(self.scope.get("query_string", b"").decode("latin-1")).get("after")
        if given is None:
            return await database_sync_to_async(self._last_sequence)()
        after = int(given[0])
        if after < 0:
            raise ValueError(after)
        return after

    async def _send_forever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), LOOK_EVERY)
            self.wake.clear()
            try:
                is_more = await self._send_page()
            except DomainError:
                await self.close(FORBIDDEN)
                return
            except Exception as error:  # the database is away for a moment
                log.warning("live.read_failed", extra={"error": str(error).strip()})
                is_more = False
            if is_more:
                self.wake.set()
            await asyncio.sleep(PAUSE)

    async def _send_page(self) -> bool:
        """Send what came after the last one sent; True when there is more."""
        last, lines = await database_sync_to_async(self._read)()
        for line in lines:
            await self.send(json.dumps(line))
        is_full = last - self.after >= PAGE
        self.after = max(self.after, last)
        return is_full

    def _read(self) -> tuple[int, list[dict[str, Any]]]:
        """The next page as this person may see it. Raises a DomainError when they may be here no more."""
        actor = self._actor_now()
        with workspace_context(self.workspace):
            events = queries.events_after(self.after, limit=PAGE)
            last = events[-1].sequence if events else self.after
            return last, [
                queries.event_line(event) for event in events if actor.can(event.permission)
            ]

    def _actor_now(self) -> Any:
        """Session, person and membership as they are at this moment."""
        session_key = self.scope["session"].session_key
        store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        user: Any = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]
        if not user.is_authenticated or user.pk != self.scope["user"].pk:
            raise PermissionDenied("You have signed out.")
        slug = (
            Membership.objects.filter(workspace=self.workspace, user=user)
            .values_list("workspace__slug", flat=True)
            .first()
        )
        try:
            return access.by_person(user=user, slug=slug or "").actor
        except access.Moved:  # cannot be: the slug was read this moment
            raise NotFound("There is no such workspace.") from None

    def _last_sequence(self) -> int:
        with workspace_context(self.workspace):
            return queries.last_sequence()
