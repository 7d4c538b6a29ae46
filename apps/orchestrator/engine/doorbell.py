"""Ringing for workers through Celery. A message holds ids and nothing that matters."""

from __future__ import annotations

import uuid
from typing import Any, Protocol

from django.conf import settings

MESSAGE_SIZE = 50
SPREAD = 8  # few ids go out as several messages, so that several threads begin at once
HELD_AT_MOST = 400  # messages of a queue that nobody takes; more would be the same ids again


class BrokerAway(Exception):
    """Valkey cannot be reached; what was to be sent stays ready."""


class Doorbell(Protocol):
    def ring(self, queue: str, ids: list[uuid.UUID]) -> None:
        """Tell workers of ``queue`` about ``ids``. Raises BrokerAway."""


class CeleryDoorbell:
    def __init__(self) -> None:
        import redis

        from config.celery import app

        self._app = app
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
        )
        self._errors: tuple[type[Exception], ...] = (
            redis.RedisError,
            app.connection_for_write().connection_errors[0],
            *self._operational(),
        )
        self._producer: Any = None

    def ring(self, queue: str, ids: list[uuid.UUID]) -> None:
        try:
            if self._redis.llen(queue) > HELD_AT_MOST:
                return  # no worker takes them; the leases end and the rows come round again
            with self._app.producer_pool.acquire(block=True) as producer:
                for part in messages(ids):
                    self._app.send_task(
                        "orchestrator.run_jobs",
                        args=[[str(one) for one in part]],
                        queue=queue,
                        retry=False,
                        ignore_result=True,
                        producer=producer,
                    )
        except self._errors as error:
            raise BrokerAway(str(error)) from error

    @staticmethod
    def _operational() -> tuple[type[Exception], ...]:
        from kombu.exceptions import OperationalError

        return (OperationalError, ConnectionError, OSError)


def messages(ids: list[uuid.UUID]) -> list[list[uuid.UUID]]:
    """``ids`` in lists of equal size: at least eight of them where there are so many ids."""
    size = max(1, min(MESSAGE_SIZE, -(-len(ids) // SPREAD)))
    return [ids[start : start + size] for start in range(0, len(ids), size)]
