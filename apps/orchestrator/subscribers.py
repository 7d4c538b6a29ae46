"""Who wants to hear of events. Subscribers are called in order of sequence, at least once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from apps.orchestrator.models import Event

Handler = TypeVar("Handler", bound=Callable[["Event"], None])


@dataclass(frozen=True, slots=True)
class Subscriber:
    """``kinds`` are event kinds; ``post.*`` takes all that begin with ``post.``, ``*`` all."""

    name: str
    kinds: tuple[str, ...]
    handler: Callable[[Event], None]

    def wants(self, kind: str) -> bool:
        return any(
            wanted in ("*", kind) or (wanted.endswith(".*") and kind.startswith(wanted[:-1]))
            for wanted in self.kinds
        )


_subscribers: dict[str, Subscriber] = {}


def subscriber(name: str, kinds: Iterable[str] = ("*",)) -> Callable[[Handler], Handler]:
    """Call ``handler(event)`` inside the event's workspace, in its own transaction.

    ``name`` is the subscriber's cursor in the database: renaming starts it anew at the present.
    """

    def declare(handler: Handler) -> Handler:
        known = _subscribers.get(name)
        if known is not None and known.handler.__qualname__ != handler.__qualname__:
            raise ValueError(f"Two subscribers are named {name!r}.")
        _subscribers[name] = Subscriber(name, tuple(kinds), handler)
        return handler

    return declare


def all_subscribers() -> list[Subscriber]:
    return sorted(_subscribers.values(), key=lambda one: one.name)


def forget(name: str) -> None:
    """Take a subscriber out again: for tests that declare their own."""
    _subscribers.pop(name, None)
