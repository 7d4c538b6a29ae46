"""Telling live screens that there is something to read. Lossy on purpose: only a number travels."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

from channels.layers import get_channel_layer

log = logging.getLogger(__name__)
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_pid = 0


def group_of(workspace_id: int) -> str:
    return f"workspace.{workspace_id}"


def announce(workspace_id: int, sequence: int) -> None:
    """Say that ``sequence`` is there. Returns at once; a lost message is caught up by the screen."""
    layer = get_channel_layer()
    if layer is None:
        return
    message = {"type": "event.written", "sequence": sequence}
    asyncio.run_coroutine_threadsafe(
        _send(layer, group_of(workspace_id), message), _background_loop()
    )


async def _send(layer: Any, group: str, message: dict[str, Any]) -> None:
    try:
        await layer.group_send(group, message)
    except Exception as error:  # Valkey is away: screens look by themselves every few seconds
        log.warning("live.announce_failed", extra={"error": str(error)})


def _background_loop() -> asyncio.AbstractEventLoop:
    """One loop in one thread per process, so that its connection to Valkey is kept."""
    global _loop, _pid
    import os

    with _lock:
        if _loop is None or _pid != os.getpid():  # a forked child has no thread of its own yet
            _loop, _pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="candy-live", daemon=True).start()
        return _loop
