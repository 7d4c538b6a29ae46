"""The description is valid OpenAPI 3.1, complete, and true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import OpenAPIV31SpecValidator

from apps.orchestrator import registry
from apps.orchestrator.types import Face
from apps.workspaces.api.base import NothingHere
from apps.workspaces.api.openapi.views import description


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in description()["paths"].items()
        for method, operation in item.items()
    ]


def api_views(resolver: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from api_views(entry, place)
        elif isinstance(entry, URLPattern) and place.startswith("api/"):
            yield place, getattr(entry.callback, "cls", None)


def test_it_is_valid() -> None:
    found = description()
    assert found["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(found).validate()


def test_every_route_is_described_and_every_operation_has_a_name_of_its_own() -> None:
    described = len({path for path, _, _ in operations() if "/actions/" not in path})
    routes = [
        place
        for place, view in api_views(get_resolver())
        if view is not None and view is not NothingHere and "/actions/" not in place
    ]
    assert described == len(routes)
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_every_view_method_is_an_operation_with_a_permission() -> None:
    """So that nothing can be reached that was not declared."""
    for place, view in api_views(get_resolver()):
        if view is None or view is NothingHere:
            continue
        for method in ("get", "post", "put", "patch", "delete"):
            handler = getattr(view, method, None)
            if handler is None:
                continue
            declared = getattr(handler, "operation", None)
            assert declared is not None, f"{method} {place}"
            is_public = "<slug:workspace>" not in place
            runs_action = view.__name__ == "ActionView"  # each action has its own permission
            assert declared.permission or is_public or runs_action, f"{method} {place}"


def test_every_action_is_described_with_its_input() -> None:
    paths = {path.rpartition("/")[2]: item for path, item in description()["paths"].items()}
    for action in registry.all_actions(face=Face.API):
        if action.key.startswith("probe."):  # declared by other tests in this process
            continue
        post = paths[action.key]["post"]
        reference = post["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = description()["components"]["schemas"][reference.rpartition("/")[2]]
        assert set(schema.get("properties", {})) >= set(action.input_model.model_fields)
        assert post["x-permission"] == action.permission


@pytest.mark.django_db
def test_it_is_served_and_not_sent_twice() -> None:
    first = Client().get("/api/schema/")
    assert first.json()["info"]["title"] == "Candy"
    again = Client().get("/api/schema/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.django_db
def test_the_docs_page_shows_every_operation_under_the_strict_policy() -> None:
    page = Client().get("/api/docs/")
    text = page.content.decode()
    for _, _, operation in operations():
        assert f'id="{operation["operationId"]}"' in text
    assert "unsafe" not in page["Content-Security-Policy"]
    assert " style=" not in text
    assert "self.actor" not in text  # docstrings of views are for us
