"""How far a publication is, part by part: the post, the rest of its thread, the first comment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apps.knisoci.models import Attempt, Target, Variant
from apps.knisoci.transitions import TargetState

_S = Attempt.State
LOOKS: dict[str, tuple[str, str, str]] = {  # state: words, tone, icon
    _S.SUCCEEDED: ("Out", "success", "circle-check"),
    _S.OPEN: ("On its way", "info", "loader-circle"),
    _S.UNKNOWN: ("Checking with the network", "warning", "circle-help"),
    _S.UNCONFIRMED: ("Needs your check", "warning", "circle-help"),
    _S.REFUSED: ("Refused", "danger", "circle-x"),
    _S.NOT_SENT: ("Not accepted", "danger", "circle-x"),
    "": ("Not sent yet", "", "clock"),
}


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of a publication with its newest attempt."""

    number: int
    name: str
    text: str
    files: int
    state: str
    permalink: str
    error: str
    note: str  # what the network's adapter wants people to know

    @property
    def chip(self) -> dict[str, str]:
        words, tone, icon = LOOKS[self.state]
        return {"label": words, "tone": tone, "icon": icon}


def attempts_of(targets: Iterable[Target]) -> dict[UUID, list[Attempt]]:
    """Attempts by target, oldest first. One statement."""
    found: dict[UUID, list[Attempt]] = defaultdict(list)
    for row in Attempt.objects.filter(target__in=targets).order_by("part", "occurrence", "number"):
        found[row.target_id].append(row)
    return dict(found)


def parts(variant: Variant, target: Target, attempts: Iterable[Attempt]) -> list[PartRow]:
    """The parts of `target` in the order in which they go out."""
    newest = {row.part: row for row in attempts if row.occurrence == target.occurrence}
    pieces: list[tuple[str, str, int]] = [("Post", variant.text, len(variant.media))]
    for number, piece in enumerate(variant.thread, 2):
        pieces.append((f"Part {number}", str(piece["text"]), len(piece.get("media") or ())))
    if variant.first_comment:
        pieces.append(("First comment", variant.first_comment, 0))
    return [
        _row(number, name, text, files, target, newest.get(number))
        for number, (name, text, files) in enumerate(pieces)
    ]


def _row(number: int, name: str, text: str, files: int, target: Target, attempt: Any) -> PartRow:
    is_out = number < target.parts_done or (target.state == TargetState.PUBLISHED and number == 0)
    state = _S.SUCCEEDED if is_out else (str(attempt.state) if attempt else "")
    permalink = attempt.permalink if attempt else ""
    return PartRow(
        number,
        name,
        text,
        files,
        state,
        permalink or (target.permalink if number == 0 else ""),
        attempt.error if attempt and not is_out else "",
        str(attempt.handles.get("note", "")) if attempt else "",
    )
