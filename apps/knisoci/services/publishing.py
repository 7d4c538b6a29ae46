"""The engine: takes one target from due to published, and always knows how far it got.

Called by the job of a target, as often as it takes. Each call reads the ledger first and goes on
from there. Nothing here holds a transaction while the network is asked.
See docs/decisions/ for the attempt ledger and transitions.py for the states.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.integrations.errors import ConnectionLost
from apps.integrations.providers.base import (
    Content,
    ErrorKind,
    ProviderError,
    PublishProvider,
    Wait,
)
from apps.integrations.services import meters
from apps.knisoci import content
from apps.knisoci.errors import MediaPreparing
from apps.knisoci.models import Attempt, Target
from apps.knisoci.services import (
    budgets,
    finding,
    holding,
    ledger,
    outcomes,
    quotas,
    sessions,
)
from apps.knisoci.services.sessions import Session
from apps.knisoci.transitions import TargetState, move
from apps.knisoci.types import PublishTargetOutput
from apps.orchestrator import Defer
from apps.orchestrator.errors import LeaseLost

log = logging.getLogger(__name__)
_BUSY = timedelta(seconds=3)
_EARLY = timedelta(seconds=1)
_PREPARING = timedelta(seconds=3)


def publish(*, target: UUID, job_id: UUID | None = None) -> PublishTargetOutput:
    """Take `target` as far as it goes now, part after part.

    Raises Defer (it has to wait), OutcomeUnknown (the network did not answer). A job that is no
    longer the target's own does nothing.
    """
    row = finding.get(Target, target)
    if job_id is not None and row.job_id != job_id:
        return outcomes.report(row, "Another job took this over.")
    if row.state in (TargetState.SCHEDULED, TargetState.CLAIMED):
        return _start(row)
    if row.state not in (TargetState.PUBLISHING, TargetState.UNKNOWN):
        return outcomes.report(row)
    attempt = ledger.in_flight(row)
    if attempt is not None:
        return _resume(row, attempt)
    if row.state == TargetState.PUBLISHING and 0 < row.parts_done < row.parts_total:
        return _go_on(row)
    return outcomes.give_up(row)


def _start(target: Target) -> PublishTargetOutput:
    """Claim, prepare, commit the intent, deliver."""
    if target.due_at is not None and target.due_at > timezone.now() + _EARLY:
        raise Defer(target.due_at, "Its time has not come.")
    reason = holding.reason_to_hold(target)
    if reason is not None:
        return holding.hold(target, reason)
    connection = target.channel.connection
    rests = None if connection.is_sandbox else meters.pace(connection)
    if rests is not None:
        raise Defer(rests, "The network asked for a pause, or had as many calls as it takes.")
    if target.state == TargetState.SCHEDULED and not move(
        target, TargetState.CLAIMED, at_revision=target.revision
    ):
        raise Defer(timezone.now() + _EARLY, "It changed just now.")
    try:
        ready = _build(target)
    except DomainError as error:
        return outcomes.fail(target, None, code=error.code, message=error.message)
    for issue in content.issues(target.channel, ready) if not target.is_started else ():
        if issue.level == "error":
            return outcomes.fail(target, None, code=issue.code, message=issue.message)
    if (found := quotas.full(target, ready)) is not None:
        return quotas.make_room(target, found)
    if not target.is_started and budgets.is_over(target, _price(target, ready)):
        return holding.hold(target, "budget")
    return _send_parts(target, _commit_intent(target, ready), ready)


def _price(target: Target, ready: Content) -> Decimal:
    """What it costs now, kept on the target."""
    cost = budgets.price(content.provider_of(target.channel), ready)
    if cost != (target.price_usd or 0):
        Target.objects.filter(pk=target.pk).update(price_usd=cost)
        target.price_usd = cost
    return cost


def _go_on(target: Target) -> PublishTargetOutput:
    """The part before is out, and the worker stopped there."""
    reason = holding.stopped(target)
    if reason is not None:
        return holding.hold(target, reason)
    ready = _build(target)
    return _send_parts(target, _open_next(target, ready), ready)


def _build(target: Target) -> Content:
    """All of it in the network's form. Raises Defer while a video is being made."""
    try:
        return content.build(target.variant, target.channel, wanted="insist")
    except MediaPreparing as error:
        raise Defer(timezone.now() + _PREPARING, error.message) from None


def _commit_intent(target: Target, ready: Content) -> Attempt:
    """State and attempt in one commit, before anything is called. Raises Defer."""
    parts = ready.parts()
    with transaction.atomic():
        won = move(
            target,
            TargetState.PUBLISHING,
            only_from=(TargetState.CLAIMED,),
            parts_total=len(parts),
        )
        attempt = ledger.open_attempt(target, parts[target.parts_done]) if won else None
        if attempt is None:
            transaction.set_rollback(True)
    if attempt is not None:
        return attempt
    if won:  # an equal text of this account is on its way: one after the other
        move(target, TargetState.SCHEDULED, only_from=(TargetState.CLAIMED,))
    raise _busy()


