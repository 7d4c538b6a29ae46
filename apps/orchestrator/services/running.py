"""Running an action here and now, in the caller's own process."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from apps.errors import ValidationFailed
from apps.orchestrator import registry
from apps.orchestrator.types import ActionContext
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

Input = BaseModel | dict[str, Any] | None


def run(*, action: str, actor: Actor, input: Input = None) -> Any:
    """Run ``action`` and return its output model (None where it has none).

    Raises UnknownAction, PermissionDenied, ValidationFailed with the field named, and whatever the
    action raises. Nothing is retried.
    """
    found = registry.get(action)
    actor.require(found.permission)
    model = validate_input(found, input)
    return found.function(*arguments(found, context_for(actor), model))


def context_for(actor: Actor) -> ActionContext:
    return ActionContext(actor=actor, workspace=require_workspace())


def arguments(action: registry.Action, ctx: ActionContext, model: BaseModel) -> tuple[Any, ...]:
    """``(ctx, model)``, or ``(ctx,)`` for an action that takes no input."""
    return (ctx,) if action.input_model is registry.NoInput else (ctx, model)


def validate_input(action: registry.Action, given: Input) -> BaseModel:
    """``given`` as the action's input model. Raises ValidationFailed naming the first wrong field."""
    if isinstance(given, action.input_model):
        return given
    if isinstance(given, BaseModel):
        given = given.model_dump(mode="json")
    try:
        return action.input_model.model_validate(given or {})
    except ValidationError as error:
        raise _as_domain_error(error) from error


def _as_domain_error(error: ValidationError) -> ValidationFailed:
    problems = [
        {"field": ".".join(map(str, problem["loc"])), "message": problem["msg"]}
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    first = problems[0]
    name = first["field"] or "input"
    return ValidationFailed(
        f"{name}: {first['message']}", field=first["field"] or None, params={"problems": problems}
    )
