"""The one Celery task: it runs jobs. A message is a list of ids; rows in PostgreSQL say the rest."""

from __future__ import annotations

import os
import uuid
from typing import Any

from celery import shared_task, signals
from django.conf import settings
from django.db import close_old_connections

from apps.orchestrator.engine import heartbeat
from apps.workspaces.tenancy import public_context


@shared_task(name="orchestrator.run_jobs", ignore_result=True)
def run_jobs(ids: list[str]) -> None:
    from apps.orchestrator.engine import worker

    close_old_connections()
    try:
        with public_context():
            worker.run_batch([uuid.UUID(one) for one in ids])
    finally:
        close_old_connections()


@signals.worker_shutting_down.connect
def _stop(**kwargs: Any) -> None:
    """SIGTERM: what runs may end by itself for a while; the rest goes back to the table."""
    heartbeat.stop_within(settings.CANDY_WORKER_GRACE_SECONDS)


@signals.worker_process_init.connect
def _fresh_process(**kwargs: Any) -> None:
    """A forked child must not share its parent's connections."""
    from django.db import connections

    connections.close_all()
    os.environ.setdefault("CANDY_WORKER", "1")
