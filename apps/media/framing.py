"""Which part of a picture to keep, and how large a frame around it is. Pure geometry.

*Attention* is what ``attention.py`` finds once for a picture: ``{"rows": n, "columns": n, "grid":
[row by row, 0 to 1], "keep": [[x, y, width, height, weight], …]}`` with boxes as fractions: faces
first, then what looks like a logo or lettering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apps.media.types import Box, RenditionSpec, VideoSpec

TOLERANCE = 0.01  # of a ratio: less than that nobody sees, and networks round as well
_STEPS = 60
_PULL_TO_MIDDLE = 0.15


def wanted_ratio(width: int, height: int, spec: RenditionSpec | VideoSpec) -> float | None:
    """The ratio to give a picture of this size, None where the one that it has will do."""
    own = width / height
    if spec.ratio is not None:
        low = high = spec.ratio
    else:
        low, high = spec.min_ratio or 0.0, spec.max_ratio or float("inf")
    if own < low * (1 - TOLERANCE):
        return low
    if own > high * (1 + TOLERANCE):
        return high
    return None


def around(width: int, height: int, ratio: float | None) -> tuple[int, int]:
    """The smallest size of that ratio into which the picture fits."""
    if ratio is None:
        return width, height
    if width / height < ratio:
        return round(height * ratio), height
    return width, round(width / ratio)


def crop_box(
    width: int,
    height: int,
    ratio: float,
    *,
    focus: Mapping[str, Any] | None = None,
    attention: Mapping[str, Any] | None = None,
) -> Box:
    """The largest part of that ratio, placed where people have said, or where it keeps most of what
    attracts attention; without either the middle. A focus box of that very ratio is taken as it is.
    """
    own = width / height
    across, down = min(1.0, ratio / own), min(1.0, own / ratio)
    chosen = read_focus(focus)
    if chosen is not None:
        if chosen.height > 0 and abs(chosen.width / chosen.height * own / ratio - 1) < TOLERANCE:
            return chosen
        middle = chosen.x + chosen.width / 2, chosen.y + chosen.height / 2
        return Box(_held(middle[0], across), _held(middle[1], down), across, down)
    best = Box((1 - across) / 2, (1 - down) / 2, across, down)
    if not attention or not isinstance(attention.get("grid"), list):
        return best
    return max(_places(across, down), key=lambda box: _score(box, attention))


def pixels(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom; at least one pixel each way."""
    left, top = round(box.x * width), round(box.y * height)
    return (
        min(left, width - 1),
        min(top, height - 1),
        min(width, max(left + 1, round((box.x + box.width) * width))),
        min(height, max(top + 1, round((box.y + box.height) * height))),
    )


def read_focus(focus: Mapping[str, Any] | None) -> Box | None:
    """A stored focus as a box (a point is one without size); None for what is none."""
    try:
        if focus is None:
            return None
        box = Box(
            float(focus["x"]),
            float(focus["y"]),
            float(focus.get("width") or 0),
            float(focus.get("height") or 0),
        )
    except (KeyError, TypeError, ValueError):
        return None
    is_inside = 0 <= box.x <= 1 and 0 <= box.y <= 1
    is_inside = is_inside and box.x + box.width <= 1.001 and box.y + box.height <= 1.001
    return box if is_inside and box.width >= 0 and box.height >= 0 else None


def _held(middle: float, length: float) -> float:
    return min(1 - length, max(0.0, middle - length / 2))


def _places(across: float, down: float) -> Iterator[Box]:
    """From the middle outwards, so that of equals the more central one wins."""
    order = sorted(range(_STEPS + 1), key=lambda step: abs(step - _STEPS / 2))
    for step in order:
        share = step / _STEPS
        yield Box((1 - across) * share, (1 - down) * share, across, down)


def _score(box: Box, attention: Mapping[str, Any]) -> float:
    rows, columns, grid = attention["rows"], attention["columns"], attention["grid"]
    total = sum(grid) or 1.0
    inside = sum(
        value
        * _overlap(box.x, box.width, number % columns / columns, 1 / columns)
        * _overlap(box.y, box.height, number // columns / rows, 1 / rows)
        for number, value in enumerate(grid)
    )
    kept = 0.0
    for x, y, width, height, weight in attention.get("keep", ()):
        share = _overlap(box.x, box.width, x, width) * _overlap(box.y, box.height, y, height)
        kept += weight * (share if share > 0.98 else share - 1)  # half a face is worse than none
    off = abs(box.x + box.width / 2 - 0.5) + abs(box.y + box.height / 2 - 0.5)
    return inside / total + kept - off * _PULL_TO_MIDDLE


def _overlap(start: float, length: float, other: float, other_length: float) -> float:
    """How much of the other stretch lies in the first, 0 to 1."""
    shared = min(start + length, other + other_length) - max(start, other)
    return max(0.0, min(1.0, shared / other_length)) if other_length else 0.0
