"""A declaration that is wrong stops the process at start-up, with all that is wrong named."""

from __future__ import annotations

import pickle
from typing import Any

from django.core.checks import CheckMessage, Error, register

from apps.orchestrator import registry
from apps.orchestrator.types import QUEUES, Effect
from apps.workspaces import permissions


@register("candy")
def check_actions(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = [
        Error(f"Action {key} is declared more than once: {', '.join(places)}.", id="candy.E001")
        for key, places in registry.duplicates().items()
    ]
    for action in registry.all_actions():
        found += [
            Error(f"Action {action.key}: {problem}.", id="candy.E002") for problem in faults(action)
        ]
    return found


def faults(action: registry.Action) -> list[str]:
    """What is wrong with ``action``, a clause each; empty when it is sound."""
    found = list(action.problems)
    if not registry.key_is_valid(action.key):
        found.append("its key is not <app>.<verb> in small letters")
    if not permissions.exists(action.permission):
        found.append(f"the permission {action.permission!r} is declared nowhere")
    if action.queue not in QUEUES:
        found.append(f"the queue {action.queue!r} is none of {', '.join(QUEUES)}")
    if action.effect is Effect.CHECKABLE and action.reconcile is None:
        found.append("its effect is checkable, so it needs reconcile")
    if action.timeout <= 0:
        found.append("its timeout is not positive")
    if action.retry.max_attempts < 1:
        found.append("it allows no attempt")
    if action.undo is not None and registry.find(action.undo) is None:
        found.append(f"undo names {action.undo!r}, which is no action")
    for model in filter(None, (action.input_model, action.output_model)):
        try:
            pickle.dumps(model)
        except Exception:
            found.append(
                f"{model.__qualname__} cannot be pickled: declare it at the top of a module"
            )
    return found
