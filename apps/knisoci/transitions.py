"""The one table of target states. Services, the engine, the API and the docs all read it here.

A move is a compare-and-set in the database: `move` changes a row only when it still stands where
the caller believes, so two people, a person and a worker, or a stale worker and a fresh one cannot
both win.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet, TextChoices
from django.utils import timezone

from apps.knisoci.errors import IllegalMove

if TYPE_CHECKING:
    from apps.knisoci.models import Target


class TargetState(TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    SCHEDULED = "scheduled", "Scheduled"
    CLAIMED = "claimed", "Being prepared"
    PUBLISHING = "publishing", "Publishing"
    PUBLISHED = "published", "Published"
    UNKNOWN = "unknown", "Checking with the network"
    UNCONFIRMED = "unconfirmed", "Needs your check"
    FAILED = "failed", "Failed"
    HELD = "held", "Held"
    MISSED = "missed", "Missed"
    CANCELLED = "cancelled", "Cancelled"


S = TargetState

LEGAL: dict[TargetState, frozenset[TargetState]] = {
    S.DRAFT: frozenset({S.IN_REVIEW, S.APPROVED, S.SCHEDULED, S.CANCELLED}),
    S.IN_REVIEW: frozenset({S.DRAFT, S.APPROVED, S.CANCELLED}),
    S.APPROVED: frozenset({S.DRAFT, S.SCHEDULED, S.CANCELLED}),
    # FAILED: its job was given up before it began.
    # PUBLISHED, here and below: a thread that is partly out ends there when its rest is given up.
    S.SCHEDULED: frozenset(
        {S.DRAFT, S.CLAIMED, S.HELD, S.MISSED, S.CANCELLED, S.FAILED, S.PUBLISHED}
    ),
    # A claim is given back when the account is busy or has to wait, and ends where a check says no.
    S.CLAIMED: frozenset({S.SCHEDULED, S.PUBLISHING, S.HELD, S.MISSED, S.FAILED, S.PUBLISHED}),
    S.PUBLISHING: frozenset({S.PUBLISHED, S.UNKNOWN, S.UNCONFIRMED, S.SCHEDULED, S.HELD, S.FAILED}),
    # Out of doubt only by the network's own answer, or into a person's hands.
    S.UNKNOWN: frozenset({S.PUBLISHED, S.UNCONFIRMED, S.PUBLISHING, S.SCHEDULED, S.HELD, S.FAILED}),
    S.UNCONFIRMED: frozenset({S.PUBLISHED, S.SCHEDULED, S.UNKNOWN, S.FAILED}),
    S.FAILED: frozenset({S.DRAFT, S.SCHEDULED, S.CANCELLED}),
    S.HELD: frozenset({S.DRAFT, S.SCHEDULED, S.MISSED, S.CANCELLED, S.PUBLISHED}),
    S.MISSED: frozenset({S.DRAFT, S.SCHEDULED, S.CANCELLED}),
    S.CANCELLED: frozenset({S.DRAFT, S.SCHEDULED}),
    S.PUBLISHED: frozenset({S.SCHEDULED}),  # only to send the missing parts of a thread
}

EDITABLE = frozenset(
    {S.DRAFT, S.IN_REVIEW, S.APPROVED, S.SCHEDULED, S.FAILED, S.HELD, S.MISSED, S.CANCELLED}
)
# Where a person may choose a (new) time.
SCHEDULABLE = EDITABLE - {S.IN_REVIEW}
IN_FLIGHT = frozenset({S.CLAIMED, S.PUBLISHING, S.UNKNOWN})
WAITING = frozenset({S.SCHEDULED, S.HELD})
NEEDS_ATTENTION = frozenset({S.FAILED, S.HELD, S.MISSED, S.UNCONFIRMED})


def sources(to: TargetState) -> frozenset[TargetState]:
    """The states from which `to` may be reached."""
    return frozenset(state for state, targets in LEGAL.items() if to in targets)


def move(
    target: Target,
    to: TargetState,
    *,
    only_from: Iterable[TargetState] | None = None,
    at_revision: int | None = None,
    **changes: Any,
) -> bool:
    """Move `target` to `to` where that is legal; False when the row stands elsewhere by now.

    `only_from` narrows the legal sources; naming an illegal one is a bug and raises IllegalMove.
    With `at_revision` the row must also still carry it. `changes` are written in the same UPDATE, and
    `target` is brought up to date in memory. One statement, no lock held afterwards.
    """
    allowed = sources(to)
    wanted = frozenset(only_from) if only_from is not None else allowed
    if not wanted <= allowed:
        illegal = ", ".join(sorted(wanted - allowed))
        raise IllegalMove(f"No such move: {illegal} to {to}.")
    rows = type(target)._default_manager.filter(pk=target.pk, state__in=wanted)
    if at_revision is not None:
        rows = rows.filter(revision=at_revision)
    changes |= {"state": to, "updated_at": timezone.now()}
    if not rows.update(**changes):
        return False
    for name, value in changes.items():
        setattr(target, name, value)
    return True


def move_all(
    rows: QuerySet[Target], *, only_from: TargetState, to: TargetState, **changes: Any
) -> int:
    """Move every row of `rows` that stands in `only_from`, in one statement; returns how many."""
    if to not in LEGAL[only_from]:
        raise IllegalMove(f"No such move: {only_from} to {to}.")
    return rows.filter(state=only_from).update(state=to, updated_at=timezone.now(), **changes)


def derived(states: Iterable[str]) -> str:
    """One word for a post out of its targets' states: the one that most wants to be seen."""
    present = set(states)
    return next((state for state in _BY_WEIGHT if state in present), S.DRAFT)


_BY_WEIGHT = (
    S.UNCONFIRMED,
    S.FAILED,
    S.MISSED,
    S.HELD,
    S.UNKNOWN,
    S.PUBLISHING,
    S.CLAIMED,
    S.SCHEDULED,
    S.IN_REVIEW,
    S.APPROVED,
    S.DRAFT,
    S.PUBLISHED,
    S.CANCELLED,
)


def as_mermaid() -> str:
    """The table as a state diagram, for docs/publishing-states.md."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.DRAFT}"]
    for state in S:
        lines += [f"    {state} --> {to}" for to in S if to in LEGAL[state]]
    lines.append(f"    {S.PUBLISHED} --> [*]")
    return "\n".join(lines)