def _open_next(target: Target, ready: Content) -> Attempt:
    """The intent of the next part, while the target stays in publishing. Raises Defer."""
    with transaction.atomic():
        locked = finding.get(Target, target, lock=True)
        if locked.state != TargetState.PUBLISHING or locked.job_id != target.job_id:
            raise LeaseLost
        attempt = ledger.open_attempt(target, ready.parts()[target.parts_done])
    if attempt is None:
        raise _busy()
    return attempt


def _busy() -> Defer:
    return Defer(timezone.now() + _BUSY, "An equal post of this account is on its way.")


def _resume(target: Target, attempt: Attempt) -> PublishTargetOutput:
    """Go on where a worker stopped, unless a call of it may have been on the air."""
    provider = content.provider_of(target.channel)
    ledger.take_over(attempt)
    if ledger.in_doubt(attempt, provider):
        outcomes.into_doubt(target, attempt, provider, "The worker stopped while sending.")
    return _send_parts(target, attempt, None)


def _send_parts(target: Target, attempt: Attempt, ready: Content | None) -> PublishTargetOutput:
    """Deliver the part of `attempt`, then those after it, each with an intent of its own."""
    while True:
        output = _connect_and_deliver(target, attempt, ready)
        if target.state != TargetState.PUBLISHING or target.parts_done >= target.parts_total:
            return output
        reason = holding.stopped(target)
        if reason is not None:
            return holding.hold(target, reason)
        ready = ready or _build(target)
        attempt = _open_next(target, ready)


def _connect_and_deliver(
    target: Target, attempt: Attempt, ready: Content | None
) -> PublishTargetOutput:
    try:
        session = sessions.open_session(target, attempt, ready=ready)
    except ConnectionLost as error:
        return outcomes.disconnected(target, attempt, error)
    except ProviderError as error:
        provider = content.provider_of(target.channel)
        return outcomes.refused(target, attempt, provider, error)
    with session:
        return _deliver(target, attempt, session)


def _deliver(target: Target, attempt: Attempt, session: Session) -> PublishTargetOutput:
    """Run the stages of one part that are left, each stored before and after."""
    provider, refreshed = session.provider, False
    wanted = provider.stages_for(session.context.content, session.context.role)
    stages = [name for name in wanted if name not in attempt.stages_done]
    while stages:
        stage = stages[0]
        mutating = stage in provider.mutating_stages
        if mutating and ledger.is_out(attempt):  # the last worker stopped just after it was named
            ledger.done(attempt, stage, {})
            stages.pop(0)
            continue
        can_stop = ledger.can_stop(attempt, stage, provider)
        if can_stop and (reason := holding.stopped(target)) is not None:
            return _stop(target, attempt, reason)
        if mutating and (found := quotas.take(target, attempt, session.part)) is not None:
            ledger.close(attempt, Attempt.State.NOT_SENT, error=quotas.describe(found))
            return quotas.make_room(target, found)
        ledger.begin(attempt, stage, provider)
        session.recorder.watch(stage, target if can_stop and not mutating else None)
        try:
            result = provider.run_stage(stage, session.context)
        except sessions.Stopped as stop:
            return _stop(target, attempt, stop.reason)
        except ProviderError as error:
            reason_given = error
            if error.kind is ErrorKind.AUTH_EXPIRED and not refreshed:
                refreshed = True
                ledger.pause(attempt, refused=True)
                failed = session.try_refresh()
                if failed is None:
                    continue
                reason_given = failed
            return outcomes.refused(target, attempt, provider, reason_given, session.part)
        except (LeaseLost, DatabaseError):
            raise
        except Exception as error:
            log.exception("A provider broke its contract", extra={"provider": provider.key})
            return outcomes.refused(
                target, attempt, provider, _as_provider_error(error, mutating), session.part
            )
        if isinstance(result, Wait):
            return _wait(target, attempt, provider, result, in_doubt=mutating)
        ledger.done(attempt, stage, dict(result.handles))
        stages.pop(0)
    return outcomes.published(target, attempt)


def _stop(target: Target, attempt: Attempt, reason: str) -> PublishTargetOutput:
    """Somebody pulled the brake before anything could be public. What is uploaded is kept."""
    ledger.close(attempt, Attempt.State.NOT_SENT, error="Publishing was stopped.")
    return holding.hold(target, reason)


def _wait(
    target: Target, attempt: Attempt, provider: PublishProvider, wait: Wait, *, in_doubt: bool
) -> PublishTargetOutput:
    """The network works on it: come back later, but not for ever. Raises Defer."""
    ledger.pause(attempt)
    patience = timedelta(seconds=provider.capabilities.publishing.patience_seconds)
    if timezone.now() - attempt.created_at < patience:
        raise Defer(
            timezone.now() + timedelta(seconds=max(wait.seconds, 0.2)),
            "The network is still working on it.",
        )
    message = "The network has been working on this for very long without an end."
    if ledger.is_out(attempt):
        return outcomes.published(target, attempt)
    if in_doubt:
        return outcomes.unconfirmed(target, attempt, message)
    return outcomes.fail(target, attempt, code="never_ready", message=message)


def _as_provider_error(error: Exception, mutating: bool) -> ProviderError:
    """An adapter's own fault: in doubt where a call may have gone out, else safe to repeat."""
    kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
    return ProviderError(kind, f"Something unexpected happened ({type(error).__name__}).")
