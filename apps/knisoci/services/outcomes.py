"""What a stage, a look or a check came to: the ledger, the target and one event, in one commit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.integrations.providers.base import ErrorKind, Part, ProviderError, PublishProvider
from apps.integrations.services import connections
from apps.knisoci import content
from apps.knisoci.models import Attempt, Target
from apps.knisoci.services import holding, ledger, metrics, quotas
from apps.knisoci.services.holding import name
from apps.knisoci.transitions import TargetState, move
from apps.knisoci.types import PublishTargetOutput
from apps.orchestrator import Defer, OutcomeUnknown
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

MAX_ATTEMPTS = 10
_AFTERWARDS = timedelta(minutes=10)  # how long we ask for the address of what is out
_SENDING = (TargetState.PUBLISHING, TargetState.UNKNOWN)
_PAUSES = (2, 5, 15, 60, 180, 600, 900)  # seconds after the 1st, 2nd, … attempt that reached nobody


def report(target: Target, message: str = "") -> PublishTargetOutput:
    return PublishTargetOutput(
        state=str(target.state), permalink=target.permalink, message=message or target.error
    )


def published(
    target: Target,
    attempt: Attempt,
    *,
    remote_id: str = "",
    permalink: str = "",
    adopted: bool = False,
) -> PublishTargetOutput:
    """The attempt's part is out, and with the last part the whole target.

    `adopted`: found on the network rather than told by its answer. Event post.published with the
    last part, post.part_published before. Raises IntegrityError when another target owns
    `remote_id`.
    """
    remote_id = remote_id or attempt.handles.get("remote_id", "")
    permalink = safe_link(permalink or attempt.handles.get("permalink", ""))
    with transaction.atomic():
        ledger.close(
            attempt,
            Attempt.State.SUCCEEDED,
            remote_id=remote_id,
            permalink=permalink,
            was_adopted=adopted,
            error="",
            error_code="",
        )
        changes: dict[str, Any] = {"parts_done": attempt.part + 1, "error": "", "error_code": ""}
        if attempt.part == 0:
            now = timezone.now()
            changes |= {
                "remote_id": remote_id,
                "permalink": permalink,
                "published_at": now,
                "next_metrics_at": metrics.first_sync_at(target, now),
            }
        is_last = attempt.part + 1 >= target.parts_total
        if not _advance(
            target, TargetState.PUBLISHED if is_last else TargetState.PUBLISHING, changes
        ):
            return report(target)
        if attempt.part == 0:
            metrics.plan_sync(target.channel.connection_id, target.next_metrics_at)
        if is_last:
            tell(target, "post.published", f"Published {name(target)}", permalink=target.permalink)
        else:
            done = f"{target.parts_done} of {target.parts_total}"
            tell(target, "post.part_published", f"{done} parts of {name(target)} are out")
    return report(target)


def _advance(target: Target, to: TargetState, changes: dict[str, Any]) -> bool:
    """Move `target`, or note the change where it stands there already, as between two parts."""
    if target.state != to:
        return move(target, to, **changes)
    rows = Target.objects.filter(pk=target.pk, state=to)
    if not rows.update(**changes, updated_at=timezone.now()):
        return False
    for field, value in changes.items():
        setattr(target, field, value)
    return True


def safe_link(address: str) -> str:
    """`address` where a browser may go: a server may tell us anything."""
    return address[:500] if address.startswith(("https://", "http://")) else ""


def refused(
    target: Target,
    attempt: Attempt,
    provider: PublishProvider,
    error: ProviderError,
    part: Part | None = None,
) -> PublishTargetOutput:
    """A stage ended in `error`; its kind decides. Raises Defer or OutcomeUnknown where it goes on."""
    if ledger.is_out(attempt):
        return _finish_later(target, attempt, error)
    kind = error.kind
    twin = error.remote_ref if kind is ErrorKind.DUPLICATE else None
    if twin and not ledger.is_claimed(attempt, twin):
        return published(target, attempt, remote_id=twin, adopted=True)
    if kind in (ErrorKind.AMBIGUOUS, ErrorKind.DUPLICATE):
        into_doubt(target, attempt, provider, error.message)
    if kind is ErrorKind.MEDIA_NOT_READY:
        ledger.pause(attempt, refused=True)
        raise Defer(error.retry_at or _soon(3), error.message)
    if error.needs_person or kind is ErrorKind.AUTH_EXPIRED:
        return disconnected(target, attempt, error)
    if kind is ErrorKind.QUOTA_EXHAUSTED and part is not None:
        return _no_room(target, attempt, error, part)
    if kind in (ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED, ErrorKind.TRANSIENT_SAFE):
        return _again_later(target, attempt, error)
    return fail(target, attempt, code=error.code, message=error.message)


def _no_room(
    target: Target, attempt: Attempt, error: ProviderError, part: Part
) -> PublishTargetOutput:
    """The network takes no more for now: by the channel's policy. Raises Defer."""
    ledger.close(
        attempt, Attempt.State.REFUSED, error=error.message[:500], error_code=error.code[:60]
    )
    return quotas.make_room(target, quotas.told(target, error, part))


def _finish_later(target: Target, attempt: Attempt, error: ProviderError) -> PublishTargetOutput:
    """It is out; only its address or the like could not be read. Never a reason to send again."""
    since = attempt.called_at or attempt.created_at
    if (error.retryable or error.ambiguous) and timezone.now() - since < _AFTERWARDS:
        ledger.pause(attempt)
        raise Defer(error.retry_at or _soon(5), error.message)
    return published(target, attempt)


