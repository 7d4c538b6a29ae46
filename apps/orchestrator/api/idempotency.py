"""Remembers POSTs in the workspace's own schema: see ``apps.workspaces.api.idempotency``."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from apps.orchestrator.models import IdempotentRequest
from apps.workspaces.api.idempotency import Answer, InFlight, Intent, KeyReused

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=120)


class TableStore:
    """One row per request. Its unique constraint decides a race; its token decides who may settle."""

    def claim(self, intent: Intent) -> str | Answer:
        """See ``Store``. At most two rounds: the second follows a row that vanished or grew old."""
        if random.random() < 0.02:
            forget_old()
        for _ in range(3):
            token = uuid4()
            if self._insert(intent, token):
                return str(token)
            row = self._rows(intent).first()
            if row is not None:
                decided = self._decide(intent, row, token)
                if decided is not None:
                    return decided
        raise InFlight("This request is being worked on.", retry_after=1)

    def settle(self, intent: Intent, token: str, answer: Answer) -> bool:
        changed = (
            self._rows(intent)
            .filter(token=token, status=None)
            .update(status=answer.status, body=answer.body, headers=answer.headers)
        )
        return bool(changed)

    def give_up(self, intent: Intent, token: str) -> None:
        self._rows(intent).filter(token=token, status=None).delete()

    def _insert(self, intent: Intent, token: UUID) -> bool:
        now = timezone.now()
        try:
            with transaction.atomic():
                IdempotentRequest.objects.create(
                    caller=intent.caller,
                    route=intent.route,
                    key=intent.key,
                    digest=intent.digest,
                    token=token,
                    lease_until=now + LEASE,
                    created_at=now,
                )
        except IntegrityError:
            return False
        return True

    def _decide(self, intent: Intent, row: IdempotentRequest, token: UUID) -> str | Answer | None:
        """The kept answer, our token where the row is to be taken over, None to look again."""
        now = timezone.now()
        if row.created_at < now - KEPT:
            IdempotentRequest.objects.filter(pk=row.pk, token=row.token).delete()
            return None
        if row.digest != intent.digest:
            raise KeyReused(
                "This Idempotency-Key was used for another request. Use a new one.",
                field="Idempotency-Key",
            )
        if row.status is not None:
            return Answer(row.status, row.body, row.headers)
        if row.lease_until > now:
            wait = (row.lease_until - now).total_seconds()
            raise InFlight(
                "The first request with this key is being worked on.", retry_after=min(wait, 5)
            )
        taken = IdempotentRequest.objects.filter(pk=row.pk, token=row.token, status=None).update(
            token=token, lease_until=now + LEASE
        )
        return str(token) if taken else None

    def _rows(self, intent: Intent) -> models.QuerySet[IdempotentRequest]:
        return IdempotentRequest.objects.filter(
            caller=intent.caller, route=intent.route, key=intent.key
        )


def forget_old(*, limit: int = 500) -> int:
    """Delete requests older than a day, oldest first; returns how many."""
    old = IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT)
    ids = list(old.order_by("created_at").values_list("pk", flat=True)[:limit])
    return IdempotentRequest.objects.filter(pk__in=ids).delete()[0] if ids else 0
