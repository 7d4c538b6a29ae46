"""When pictures of what was approved are made: soon after it, and again where a browser came later."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from apps.knisoci import previews
from apps.knisoci.models import Approval
from apps.knisoci.types import KeepPreviewInput, RetakePreviewsInput
from apps.media.services import screenshots
from apps.orchestrator import WHEN_IDLE
from apps.orchestrator import queries as jobs
from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Job
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

KEEP, RETAKE = "knisoci.keep_preview", "knisoci.retake_previews"
# Nobody waits for a picture: it may be taken when the rush is over, and after all else (WHEN_IDLE).
_AFTER = timedelta(minutes=5)
_AT_ONCE = 200


def plan(approval: Approval) -> None:
    """Have the picture of a new `approval` made. Inside the caller's transaction."""
    orchestrator.enqueue(
        actor=_system(),
        action=KEEP,
        input=KeepPreviewInput(approval=approval.pk),
        run_at=timezone.now() + _AFTER,
        priority=WHEN_IDLE,
        subject=_subject(approval.pk),
    )


def keep(approval: UUID) -> str:
    """Make the picture of `approval` and say of which kind it is; empty where its post is gone.

    Where something is drawn only, a look for a browser is planned. Raises PageNotDrawn.
    """
    try:
        row = previews.keep(approval)
    finally:
        if previews.drawn_only(limit=1):
            _look_again()
    return row.picture_kind if row is not None else ""


def retake(after: UUID | None = None) -> int:
    """Plan the screenshots of what is drawn only; gives how many. Without a browser: look again later.

    Each is tried once more in its life, so that one which no browser can draw does not come for ever.
    """
    if not screenshots.is_possible():
        if previews.drawn_only(limit=1):
            _look_again()
        return 0
    found = previews.drawn_only(after=after, limit=_AT_ONCE)
    for pk in found:
        orchestrator.enqueue(
            actor=_system(),
            action=KEEP,
            input=KeepPreviewInput(approval=pk),
            priority=WHEN_IDLE,
            idempotency_key=f"retake:{pk}",
            subject=_subject(pk),
        )
    if len(found) == _AT_ONCE:
        orchestrator.enqueue(
            actor=_system(),
            action=RETAKE,
            input=RetakePreviewsInput(after=found[-1]),
            priority=WHEN_IDLE,
        )
    return len(found)


def job_of(approval: Approval) -> Job | None:
    """The newest job that makes its picture. One statement."""
    return jobs.last_job_of(_subject(approval.pk), action=KEEP)


def _look_again() -> None:
    """At the next full hour, once for the workspace, whoever asks."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    orchestrator.enqueue(
        actor=_system(),
        action=RETAKE,
        input=RetakePreviewsInput(),
        run_at=hour,
        priority=WHEN_IDLE,
        idempotency_key=f"retake-previews:{hour:%Y-%m-%dT%H}",
    )


def _subject(approval: UUID) -> tuple[str, str]:
    return ("approval", str(approval))


def _system() -> Actor:
    return Actor.system(require_workspace())
