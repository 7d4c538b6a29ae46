"""Out of doubt: wait until the network has settled, look, look again, then adopt or send again.

A post leaves `unknown` only by the network's own answer. Where it cannot be asked, a person looks.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.integrations.errors import ConnectionLost
from apps.integrations.providers.base import (
    ErrorKind,
    Found,
    NotFound,
    ProviderError,
    PublishProvider,
    Unreadable,
)
from apps.knisoci import content, permissions
from apps.knisoci.errors import InFlight
from apps.knisoci.models import Attempt, Target
from apps.knisoci.services import finding, holding, ledger, outcomes, scheduling, sessions
from apps.knisoci.services.sessions import Session
from apps.knisoci.transitions import TargetState, move
from apps.knisoci.types import PublishTargetOutput
from apps.orchestrator import Landed, NotLanded, OutcomeUnknown, StillUnknown
from apps.workspaces.types import Actor

LOOKS = 2
_BLIND_AFTER = timedelta(seconds=110)  # unreadable that long: tell a person within two minutes
Verdict = Landed | NotLanded | StillUnknown


def reconcile(*, target: UUID, job_id: UUID | None = None) -> Verdict:
    """What became of a publication whose worker died or whose answer got lost.

    Landed: it is settled, whichever way. NotLanded: nothing is out, the job may run. StillUnknown:
    look again later.
    """
    row = finding.get(Target, target)
    if job_id is not None and row.job_id != job_id:
        return Landed(outcomes.report(row, "Another job took this over."))
    attempt = ledger.in_flight(row)
    if attempt is None:
        return NotLanded()  # the worker stopped before it meant to send, or after it was all over
    provider = content.provider_of(row.channel)
    if not ledger.in_doubt(attempt, provider):
        return NotLanded()  # what was begun is safe to begin again
    ledger.take_over(attempt)
    if attempt.state != Attempt.State.UNKNOWN:
        with contextlib.suppress(OutcomeUnknown):
            outcomes.into_doubt(row, attempt, provider, "The worker stopped while sending.")
    if attempt.settle_until and timezone.now() < attempt.settle_until:
        return StillUnknown(retry_at=attempt.settle_until)
    try:
        session = sessions.open_session(row, attempt, stage="reconcile")
    except ConnectionLost as error:
        return Landed(outcomes.unconfirmed(row, attempt, error.message))
    except ProviderError as error:
        return _could_not_look(row, attempt, provider, error)
    with session:
        return _look(row, attempt, session)


def _look(target: Target, attempt: Attempt, session: Session) -> Verdict:
    """One look at the network, which had its time to settle."""
    provider = session.provider
    try:
        answer = session.provider.reconcile(session.context)
    except ProviderError as error:
        if error.kind is ErrorKind.AUTH_EXPIRED:
            error = session.try_refresh() or ProviderError(ErrorKind.TRANSIENT_SAFE, error.message)
        return _could_not_look(target, attempt, provider, error)
    if isinstance(answer, Found):
        if not ledger.is_claimed(attempt, answer.remote_id) and outcomes.adopt(
            target, attempt, answer.remote_id, answer.permalink
        ):
            if target.state == TargetState.PUBLISHING:
                return NotLanded()  # this part is out, and others follow
            return Landed(outcomes.report(target))
        answer = NotFound()  # it is somebody else's post with the same text
    if isinstance(answer, NotFound) and _is_too_late_to_find(attempt, provider):
        answer = Unreadable(f"{provider.name} no longer shows posts of that time.")
    if isinstance(answer, Unreadable):
        reason = answer.reason or f"{provider.name} cannot be asked."
        return Landed(outcomes.unconfirmed(target, attempt, reason))
    looks = attempt.looks + 1
    if looks >= LOOKS:
        outcomes.not_sent(target, attempt)
        return NotLanded()
    again = timezone.now() + max(ledger.settle_time(provider) / 2, timedelta(milliseconds=300))
    ledger.looked(attempt, looks=looks, again_at=again)
    return StillUnknown(retry_at=again)


def _is_too_late_to_find(attempt: Attempt, provider: PublishProvider) -> bool:
    """Whether a post of this attempt may be out although a look does not find it: too long ago."""
    reach = timedelta(seconds=provider.capabilities.publishing.reconcile_seconds)
    return attempt.called_at is not None and timezone.now() - attempt.called_at > reach


def _could_not_look(
    target: Target, attempt: Attempt, provider: PublishProvider, error: ProviderError
) -> Verdict:
    """The question itself failed: ask again for two minutes, then ask a person."""
    since = attempt.called_at or attempt.created_at
    patience = _BLIND_AFTER + ledger.settle_time(provider)
    if error.needs_person or timezone.now() - since > patience:
        return Landed(outcomes.unconfirmed(target, attempt, error.message))
    again = error.retry_at or timezone.now() + timedelta(seconds=2)
    ledger.looked(attempt, looks=attempt.looks, again_at=again)
    return StillUnknown(retry_at=again)


def confirm(
    *, actor: Actor, target: Target | UUID, is_out: bool, permalink: str = ""
) -> PublishTargetOutput:
    """A person looked at an unconfirmed post: it is out, or it is not and goes out now.

    Event post.published or post.scheduled. Raises InFlight when there is nothing to confirm.
    """
    actor.require(permissions.PUBLISH)
    row, attempt = _unconfirmed(target)
    if not is_out:
        scheduling.send_again(actor=actor, target=row)
        return outcomes.report(row)
    if attempt.part:  # its first part is known, so the thread can go on
        with transaction.atomic():
            scheduling.send_again(actor=actor, target=row, parts_done=attempt.part + 1)
        return outcomes.report(row)
    rest = row.parts_total > 1
    why = "The rest was not sent: nobody knows which post it belongs to." if rest else ""
    with transaction.atomic():
        if move(
            row,
            TargetState.PUBLISHED,
            only_from=(TargetState.UNCONFIRMED,),
            remote_id=f"confirmed:{attempt.key}",
            permalink=outcomes.safe_link(permalink.strip()),
            published_at=attempt.called_at or timezone.now(),
            parts_done=1,
            error=why,
            error_code="incomplete" if rest else "",
        ):
            outcomes.tell(row, "post.published", f"Confirmed {holding.name(row)}", actor=actor)
    return outcomes.report(row)


def check_again(*, actor: Actor, target: Target | UUID) -> PublishTargetOutput:
    """Ask the network once more about an unconfirmed post, say after connecting again.

    Raises InFlight when there is nothing to check, or an equal post is on its way.
    """
    actor.require(permissions.PUBLISH)
    row, attempt = _unconfirmed(target)
    try:
        with transaction.atomic():
            Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.UNCONFIRMED).update(
                state=Attempt.State.UNKNOWN, settle_until=timezone.now(), looks=0, finished_at=None
            )
            move(
                row,
                TargetState.UNKNOWN,
                only_from=(TargetState.UNCONFIRMED,),
                job_id=scheduling.enqueue(actor, row, run_at=timezone.now()),
            )
    except IntegrityError:
        raise InFlight("An equal post of this account is on its way. Try again later.") from None
    return outcomes.report(row)


def _unconfirmed(target: Target | UUID) -> tuple[Target, Attempt]:
    row = finding.get(Target, target)
    attempt = row.attempts.order_by("number").last()
    if row.state != TargetState.UNCONFIRMED or attempt is None:
        raise InFlight("There is nothing to confirm: this post's outcome is known.")
    return row, attempt
