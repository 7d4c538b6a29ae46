"""Reading back what posts earned: one job per account and moment, growing pauses.

A thread's numbers are those of its first post: sums over parts would count a reader once for each
part read, and cost as many calls. See docs/decisions/0022-parts.md.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from apps.integrations.errors import ConnectionLost
from apps.integrations.models import Connection
from apps.integrations.providers import get as provider_for
from apps.integrations.providers.base import ErrorKind, ProviderError
from apps.integrations.services import connections
from apps.knisoci.models import MetricSnapshot, Target
from apps.knisoci.transitions import TargetState
from apps.knisoci.types import SyncMetricsInput
from apps.orchestrator import Retryable
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

log = logging.getLogger(__name__)
BATCH = 100
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Time after publication at which numbers are read.
STEPS = (_HOUR, 6 * _HOUR, _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY)
SANDBOX_STEPS = (timedelta(seconds=15), _MINUTE, 3 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, *STEPS)
_BUCKET = 10  # seconds; wishes for the same moment share a job


def first_sync_at(target: Target, published_at: datetime) -> datetime:
    return published_at + _steps(target.channel.connection)[0]


def next_sync_at(target: Target, now: datetime) -> datetime | None:
    """The next step after `now`, None a month after publication."""
    published = target.published_at or now
    return next(
        (
            published + step
            for step in _steps(target.channel.connection)
            if published + step > now + timedelta(seconds=5)
        ),
        None,
    )


def plan_sync(connection_id: UUID, at: datetime | None) -> None:
    """One job for all of the account's targets that fall due around `at`. Inside a transaction."""
    if at is None:
        return
    bucket = int(at.timestamp()) // _BUCKET + 1
    orchestrator.enqueue(
        actor=Actor.system(require_workspace()),
        action="knisoci.sync_metrics",
        input=SyncMetricsInput(account=connection_id),
        run_at=datetime.fromtimestamp(bucket * _BUCKET, tz=at.tzinfo),
        priority=200,
        idempotency_key=f"metrics:{connection_id}:{bucket}",
    )


def sync(*, account: UUID) -> int:
    """Read the numbers of the account's targets that are due; returns how many were read.

    Event metrics.updated. A network that is busy is asked again; one that lost us is left alone
    until it is connected again. Raises Retryable.
    """
    connection = Connection.objects.filter(pk=account).first()
    if connection is None or not connection.is_usable:
        return 0
    due = list(
        Target.objects.select_related("channel__connection")
        .filter(
            channel__connection=connection,
            state=TargetState.PUBLISHED,
            next_metrics_at__lte=timezone.now() + timedelta(seconds=1),
        )
        .order_by("next_metrics_at")[:BATCH]
    )
    values = _read(connection, due) if due else {}
    with transaction.atomic():
        _store(due, values)
        if values:
            orchestrator.emit(
                actor=Actor.system(require_workspace()),
                kind="metrics.updated",
                subject=("connection", str(connection.pk)),
                data={"targets": [str(one.pk) for one in due if one.remote_id in values]},
                summary=f"New numbers from {connection.name or connection.handle}",
            )
        upcoming = Target.objects.filter(
            channel__connection=connection, next_metrics_at__isnull=False
        ).aggregate(at=Min("next_metrics_at"))["at"]
        if upcoming is not None:
            plan_sync(connection.pk, max(upcoming, timezone.now()))
    return len(values)


def _read(connection: Connection, targets: list[Target]) -> dict[str, dict[str, int]]:
    """Counters by remote id. When the batch fails as a whole, each is asked alone."""
    wanted = [one.remote_id for one in targets if not one.remote_id.startswith("confirmed:")]

    try:
        opened = connections.session(connection)
        with opened.client:
            return _ask(connection, opened, wanted)
    except ConnectionLost:
        return {}
    except ProviderError as error:
        if error.retryable:
            raise Retryable(error.message, retry_at=error.retry_at) from error
        raise


def _ask(
    connection: Connection, opened: connections.Session, wanted: list[str]
) -> dict[str, dict[str, int]]:
    provider = provider_for(connection.provider)
    credentials = opened.credentials

    def ask(ids: list[str]) -> dict[str, dict[str, int]]:
        return provider.metrics(credentials, opened.account, ids, opened.client)

    try:
        return ask(wanted)
    except ProviderError as error:
        if error.kind is ErrorKind.AUTH_EXPIRED:
            credentials = connections.renew(
                connection=connection, stale=credentials, client=opened.client
            )
            return ask(wanted)
        if error.retryable or error.needs_person:
            raise
        log.warning("Numbers of a batch could not be read", extra={"kind": error.kind})
    found: dict[str, dict[str, int]] = {}
    for one in wanted[:20]:
        try:
            found |= ask([one])
        except ProviderError:
            continue
    return found


def _store(targets: list[Target], values: dict[str, dict[str, int]]) -> None:
    """Snapshots, latest values and the next moment of each target, in two statements."""
    now = timezone.now()
    for target in targets:
        target.next_metrics_at = next_sync_at(target, now)
        if target.remote_id in values:
            target.metrics = _clean(values[target.remote_id])
            target.metrics_at = now
    MetricSnapshot.objects.bulk_create(
        MetricSnapshot(target=target, at=now, values=target.metrics)
        for target in targets
        if target.remote_id in values
    )
    Target.objects.bulk_update(targets, ["metrics", "metrics_at", "next_metrics_at"])


def _clean(values: dict[str, Any]) -> dict[str, int]:
    """Only numbers: a metric that the network stopped must not spoil the others."""
    return {
        str(name): int(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _steps(connection: Connection) -> tuple[timedelta, ...]:
    return SANDBOX_STEPS if connection.is_sandbox else STEPS
