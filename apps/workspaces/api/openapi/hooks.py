"""What belongs to the description as a whole: the error's shape, and a route for each action."""

from __future__ import annotations

import re
from typing import Any

from apps.workspaces.api.openapi.inspector import refusals

_ERROR_ITEM = {
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {
        "field": {"type": "string", "description": "Path of the field; empty for the whole."},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "Stable; for programs."},
                "message": {"type": "string", "description": "A sentence; for people."},
                "field": {"type": "string"},
                "params": {"type": "object", "additionalProperties": True},
                "errors": {"type": "array", "items": _ERROR_ITEM},
            },
        }
    },
}
_ACTION_SUFFIX = "/actions/{key}"


def only_rest(endpoints: list[Any]) -> list[Any]:
    """Preprocessing: the versioned API and nothing else."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Postprocessing: the error's component, a slug's shape, one path per action."""
    schemas = result["components"].setdefault("schemas", {})
    schemas["Error"] = _ERROR
    for path in result["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "workspace":
                    parameter["description"] = "Slug of the workspace, as in its address."
    generic = next((path for path in result["paths"] if path.endswith(_ACTION_SUFFIX)), None)
    if generic is not None:
        post = result["paths"].pop(generic)["post"]
        for key, path_item in _action_paths(post, schemas):
            result["paths"][generic.replace("{key}", key)] = path_item
    return result


def _action_paths(post: dict[str, Any], schemas: dict[str, Any]) -> list[tuple[str, Any]]:
    from django.utils.module_loading import import_string

    # By name: the registry lies on a floor above this one.
    describe = import_string("apps.orchestrator.api.openapi.describe_actions")
    found = []
    for action in describe():
        responses = {
            "200": _answer("It ran; its output.", _result(action, schemas)),
            "202": _answer("It runs as a job.", {"$ref": "#/components/schemas/Job"}),
        }
        operation = {
            **post,
            "operationId": "run_" + action["key"].replace(".", "_"),
            "summary": action["title"],
            "description": action["description"],
            "tags": ["actions: " + action["key"].partition(".")[0]],
            "parameters": [_required(p, action) for p in post["parameters"] if p["name"] != "key"],
            "requestBody": {"content": {"application/json": {"schema": _input(action, schemas)}}},
            "responses": {**responses, **refusals(changes=True)},
            "x-permission": action["permission"],
            "x-effect": action["effect"],
        }
        if action["job_only"]:
            del operation["responses"]["200"]
        found.append((action["key"], {"post": operation}))
    return found


def _required(parameter: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    if parameter["name"] != "Idempotency-Key" or not action["needs_key"]:
        return parameter
    return {**parameter, "required": True}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _input(action: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return _put(f"{action['key']}.input", action["input_schema"], schemas)


def _result(action: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    output: dict[str, Any] = {"type": "null"}
    if action["output_schema"] is not None:
        output = _put(f"{action['key']}.output", action["output_schema"], schemas)
    return {
        "type": "object",
        "required": ["action", "output"],
        "properties": {"action": {"const": action["key"]}, "output": output},
    }


def _put(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Make ``schema`` a component; what it defines inside goes along under its name."""
    inner = schema.pop("$defs", {})
    for part, definition in inner.items():
        schemas[f"{name}.{_plain(part)}"] = _moved(definition, name)
    schemas[name] = _moved(schema, name)
    return {"$ref": f"#/components/schemas/{name}"}


def _moved(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {
            key: f"#/components/schemas/{name}.{_plain(inner.rpartition('/')[2])}"
            if key == "$ref" and isinstance(inner, str)
            else _moved(inner, name)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_moved(inner, name) for inner in value]
    return value


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name)
