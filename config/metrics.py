"""What ``/metrics`` shows: this process (django-prometheus), and the installation's due work.

Due work and workspaces are asked from the database at the moment of the scrape: any web process
gives the same answer, so scraping one is enough for them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.db import connection
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

log = logging.getLogger("candy.metrics")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DUE_WORK = """
    SELECT queue, state, count(*),
           coalesce(max(extract(epoch FROM now() - run_at)) FILTER (WHERE run_at <= now()), 0)
    FROM public.workspaces_duework GROUP BY queue, state
"""
WORKSPACES = "SELECT state, count(*) FROM public.workspaces_workspace GROUP BY state"


class InstallationCollector(Collector):
    """Gauges from two small queries on the shared schema."""

    def collect(self) -> Iterator[Metric]:
        work = GaugeMetricFamily(
            "candy_due_work", "Jobs that are alive, by queue and state", labels=["queue", "state"]
        )
        late = GaugeMetricFamily(
            "candy_due_work_oldest_seconds",
            "Age of the oldest job that is due, by queue and state",
            labels=["queue", "state"],
        )
        workspaces = GaugeMetricFamily("candy_workspaces", "Workspaces by state", labels=["state"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(DUE_WORK)
                for queue, state, count, age in cursor.fetchall():
                    work.add_metric([queue, state], count)
                    late.add_metric([queue, state], float(age))
                cursor.execute(WORKSPACES)
                for state, count in cursor.fetchall():
                    workspaces.add_metric([state], count)
        except Exception:
            # The process's own numbers matter most just when the database is away.
            log.warning("due work cannot be counted", exc_info=True)
            return
        yield from (work, late, workspaces)


def render() -> bytes:
    """All numbers as Prometheus text. Several web processes share theirs by
    ``PROMETHEUS_MULTIPROC_DIR``."""
    import os

    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    installation = CollectorRegistry()
    installation.register(InstallationCollector())
    return generate_latest(registry) + generate_latest(installation)
