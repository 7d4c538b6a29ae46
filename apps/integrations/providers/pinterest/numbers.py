"""Pinterest's counters: two lists of names, one for pins with a video and one for the others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import Capabilities, ErrorKind, ProviderError
from ..capabilities import MetricDef
from .client import PinterestApi

# The longest that Pinterest looks back.
WINDOW = timedelta(days=89)


def read(
    api: PinterestApi, pins: Collection[str], facts: Capabilities
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for pin_id in pins:
        pin = api.pin(pin_id)
        if pin is None:
            continue
        kind = str((pin.get("media") or {}).get("media_type") or "image")
        wanted = names_for(facts, "video" if kind == "video" else "image")
        found[pin_id] = _counters(api, pin_id, wanted)
    return found


def names_for(facts: Capabilities, shape: str) -> list[MetricDef]:
    """The live metrics of this kind of pin; a name of the other list spoils the call."""
    today = datetime.now(UTC).date()
    return [one for one in facts.live_metrics(today) if not one.formats or shape in one.formats]


def _counters(api: PinterestApi, pin_id: str, wanted: list[MetricDef]) -> dict[str, int]:
    try:
        return _ask(api, pin_id, wanted)
    except ProviderError as error:
        if error.kind is not ErrorKind.VALIDATION or len(wanted) < 2:
            raise
    together: dict[str, int] = {}
    for one in wanted:  # a name has died since: the others still count
        try:
            together |= _ask(api, pin_id, [one])
        except ProviderError as error:
            if error.kind is not ErrorKind.VALIDATION:
                raise
    return together


def _ask(api: PinterestApi, pin_id: str, wanted: list[MetricDef]) -> dict[str, int]:
    today = datetime.now(UTC).date()
    answer = api.analytics(
        pin_id,
        start=(today - WINDOW).isoformat(),
        end=today.isoformat(),
        names=",".join(one.remote for one in wanted),
    )
    # Comments and reactions come for the lifetime only, the rest at least as a sum of the window.
    values: dict[str, Any] = {
        **(answer.get("summary_metrics") or {}),
        **(answer.get("lifetime_metrics") or {}),
    }
    return {
        one.name: round(values[one.remote])
        for one in wanted
        if isinstance(values.get(one.remote), int | float)
    }
