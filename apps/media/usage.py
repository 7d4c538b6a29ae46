"""Where assets are used. Apps on higher floors say so; the library only asks.

In an app's ``apps.py`` (``ready``) or ``studio.py``: ``usage.register(uses_of)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that uses an asset. ``kind`` as in events' subjects; ``url`` leads there.

    ``is_open``: it will still need the file (a draft, a scheduled post), so the file must stay.
    """

    kind: str
    id: str
    title: str
    url: str = ""
    state: str = ""
    at: datetime | None = None
    is_open: bool = True


# Gets ids, answers the uses of those that are used, in the current workspace. One statement, please.
Finder = Callable[[Sequence[UUID]], Mapping[UUID, Iterable[Use]]]

_finders: list[Finder] = []


def register(finder: Finder) -> Finder:
    """Ask ``finder`` too from now on. Registering it again changes nothing."""
    if finder not in _finders:
        _finders.append(finder)
    return finder


def forget(finder: Finder) -> None:
    """Take one out again: for tests."""
    if finder in _finders:
        _finders.remove(finder)


def of(ids: Sequence[UUID]) -> dict[UUID, list[Use]]:
    """Uses of each of ``ids``, empty lists included."""
    found: dict[UUID, list[Use]] = {one: [] for one in ids}
    if found:
        for finder in _finders:
            for asset, uses in finder(ids).items():
                found.setdefault(asset, []).extend(uses)
    return found
