"""From an ``operation`` to its OpenAPI object."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.contrib.pydantic import PydanticExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel

from apps.workspaces.api.idempotency import HEADER
from apps.workspaces.api.operations import Operation

ERROR = {"$ref": "#/components/schemas/Error"}

REFUSALS = {
    "400": "The request is not well-formed, or lacks a header that it needs.",
    "401": "Nobody is signed in, or the API key is not valid.",
    "403": "The caller may not do this.",
    "404": "There is no such thing, or it is not the caller's.",
    "409": "The thing's state does not allow this, or the Idempotency-Key was used before.",
    "410": "The thing was there, and is gone or used up.",
    "413": "The body is too large.",
    "415": "The body's type is not one that this route takes.",
    "422": "The input is not valid; `errors` names every field.",
    "429": "Too many requests, or more than the plan allows. See `Retry-After`.",
    "500": "Something broke on our side; `params.request_id` names the request.",
    "502": "A network did not answer, or not as it should.",
    "503": "Not available right now. See `Retry-After`.",
}
_ALWAYS = ("401", "403", "404", "410", "422", "429", "500")
_OF_CHANGES = ("400", "409", "413", "415", "502", "503")


class NamedPydantic(PydanticExtension):
    """As drf-spectacular's, with names that OpenAPI takes: ``Page[Job]`` becomes ``Page_Job``."""

    priority = 1

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        super().get_name(auto_schema, direction)
        return component_name(self.target)


def component_name(model: type[BaseModel]) -> str:
    return re.sub(r"\W+", "_", model.__name__).strip("_").replace("Out", "")


class OperationSchema(AutoSchema):
    """Reads ``operation`` off the view's method; other views are not in the description."""

    def get_operation_id(self) -> str:
        declared = self._declared()
        if declared is None:
            return str(super().get_operation_id())
        return re.sub(r"\W+", "_", declared.summary.lower()).strip("_")

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular asks without them
        declared = self._declared()
        return declared.description if declared else ""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and "{" not in part]
        return [parts[3] if len(parts) > 3 and parts[2] == "w" else parts[2]]

    def get_override_parameters(self) -> list[Any]:
        declared = self._declared()
        if declared is None:
            return []
        found = query_parameters(declared.query) if declared.query else []
        if self.method == "POST" and getattr(self.view, "remembers_posts", False):
            found.append(key_parameter(required=declared.needs_key))
        return found

    def get_request_serializer(self) -> Any:
        declared = self._declared()
        return declared.body if declared else None

    def get_operation(self, *args: Any) -> Any:
        found = super().get_operation(*args)
        declared = self._declared()
        if found is not None and declared is not None:
            self._complete(found, declared)
        return found

    def _complete(self, found: dict[str, Any], declared: Operation) -> None:
        if declared.multipart and "requestBody" in found:
            content = found["requestBody"]["content"]
            found["requestBody"]["content"] = {"multipart/form-data": next(iter(content.values()))}
        if declared.binary:
            shape = {"schema": {"type": "string", "format": "binary"}}
            found["requestBody"] = {
                "required": True,
                "content": {"application/octet-stream": shape},
            }
        if declared.permission:
            found["x-permission"] = declared.permission
        found["responses"] = {
            **found["responses"],
            **refusals(changes=self.method != "GET"),
        }

    def _declared(self) -> Operation | None:
        method = getattr(self.view, (self.method or "").lower(), None)
        return getattr(method, "operation", None)


def refusals(*, changes: bool) -> dict[str, Any]:
    """Responses in which nothing happened, all of the one shape."""
    codes = sorted((*_ALWAYS, *_OF_CHANGES) if changes else _ALWAYS)
    return {
        code: {
            "description": REFUSALS[code],
            "content": {"application/json": {"schema": ERROR}},
        }
        for code in codes
    }


def query_parameters(model: type[BaseModel]) -> list[OpenApiParameter]:
    """A query model's fields as parameters."""
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    found = []
    for name, field in schema["properties"].items():
        description = field.pop("description", "")
        kinds = [kind for kind in field.pop("anyOf", []) if kind.get("type") != "null"]
        shape = {**(kinds[0] if kinds else {}), **field}
        shape.pop("title", None)
        if shape.get("default", 0) is None:
            del shape["default"]
        style: dict[str, Any] = (
            {"style": "form", "explode": False} if shape.get("type") == "array" else {}
        )
        found.append(
            OpenApiParameter(
                name, type=shape, description=description, required=name in required, **style
            )
        )
    return found


def key_parameter(*, required: bool) -> OpenApiParameter:
    return OpenApiParameter(
        HEADER,
        type={"type": "string", "minLength": 1, "maxLength": 255},
        location=OpenApiParameter.HEADER,
        required=required,
        description="Your own name for this request: sent again, it is answered and not repeated.",
    )