def into_doubt(
    target: Target, attempt: Attempt, provider: PublishProvider, message: str
) -> NoReturn:
    """The call may have been accepted. Event post.unknown, once. Always raises OutcomeUnknown."""
    with transaction.atomic():
        if attempt.state == Attempt.State.UNKNOWN and attempt.settle_until:
            until: datetime = attempt.settle_until
        else:
            until = ledger.doubt(attempt, provider, message=message, code="ambiguous")
        if move(target, TargetState.UNKNOWN, error=message[:500], error_code="ambiguous"):
            tell(target, "post.unknown", f"Checking whether {name(target)} is out")
    raise OutcomeUnknown(message, check_after=max(0.0, (until - timezone.now()).total_seconds()))


def fail(
    target: Target, attempt: Attempt | None, *, code: str, message: str
) -> PublishTargetOutput:
    """A definite no. Event post.failed; post.incomplete where some parts are out already."""
    if target.is_started:
        return incomplete(target, attempt, code=code, message=message)
    with transaction.atomic():
        if attempt is not None:
            ledger.close(attempt, Attempt.State.REFUSED, error=message[:500], error_code=code[:60])
        if move(target, TargetState.FAILED, error=message[:500], error_code=code[:60]):
            tell(target, "post.failed", f"Could not publish {name(target)}: {message}", code=code)
    return report(target)


def incomplete(
    target: Target, attempt: Attempt | None, *, code: str, message: str
) -> PublishTargetOutput:
    """What is out stays out; the rest is not sent unless a person asks for it."""
    why = f"Part {target.parts_done + 1} of {target.parts_total} did not go out: {message}"[:500]
    with transaction.atomic():
        if attempt is not None:
            ledger.close(attempt, Attempt.State.REFUSED, error=message[:500], error_code=code[:60])
        if move(target, TargetState.PUBLISHED, error=why, error_code=code[:60]):
            tell(target, "post.incomplete", f"{name(target)} is not complete: {why}", code=code)
    return report(target)


def not_sent(target: Target, attempt: Attempt) -> None:
    """The network was read and it is not there: due again, with the same key."""
    with transaction.atomic():
        ledger.close(attempt, Attempt.State.NOT_SENT)
        move(target, TargetState.SCHEDULED, only_from=_SENDING, error="", error_code="")


def unconfirmed(target: Target, attempt: Attempt, reason: str) -> PublishTargetOutput:
    """Nobody but a person can tell; never sent again by machine. Event post.unconfirmed."""
    with transaction.atomic():
        ledger.close(attempt, Attempt.State.UNCONFIRMED, error=reason[:500])
        if move(target, TargetState.UNCONFIRMED, error=reason[:500], error_code="unconfirmed"):
            tell(target, "post.unconfirmed", f"Please check whether {name(target)} is out")
    return report(target)


def adopt(target: Target, attempt: Attempt, remote_id: str, permalink: str) -> bool:
    """Take what was found as ours; False when another target turned out to own it."""
    try:
        published(target, attempt, remote_id=remote_id, permalink=permalink, adopted=True)
    except IntegrityError:
        return False
    return True


def give_up(target: Target) -> PublishTargetOutput:
    """The job was given up: failed where nothing can be out, else a person looks."""
    attempt = ledger.in_flight(target)
    message = "Candy could not finish this. The job's history says why."
    if attempt is None:
        return fail(target, None, code="gave_up", message=message)
    provider = content.provider_of(target.channel)
    if ledger.in_doubt(attempt, provider):
        return unconfirmed(target, attempt, message)
    if ledger.is_out(attempt):
        return published(target, attempt)
    return fail(target, attempt, code="gave_up", message=message)


def _again_later(target: Target, attempt: Attempt, error: ProviderError) -> PublishTargetOutput:
    """Nothing was accepted: due again at the network's time or ours, within the late policy."""
    limited = error.kind is not ErrorKind.TRANSIENT_SAFE
    if not limited and attempt.number >= MAX_ATTEMPTS:
        return fail(target, attempt, code=error.code, message=error.message)
    pause = _PAUSES[min(attempt.number, len(_PAUSES)) - 1]
    at = error.retry_at or _soon(pause)
    reason = holding.too_late(target, at) if limited else None
    with transaction.atomic():
        ledger.close(
            attempt, Attempt.State.REFUSED, error=error.message[:500], error_code=error.code[:60]
        )
        if reason is None:
            move(
                target,
                TargetState.SCHEDULED,
                only_from=_SENDING,
                error=error.message[:500],
                error_code=error.code[:60],
            )
    if reason is not None:
        return holding.hold(target, "quota", message=error.message)
    raise Defer(at, error.message)


def disconnected(target: Target, attempt: Attempt, error: DomainError) -> PublishTargetOutput:
    """The account let us go: its posts are held, not failed, and the team is told."""
    ledger.close(
        attempt, Attempt.State.REFUSED, error=error.message[:500], error_code=error.code[:60]
    )
    if isinstance(error, ProviderError):
        connections.report(
            actor=Actor.system(require_workspace()),
            connection=target.channel.connection,
            error=error,
        )
    output = holding.hold(target, "disconnected", message=error.message)
    holding.hold_channel(target.channel, "disconnected", message=error.message)
    return output


def _soon(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def tell(
    target: Target, kind: str, summary: str, *, actor: Actor | None = None, **data: Any
) -> None:
    """Write an event about `target`, in the caller's transaction. Needs `post`, `channel` loaded."""
    orchestrator.emit(
        actor=actor or Actor.system(require_workspace()),
        kind=kind,
        subject=("post", str(target.post_id)),
        data={
            "target": str(target.pk),
            "channel": str(target.channel_id),
            "state": str(target.state),
            **data,
        },
        summary=summary,
    )
