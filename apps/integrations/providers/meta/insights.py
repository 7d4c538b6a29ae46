"""Reading Graph's insights so that a metric's name that has died spoils nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..base import ErrorKind, ProviderError
from ..capabilities import MetricDef
from .graph import GraphApi, is_gone, rows


def read_insights(api: GraphApi, path: str, metrics: Iterable[MetricDef]) -> dict[str, int]:
    """Values by Candy's names. One call; where it is refused, one call for each name.

    Raises what says something about the connection or the post, never about a name.
    """
    wanted = {metric.remote: metric.name for metric in metrics}
    if not wanted:
        return {}
    try:
        return _ask(api, path, wanted)
    except ProviderError as error:
        if error.kind is not ErrorKind.VALIDATION or is_gone(error):
            raise
    found: dict[str, int] = {}
    for remote, name in wanted.items():
        try:
            found |= _ask(api, path, {remote: name})
        except ProviderError as error:
            if error.kind is not ErrorKind.VALIDATION or is_gone(error):
                raise
    return found


def _ask(api: GraphApi, path: str, wanted: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows(api.get(path, metric=",".join(wanted))):
        name, value = wanted.get(str(row.get("name"))), _value(row)
        if name is not None and value is not None:
            found[name] = value
    return found


def _value(row: dict[str, Any]) -> int | None:
    """The lifetime value, as a number or as a sum over kinds."""
    total = row.get("total_value")
    values = row.get("values") or []
    value = total.get("value") if isinstance(total, dict) else None
    if value is None and values and isinstance(values[-1], dict):
        value = values[-1].get("value")
    if isinstance(value, dict):
        parts = [one for one in value.values() if isinstance(one, int | float)]
        return int(sum(parts))
    return int(value) if isinstance(value, int | float) else None
