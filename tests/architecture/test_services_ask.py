"""Authorise twice: every service that is called in somebody's name asks whether that one may.

A verb takes `actor` by name (`def schedule(*, actor, …)`) and asks it before anything else, so that
whoever holds nothing is refused whatever else they say. What takes `actor` by position is a part of
verbs (`def announce(actor, …)`): its callers have asked, and no face calls it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

import apps
from apps.errors import PermissionDenied
from apps.workspaces.types import Actor

ROOT = Path(apps.__file__).parent
# Verbs that ask for no permission, each with its reason. A new line is a decision for a review.
FREE = {
    "orchestrator.events.emit": "part of a change, in its transaction; who changes has asked",
    "workspaces.announce.announce": "part of a change, in its transaction; who changes has asked",
    "workspaces.audit.record": "part of a change, in its transaction; who changes has asked",
    "studio.notifications.mark_read": "the person's own",
    "studio.notifications.mark_all_read": "the person's own",
    "workspaces.members.leave": "the person's own membership",
    "workspaces.roles.assignable": "reads, and gives what the actor may hand out",
    "workspaces.roles.check_may_handle": "is itself the question",
}
# What a verb needs to come to its question: it depends on the action that is asked for.
SAID: dict[str, dict[str, Any]] = {
    "orchestrator.jobs.enqueue": {"action": "media.delete_assets"},
    "orchestrator.jobs.enqueue_many": {"action": "media.delete_assets", "inputs": [{}]},
}


def _services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions of all services that take `actor` first, as `app.module.name`."""
    for folder in sorted(ROOT.glob("*/services")):
        name = f"apps.{folder.parent.name}.services"
        for found in pkgutil.walk_packages([str(folder)], f"{name}."):
            module = importlib.import_module(found.name)
            for word, function in vars(module).items():
                own = inspect.isfunction(function) and function.__module__ == module.__name__
                if own and not word.startswith("_") and _first(function) == "actor":
                    yield f"{folder.parent.name}{found.name.removeprefix(name)}.{word}", function


def _first(function: Callable[..., Any]) -> str:
    return next(iter(inspect.signature(function).parameters), "")


def _is_verb(function: Callable[..., Any]) -> bool:
    kind = inspect.signature(function).parameters["actor"].kind
    return kind is inspect.Parameter.KEYWORD_ONLY


VERBS = {name: function for name, function in _services() if _is_verb(function)}
PARTS = {name for name, function in _services() if not _is_verb(function)}


@pytest.mark.parametrize("name", sorted(VERBS.keys() - FREE.keys()))
@pytest.mark.django_db
def test_a_verb_refuses_who_may_nothing(name: str, in_workspace: Any) -> None:
    nobody = Actor("person", in_workspace.pk, 1, "nobody", frozenset())
    verb = VERBS[name]
    wanted = [
        one.name
        for one in inspect.signature(verb).parameters.values()
        if one.default is inspect.Parameter.empty and one.name != "actor"
    ]
    with pytest.raises(PermissionDenied):
        verb(actor=nobody, **{one: MagicMock() for one in wanted} | SAID.get(name, {}))


def test_every_exception_is_still_needed() -> None:
    assert FREE.keys() | SAID.keys() <= VERBS.keys()
    assert len(VERBS) > 100


def test_no_face_calls_a_part_of_a_verb() -> None:
    found = []
    for path in _faces():
        source = path.read_text(encoding="utf-8")
        calls = {".".join(parts) for parts in _called(ast.parse(source))}
        found += [f"{path.relative_to(ROOT)}: {name}" for name in calls & PARTS]
    assert found == [], "Its callers have to ask first: call the verb."


def _faces() -> list[Path]:
    patterns = ("*/web/**/*.py", "*/api/**/*.py", "*/**/consumers.py", "*/**/actions*.py",
                "*/actions/*.py", "*/admin.py")  # fmt: skip
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)})


def _called(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """(app, module, name) of what is used from modules of services."""
    modules: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("apps."):
            words = (node.module or "").split(".")
            for alias in node.names:
                if words[2:] == ["services"]:
                    modules[alias.asname or alias.name] = (words[1], alias.name)
                elif words[2:3] == ["services"]:
                    yield words[1], ".".join(words[3:]), alias.name
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        if node.value.id in modules:
            yield *modules[node.value.id], node.attr


def test_the_search_sees_every_way_to_call() -> None:
    source = (
        "from apps.knisoci.services import scheduling as plans\n"
        "from apps.knisoci.services.holding import release\n"
        "plans.announce(actor, post, targets)\n"
    )
    assert {".".join(one) for one in _called(ast.parse(source))} == {
        "knisoci.scheduling.announce",
        "knisoci.holding.release",
    }
    assert {"knisoci.scheduling.announce", "knisoci.holding.release"} <= PARTS
