"""A line of the table, and the table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """``is_met`` None: a baseline, measured for comparison."""

    name: str
    value: str
    goal: str = ""
    is_met: bool | None = None


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def render(lines: Sequence[Line]) -> str:
    marks = {True: "met", False: "MISSED", None: ""}
    widths = [
        max(len(row[column]) for row in [(one.name, one.value, one.goal) for one in lines])
        for column in range(3)
    ]
    return "\n".join(
        f"{one.name:<{widths[0]}}  {one.value:>{widths[1]}}  {one.goal:<{widths[2]}}  "
        f"{marks[one.is_met]}".rstrip()
        for one in lines
    )
