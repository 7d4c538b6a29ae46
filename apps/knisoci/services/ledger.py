"""Writing the attempt ledger. Every write of an attempt names the fence its writer holds."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.http import Exchange
from apps.integrations.providers.base import Part, PublishProvider
from apps.integrations.services import meters
from apps.knisoci import content
from apps.knisoci.models import IN_FLIGHT_ATTEMPTS, Attempt, ReceiptLine, Target
from apps.orchestrator.errors import LeaseLost

_NOT_OUT = (Attempt.State.REFUSED, Attempt.State.NOT_SENT)
CARRIED_OUT = frozenset({"remote_id", "permalink"})
_MEANINGS = {
    200: "Done",
    201: "Created",
    202: "Accepted, being processed",
    206: "Still being processed",
    400: "Refused: the request is not right",
    401: "Refused: access has ended",
    403: "Refused: not allowed",
    404: "Not there",
    409: "Refused: in conflict",
    413: "Refused: too large",
    422: "Refused: the content is not accepted",
    429: "Asked to slow down",
}


def in_flight(target: Target) -> Attempt | None:
    """The target's attempt that is open or in doubt; there is one at most."""
    return target.attempts.filter(state__in=IN_FLIGHT_ATTEMPTS).select_related("connection").first()


def open_attempt(target: Target, part: Part) -> Attempt | None:
    """Commit the intent to send `part`; None while an equal text of this account is in flight.

    The key, and the remote handles known so far, go on from the last attempt with the same content.
    Runs inside the caller's transaction, on a target the caller has locked.
    """
    content_hash = content.digest_of_part(part)
    last = (
        target.attempts.filter(part=part.number, occurrence=target.occurrence)
        .order_by("number")
        .last()
    )
    same = last is not None and last.content_hash == content_hash
    try:
        with transaction.atomic():
            return Attempt.objects.create(
                target=target,
                part=part.number,
                occurrence=target.occurrence,
                number=last.number + 1 if last else 1,
                connection=target.channel.connection,
                content_hash=content_hash,
                key=last.key if last and same else uuid.uuid4(),
                sent_at=last.sent_at if last and same else None,
                handles=_carried(last.handles) if last and same else {},
            )
    except IntegrityError:
        return None


def came_before(target: Target, part: int) -> tuple[dict[str, str], dict[str, str]]:
    """The handles of the target's first part and of the newest one before `part`."""
    out = {
        attempt.part: attempt.handles
        | {"remote_id": attempt.remote_id, "permalink": attempt.permalink}
        for attempt in target.attempts.filter(
            state=Attempt.State.SUCCEEDED, occurrence=target.occurrence, part__lt=part
        )
    }
    return out.get(0, {}), out[max(out)] if out else {}


def take_over(attempt: Attempt) -> Attempt:
    """Make this worker the only one whose writes count. Raises LeaseLost when another was faster."""
    _write(attempt, fence=attempt.fence + 1)
    return attempt


def begin(attempt: Attempt, stage: str, provider: PublishProvider) -> None:
    """Commit that `stage` is about to run, with the earliest moment a silent call is settled."""
    now = timezone.now()
    changes: dict[str, Any] = {"stage": stage, "stage_at": now}
    if stage in provider.mutating_stages:
        changes["sent_at"] = attempt.sent_at or now
        changes["called_at"] = now
        changes["settle_until"] = now + call_timeout() + settle_time(provider)
    _write(attempt, **changes)


def remember(attempt: Attempt, name: str, value: str) -> None:
    """Commit one remote handle the moment it is known; an empty value drops it."""
    handles = {**attempt.handles, name: value}
    if not value:
        del handles[name]
    _write(attempt, handles=handles)


def done(attempt: Attempt, stage: str, handles: dict[str, str]) -> None:
    _write(
        attempt,
        stage_at=None,
        stages_done=[*attempt.stages_done, stage],
        handles={**attempt.handles, **handles},
    )


def pause(attempt: Attempt, *, refused: bool = False) -> None:
    """The stage waits for the network, or was `refused` for now; nothing is on the air."""
    _write(attempt, stage_at=None, **({"stage": ""} if refused else {}))


