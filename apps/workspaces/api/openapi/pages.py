"""The description as rows for the docs page: parameters, bodies, examples, a curl line."""

from __future__ import annotations

import json
from typing import Any

_TITLES = {"me": "You", "workspaces": "Your workspaces"}
_FORMATS = {
    "date-time": "2026-03-01T09:00:00Z",
    "uuid": "01960c1e-7f00-7000-8000-000000000000",
    "uri": "https://acme.example/",
    "binary": "@photo.jpg",
}
_PLAIN = {"integer": 1, "number": 0.5, "boolean": True, "null": None, "string": "text"}
_MAX_DEPTH = 6


def sections(description: dict[str, Any]) -> list[dict[str, Any]]:
    """One section for each tag, in the order of the addresses, with its operations."""
    schemas = description["components"]["schemas"]
    found: dict[str, dict[str, Any]] = {}
    for path, item in description["paths"].items():
        for method, operation in item.items():
            tag = operation["tags"][0]
            section = found.setdefault(
                tag, {"id": tag.replace(": ", "-"), "title": _title(tag), "operations": []}
            )
            section["operations"].append(_operation(path, method, operation, schemas))
    return sorted(found.values(), key=lambda section: section["id"].startswith("actions-"))


def _title(tag: str) -> str:
    group, _, name = tag.partition(": ")
    return f"Actions of {name}" if name else _TITLES.get(tag, group.capitalize())


def _operation(
    path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]
) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    nothing: tuple[str, dict[str, Any]] = ("", {})
    kind, body = next(iter(content.items()), nothing)
    schema = resolve(body.get("schema", {}), schemas)
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "permission": operation.get("x-permission", ""),
        "parameters": [_parameter(one) for one in operation.get("parameters", ())],
        "fields": _fields(schema, schemas),
        "curl": _curl(path, method, operation, kind, schema, schemas),
        "answers": _answers(operation, schemas),
    }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "type": type_name(parameter.get("schema", {}), {}),
        "required": parameter.get("required", False),
        "description": parameter.get("description", ""),
        "default": parameter.get("schema", {}).get("default"),
    }


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "type": type_name(field, schemas),
            "required": name in required,
            "description": resolve(field, schemas).get("description", "")
            or field.get("description", ""),
            "limits": _limits(field),
            "default": field.get("default"),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _limits(field: dict[str, Any]) -> str:
    names = {"minLength": "at least", "maxLength": "at most", "minimum": "from", "maximum": "to"}
    for shape in (field, *field.get("anyOf", ())):
        parts = [f"{word} {shape[name]}" for name, word in names.items() if name in shape]
        if parts:
            return ", ".join(parts)
    return ""


def type_name(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A few words for a schema: ``string or null``, ``list of objects``, ``"a" or "b"``."""
    if "enum" in schema:
        return " · ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "$ref" in schema:
        return type_name(resolve(schema, schemas), schemas) if schemas else "object"
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " or ".join(dict.fromkeys(type_name(option, schemas) for option in options))
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {type_name(schema.get('items', {}), schemas)}"
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


def _answers(operation: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    for status, answer in sorted(operation["responses"].items()):
        nothing: dict[str, Any] = {}
        content = next(iter(answer.get("content", {}).values()), nothing)
        shown = ""
        if status.startswith("2") and "schema" in content:
            shown = _pretty(example(content["schema"], schemas))
        found.append(
            {"status": status, "description": answer.get("description", ""), "example": shown}
        )
    return found


def _curl(
    path: str,
    method: str,
    operation: dict[str, Any],
    kind: str,
    schema: dict[str, Any],
    schemas: dict[str, Any],
) -> str:
    lines = [f'curl "$CANDY{path.replace("{workspace}", "acme")}"']
    if method != "get":
        lines[0] = f"curl -X {method.upper()}" + lines[0].removeprefix("curl")
    lines.append('  -H "Authorization: Bearer $CANDY_KEY"')
    if any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", ())):
        lines.append('  -H "Idempotency-Key: $(uuidgen)"')
    if kind == "multipart/form-data":
        lines += [f"  -F {name}=@photo.jpg" for name in schema.get("required", ())]
    elif kind and schema.get("properties"):
        required = set(schema.get("required", ())) or set(list(schema["properties"])[:1])
        data = {n: v for n, v in example(schema, schemas).items() if n in required}
        lines += ['  -H "Content-Type: application/json"', f"  -d '{json.dumps(data)}'"]
    return " \\\n".join(lines)


def resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """``schema``, or the component that it refers to."""
    reference = schema.get("$ref")
    return schemas.get(reference.rpartition("/")[2], {}) if reference else schema


def example(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """A value that fits ``schema``, for the eye."""
    schema = resolve(schema, schemas)
    for given in ("const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return example(options[0], schemas, depth)
    if schema.get("type") == "object":
        if depth > _MAX_DEPTH:
            return {}
        properties = schema.get("properties", {})
        return {name: example(one, schemas, depth + 1) for name, one in properties.items()}
    if schema.get("type") == "array":
        return [] if depth > _MAX_DEPTH else [example(schema.get("items", {}), schemas, depth + 1)]
    return _FORMATS.get(schema.get("format", ""), _PLAIN.get(schema.get("type", ""), {}))


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
