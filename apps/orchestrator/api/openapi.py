"""The Action registry, told to the API's description."""

from __future__ import annotations

from typing import Any

from apps.orchestrator import registry
from apps.orchestrator.api.actions import HARMLESS, MAX_INLINE_SECONDS, runs
from apps.orchestrator.api.serializers import input_schema, output_schema
from apps.orchestrator.types import Effect, Face

_EFFECTS = {
    Effect.NONE: "Reads or computes.",
    Effect.IDEMPOTENT: "Safe to repeat.",
    Effect.KEYED: "Acts on the outside, once per key.",
    Effect.CHECKABLE: "Acts on the outside; a lost outcome is looked up before it is repeated.",
    Effect.UNSAFE: "Acts on the outside; a lost outcome is never repeated without a person.",
}


def describe_actions() -> list[dict[str, Any]]:
    """What the API offers, as plain data for ``apps.workspaces.api.openapi.hooks``."""
    return [
        {
            "key": action.key,
            "title": action.title,
            "description": f"{action.summary}\n\n{_EFFECTS[action.effect]} Runs {_how(action)}.",
            "permission": action.permission,
            "effect": action.effect.value,
            "needs_key": action.effect not in HARMLESS,
            "job_only": action.effect not in HARMLESS or action.timeout > MAX_INLINE_SECONDS,
            "input_schema": input_schema(action),
            "output_schema": output_schema(action),
        }
        for action in registry.all_actions(face=Face.API)
    ]


def _how(action: registry.Action) -> str:
    return "inline" if runs(action) == "inline" else f"as a job on the queue `{action.queue}`"