def can_stop(attempt: Attempt, stage: str, provider: PublishProvider) -> bool:
    """Whether `stage` may still be left out because somebody stopped publishing.

    Not once the network has named the post, nor while it works on what it was told to publish.
    """
    if is_out(attempt):
        return False
    if stage in provider.mutating_stages:
        return attempt.stage != stage
    return not provider.mutating_stages.intersection(attempt.stages_done)


def doubt(attempt: Attempt, provider: PublishProvider, *, message: str, code: str) -> datetime:
    """Nobody knows whether it went out; returns when the network may be asked."""
    until = timezone.now() + settle_time(provider)
    _write(
        attempt,
        state=Attempt.State.UNKNOWN,
        settle_until=until,
        looks=0,
        error=message[:500],
        error_code=code[:60],
    )
    return until


def looked(attempt: Attempt, *, looks: int, again_at: datetime) -> None:
    _write(attempt, looks=looks, settle_until=again_at)


def close(attempt: Attempt, state: Attempt.State, **changes: Any) -> None:
    """End the attempt. Raises IntegrityError when `remote_id` belongs to another attempt.

    What did not go out does not count against the network's quotas.
    """
    _write(attempt, state=state, stage_at=None, finished_at=timezone.now(), **changes)
    provider = providers.of_row(attempt.connection.provider)
    if state in _NOT_OUT and provider.capabilities.quotas:
        meters.give_back(attempt.connection, str(attempt.key))


def is_claimed(attempt: Attempt, remote_id: str) -> bool:
    """Whether another intent of this account has adopted `remote_id`."""
    return (
        Attempt.objects.filter(connection_id=attempt.connection_id, remote_id=remote_id)
        .exclude(target_id=attempt.target_id, part=attempt.part, occurrence=attempt.occurrence)
        .exists()
    )


def in_doubt(attempt: Attempt, provider: PublishProvider) -> bool:
    """Whether a call that publishes may have been on the air when the last worker stopped."""
    return attempt.state == Attempt.State.UNKNOWN or (
        attempt.stage_at is not None
        and attempt.stage in provider.mutating_stages
        and not is_out(attempt)
    )


def is_out(attempt: Attempt) -> bool:
    """Whether the network has named the post already: it is never sent again."""
    return bool(attempt.handles.get("remote_id"))


def record(attempt: Attempt, exchange: Exchange, *, stage: str) -> None:
    """One line on the receipt."""
    ReceiptLine.objects.create(
        target_id=attempt.target_id,
        attempt=attempt,
        at=exchange.at,
        stage=stage,
        method=exchange.method,
        endpoint=exchange.url[:500],
        status=exchange.status,
        ms=exchange.elapsed_ms,
        meaning=meaning(exchange),
        request=exchange.request,
        response=exchange.response,
        response_bytes=exchange.response_bytes,
    )


def meaning(exchange: Exchange) -> str:
    """A call's result in plain words."""
    if exchange.status is None:
        return {
            "outbound.unreachable": "Could not connect; nothing was sent",
            "outbound.refused": "Not sent: the address is not allowed",
        }.get(exchange.error, "No answer came back")
    if exchange.status >= 500:
        return "The network had a fault"
    return _MEANINGS.get(exchange.status, "Done" if exchange.status < 400 else "Refused")


def settle_time(provider: PublishProvider) -> timedelta:
    """How long a silent call may still arrive at this network."""
    return timedelta(seconds=provider.settle_seconds * settings.CANDY_SETTLE_SCALE)


def call_timeout() -> timedelta:
    return timedelta(seconds=settings.CANDY_PUBLISH_TIMEOUT)


def _carried(handles: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in handles.items() if name not in CARRIED_OUT}


def _write(attempt: Attempt, **changes: Any) -> None:
    rows = Attempt.objects.filter(
        pk=attempt.pk, fence=attempt.fence, state__in=IN_FLIGHT_ATTEMPTS
    ).update(**changes)
    if not rows:
        raise LeaseLost
    for name, value in changes.items():
        setattr(attempt, name, value)
