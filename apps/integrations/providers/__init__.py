"""The registry of providers: every folder beside this file that holds a `provider.py`.

Deleting a folder removes its network; nothing else lists them. What people or addresses name is
looked up with `get`, what a stored row names with `of_row`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from apps.errors import NotFound

from .absent import Absent
from .base import PublishProvider

__all__ = ["UnknownProvider", "all_publishers", "by_callback", "get", "is_here", "of_row"]


class UnknownProvider(NotFound):
    """No provider folder of that name."""

    code = "unknown_provider"


@cache
def _registry() -> dict[str, PublishProvider]:
    found: dict[str, PublishProvider] = {}
    for path in sorted(Path(__file__).parent.glob("*/provider.py")):
        module = import_module(f"{__name__}.{path.parent.name}.provider")
        provider: PublishProvider = module.provider
        if provider.key != path.parent.name or provider.capabilities.provider != provider.key:
            raise RuntimeError(f"{path}: key, folder and capability.json must agree")
        found[provider.key] = provider
    return found


def get(key: str) -> PublishProvider:
    try:
        return _registry()[key]
    except KeyError:
        raise UnknownProvider(f"There is no network called “{key}”.", field="provider") from None


def of_row(key: str) -> PublishProvider:
    """The network that a stored row names. A deleted one is stood in for, see `absent`."""
    return _registry().get(key) or _absent(key)


def is_here(key: str) -> bool:
    return key in _registry()


@cache
def _absent(key: str) -> Absent:
    return Absent(key)


def all_publishers() -> list[PublishProvider]:
    return list(_registry().values())


def by_callback(word: str) -> PublishProvider:
    """The network whose redirect address has `word` in it. Raises UnknownProvider."""
    found = (one for one in all_publishers() if word == (one.callback or one.key))
    return next(found, None) or get(word)
