"""Which events become notifications, and for whom. Apps add rules in ``apps/<app>/studio.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.orchestrator.models import Event


def _summary(event: Event) -> str:
    return event.summary or event.kind.replace(".", " ").replace("_", " ").capitalize()


def _nothing(event: Event) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Events of ``kind`` reach every member who holds ``permission``.

    ``title``, ``body`` and ``url`` are made from the event, inside its workspace. ``people`` narrows
    the members to these user ids (None: all). Who did it is left out unless ``tell_actor``.
    """

    kind: str
    permission: str = "workspace.view"
    tone: str = "info"
    title: Callable[[Event], str] = _summary
    body: Callable[[Event], str] = _nothing
    url: Callable[[Event], str] = _nothing
    people: Callable[[Event], Iterable[int] | None] | None = None
    tell_actor: bool = False


_rules: dict[str, Rule] = {}


def register_rule(rule: Rule) -> None:
    """Declare what happens on ``rule.kind``. A kind is declared once."""
    known = _rules.get(rule.kind)
    if known is not None and known != rule:
        raise ValueError(f"Two notification rules for {rule.kind!r}.")
    _rules[rule.kind] = rule


def rule_for(kind: str) -> Rule | None:
    return _rules.get(kind)


def all_rules() -> list[Rule]:
    return sorted(_rules.values(), key=lambda rule: rule.kind)


def forget(kind: str) -> None:
    """Take a rule out again: for tests that declare their own."""
    _rules.pop(kind, None)
