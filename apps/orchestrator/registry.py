"""The Action registry: one declaration, reachable from every face.

A faulty declaration is kept with its problems and reported by a system check, so that all of them
show at once and no process serves with one.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from apps.orchestrator.errors import UnknownAction
from apps.orchestrator.types import FACES_ALL, ActionContext, Concurrency, Effect, Face, Retry

Function = TypeVar("Function", bound=Callable[..., Any])
_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


class NoInput(BaseModel):
    """Input of an action that needs none."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that Candy can do for a workspace."""

    key: str
    title: str
    summary: str
    permission: str
    effect: Effect
    queue: str
    timeout: float
    retry: Retry
    faces: frozenset[Face]
    function: Callable[[ActionContext, Any], Any]
    input_model: type[BaseModel]
    output_model: type[BaseModel] | None
    concurrency: Concurrency | None = None
    cost: Callable[[Any], Any] | None = None
    reconcile: Callable[[ActionContext, Any], Any] | None = None
    undo: str | None = None
    problems: tuple[str, ...] = field(default=(), repr=False)


_actions: dict[str, Action] = {}
_duplicates: dict[str, list[str]] = {}


def action(
    *,
    key: str,
    title: str,
    permission: str,
    summary: str = "",
    effect: Effect = Effect.IDEMPOTENT,
    queue: str = "default",
    timeout: float = 60,
    retry: Retry | None = None,
    concurrency: Concurrency | None = None,
    cost: Callable[[Any], Any] | None = None,
    reconcile: Callable[[ActionContext, Any], Any] | None = None,
    undo: str | None = None,
    faces: Iterable[Face] = FACES_ALL,
) -> Callable[[Function], Function]:
    """Declare ``function(ctx: ActionContext, input: Model) -> Model | None`` as an action.

    ``timeout`` in seconds. ``undo`` is the key of the action that takes it back. ``reconcile``
    is needed for Effect.CHECKABLE: ``(ctx, input) -> Landed | NotLanded | StillUnknown``.
    """

    def declare(function: Function) -> Function:
        input_model, output_model, problems = _models_of(function)
        declared = Action(
            key=key,
            title=title,
            summary=summary or (inspect.getdoc(function) or "").split("\n\n")[0],
            permission=permission,
            effect=effect,
            queue=queue,
            timeout=timeout,
            retry=retry or Retry(),
            faces=frozenset(faces),
            function=function,
            input_model=input_model,
            output_model=output_model,
            concurrency=concurrency,
            cost=cost,
            reconcile=reconcile,
            undo=undo,
            problems=tuple(problems),
        )
        known = _actions.get(key)
        if known is not None and _place(known.function) != _place(function):
            _duplicates.setdefault(key, [_place(known.function)]).append(_place(function))
        _actions[key] = declared
        function.action = declared  # type: ignore[attr-defined]
        return function

    return declare


def get(key: str) -> Action:
    """The action ``key``. Raises UnknownAction."""
    try:
        return _actions[key]
    except KeyError:
        raise UnknownAction(f"There is no action “{key}”.", params={"action": key}) from None


def all_actions(*, face: Face | None = None) -> list[Action]:
    """Every action, or those that ``face`` offers, by key."""
    return sorted(
        (a for a in _actions.values() if face is None or face in a.faces), key=lambda a: a.key
    )


def find(key: str) -> Action | None:
    return _actions.get(key)


def duplicates() -> dict[str, list[str]]:
    return _duplicates


def key_is_valid(key: str) -> bool:
    return _KEY.fullmatch(key) is not None


def forget(key: str) -> None:
    """Take an action out again: for tests that declare their own."""
    _actions.pop(key, None)
    _duplicates.pop(key, None)


def _models_of(
    function: Callable[..., Any],
) -> tuple[type[BaseModel], type[BaseModel] | None, list[str]]:
    """Input and output model out of the annotations, with what is wrong about them."""
    problems: list[str] = []
    try:
        hints = typing.get_type_hints(function)
    except Exception as error:
        return NoInput, None, [f"its annotations cannot be read ({error})"]
    names = list(inspect.signature(function).parameters)
    input_model: Any = NoInput
    if len(names) == 2:
        input_model = hints.get(names[1])
    elif len(names) != 1:
        problems.append("it takes (ctx, input) or (ctx)")
    if not (isinstance(input_model, type) and issubclass(input_model, BaseModel)):
        problems.append("its input is not annotated with a pydantic model")
        input_model = NoInput
    output = hints.get("return")
    if output in (None, type(None)):
        return input_model, None, problems
    if not (isinstance(output, type) and issubclass(output, BaseModel)):
        problems.append("its output is neither a pydantic model nor None")
        output = None
    return input_model, output, problems


def _place(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
