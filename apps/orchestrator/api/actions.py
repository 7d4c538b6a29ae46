"""Every action of the registry, by REST."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel
from rest_framework.request import Request

from apps.errors import ValidationFailed
from apps.orchestrator import registry
from apps.orchestrator import services as orchestrator
from apps.orchestrator.api.serializers import (
    ActionOut,
    ActionResult,
    ActionRunQuery,
    present_action,
    present_job_model,
)
from apps.orchestrator.errors import UnknownAction
from apps.orchestrator.types import Effect, Face
from apps.workspaces import permissions
from apps.workspaces.api import Reply, WorkspaceView, operation
from apps.workspaces.api.idempotency import HEADER, KeyRequired
from apps.workspaces.tenancy import reverse

HARMLESS = frozenset({Effect.NONE, Effect.IDEMPOTENT})
INLINE_SECONDS = 60  # what runs inline unless asked otherwise
MAX_INLINE_SECONDS = 180  # what may be asked to


class ActionList(BaseModel):
    data: list[ActionOut]


class ActionsView(WorkspaceView):
    @operation("List the actions that I may run", permission=permissions.VIEW, returns=ActionList)
    def get(self, request: Request) -> dict[str, Any]:
        offered = [
            action
            for action in registry.all_actions(face=Face.API)
            if self.actor.can(action.permission)
        ]
        return {"data": [present_action(action, runs=runs(action)) for action in offered]}


class ActionView(WorkspaceView):
    @operation(
        "Run an action",
        query=ActionRunQuery,
        returns=ActionResult,
        in_transaction=False,
        description=(
            "Answers 200 with the output, or 202 with the job where the action is long or acts on "
            "the outside. Actions that act on the outside need an Idempotency-Key."
        ),
    )
    def post(self, request: Request, *, key: str, query: ActionRunQuery) -> Any:
        action = offered(key)
        self.actor.require(action.permission)
        model = read_input(action, request.data)
        if mode(action, query.mode) == "inline":
            output = orchestrator.run(action=key, actor=self.actor, input=model)
            shown = None if output is None else output.model_dump(mode="json")
            return {"action": key, "output": shown}
        name = request.headers.get(HEADER)
        if name is None and action.effect not in HARMLESS:
            raise KeyRequired(f"This action acts on the outside: send an {HEADER} header.")
        job = orchestrator.enqueue(
            actor=self.actor, action=key, input=model, idempotency_key=self._job_key(key, name)
        )
        place = reverse("orchestrator_api:job", kwargs={"job_id": job.pk})
        return Reply(present_job_model(job), 202, {"Location": place})

    def rate_kind(self, declared: str, captured: dict[str, Any]) -> str:
        action = registry.find(captured.get("key", ""))
        return "ai" if action is not None and action.queue == "ai" else declared

    def _job_key(self, action: str, name: str | None) -> str | None:
        """One job for one key of one caller, also where the answer to the first POST was lost."""
        if name is None:
            return None
        return "api:" + hashlib.sha256(f"{self.caller}\n{action}\n{name}".encode()).hexdigest()


def offered(key: str) -> registry.Action:
    """The action ``key`` where the API offers it. Raises UnknownAction."""
    action = registry.get(key)
    if Face.API not in action.faces:
        raise UnknownAction(f"There is no action “{key}”.", params={"action": key})
    return action


def runs(action: registry.Action) -> str:
    """Inline where it is quick and nothing outside can be left in doubt; else a job."""
    quick = action.queue == "default" and action.timeout <= INLINE_SECONDS
    return "inline" if quick and action.effect in HARMLESS else "job"


def mode(action: registry.Action, asked: str) -> str:
    """How it runs. Raises ValidationFailed for an inline run that could be left in doubt."""
    if asked == "auto":
        return runs(action)
    if asked == "inline" and (action.effect not in HARMLESS or action.timeout > MAX_INLINE_SECONDS):
        raise ValidationFailed("This action runs as a job only.", field="mode")
    return asked


def read_input(action: registry.Action, data: Any) -> BaseModel:
    """``data`` as the action's input. Raises pydantic's error, or ValidationFailed for a field that
    the action does not know."""
    if not isinstance(data, dict):
        raise ValidationFailed("Send a JSON object.")
    model = action.input_model
    known = set(model.model_fields) | {
        field.alias for field in model.model_fields.values() if field.alias
    }
    for name in data:
        if name not in known:
            raise ValidationFailed(f"This action takes no “{name}”.", field=name)
    return model.model_validate(data)
