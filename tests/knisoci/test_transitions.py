"""Only the moves of the table exist, and only one of two rivals makes one."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from apps.knisoci import transitions
from apps.knisoci.errors import IllegalMove
from apps.knisoci.models import Target
from apps.knisoci.transitions import LEGAL, TargetState, derived, move

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "publishing-states.md"


def test_every_state_stands_in_the_table_and_can_be_reached() -> None:
    assert set(LEGAL) == set(TargetState)
    reached = {to for targets in LEGAL.values() for to in targets}
    assert reached == set(TargetState)
    # What is published stays so, but for the parts of a thread that are missing.
    assert LEGAL[TargetState.PUBLISHED] == frozenset({TargetState.SCHEDULED})


def test_doubt_is_never_left_for_a_state_that_sends_blindly() -> None:
    """From `unknown` a target is never simply draft, cancelled or missed: it may be out there."""
    assert not LEGAL[TargetState.UNKNOWN] & {
        TargetState.DRAFT,
        TargetState.CANCELLED,
        TargetState.MISSED,
        TargetState.CLAIMED,
    }


@pytest.mark.parametrize(("before", "after"), list(product(TargetState, TargetState)))
def test_only_legal_moves_happen(make_target: Any, before: str, after: str) -> None:
    target = make_target("Move me", when=None)
    Target.objects.filter(pk=target.pk).update(
        state=before, due_at="2030-01-01T00:00Z", remote_id="1"
    )
    target.refresh_from_db()
    is_legal = TargetState(after) in LEGAL[TargetState(before)]
    assert move(target, TargetState(after)) is is_legal
    target.refresh_from_db()
    assert target.state == (after if is_legal else before)


def test_naming_an_illegal_source_is_a_bug(make_target: Any) -> None:
    with pytest.raises(IllegalMove):
        move(make_target(when=None), TargetState.DRAFT, only_from=(TargetState.PUBLISHED,))


def test_a_move_against_an_older_revision_is_lost(make_target: Any) -> None:
    target = make_target()
    assert not move(target, TargetState.CLAIMED, at_revision=target.revision - 1)
    assert move(target, TargetState.CLAIMED, at_revision=target.revision)
    assert not move(target, TargetState.CLAIMED, at_revision=target.revision)


def test_a_post_shows_the_state_that_most_wants_to_be_seen() -> None:
    assert derived([]) == "draft"
    assert derived(["published", "failed", "scheduled"]) == "failed"
    assert derived(["published", "scheduled"]) == "scheduled"
    assert derived(["published", "cancelled"]) == "published"


def test_the_diagram_in_the_docs_is_the_table() -> None:
    assert transitions.as_mermaid() in DOCUMENT.read_text()
