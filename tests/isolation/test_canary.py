"""A canary in every model of one workspace; a member of another asks for everything there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from apps.orchestrator import registry
from apps.orchestrator import services as orchestrator
from apps.orchestrator.types import Face
from apps.workspaces.tenancy import workspace_context
from tests.isolation.planting import CANARY, Planter, digest_of, tables_with_canary, tenant_models
from tests.isolation.routes import Route, workspace_routes


@pytest.fixture
def planted(workspace: Any, owner: Any) -> Planter:
    """``acme`` with a canary in every model."""
    with workspace_context(workspace):
        planter = Planter(owner)
        planter.plant_all()
    return planter


@pytest.fixture
def quiet(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.CANDY_API_RATES = dict.fromkeys(("read", "write", "ai"), "1000000/1000000")


def signed_in(user: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def has_canary(response: Any) -> bool:
    body = b"".join(response) if response.streaming else response.content
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    return CANARY in body.decode(errors="replace") or CANARY in headers


def ask(user: Any, method: str, path: str) -> Any:
    """One request whose writes are undone, so that each meets the same data."""
    client = signed_in(user)
    with transaction.atomic():
        body = "{}" if path.startswith("/api/") else ""
        kind = "application/json" if body else "application/x-www-form-urlencoded"
        response = client.generic(method, path, body, content_type=kind)
        has = has_canary(response)
        transaction.set_rollback(True)
    response.has_canary = has
    return response


def echoes(path: str) -> bool:
    """Whether the address itself carries the canary, which a page may say back."""
    return CANARY in path


def test_every_model_is_planted(planted: Planter, workspace: Any) -> None:
    assert set(planted.rows) == set(tenant_models())
    found = tables_with_canary(workspace.schema_name)
    textless = {
        model._meta.db_table
        for model in tenant_models()
        if not any(
            field.get_internal_type() in {"CharField", "TextField", "JSONField", "ArrayField"}
            and not field.choices
            for field in model._meta.concrete_fields
        )
    }
    missing = {model._meta.db_table for model in tenant_models()} - found - textless
    assert missing == set()


def test_the_owner_does_see_it(planted: Planter, quiet: None, owner: Any, client_for: Any) -> None:
    """A control: the canary shows where it may, so that not seeing it elsewhere means something."""
    client = client_for(owner)
    for path in ("jobs", "posts", "channels", "assets", "events", "targets"):
        response = client.get(f"/api/v1/w/acme/{path}")
        assert CANARY in response.content.decode(), path


def every_request(slug: str, planter: Planter) -> Iterator[tuple[Route, str, str]]:
    ids = planter.ids()
    for route in workspace_routes():
        for path in route.addresses(slug, ids):
            for method in route.methods:
                yield route, method, path


def test_no_route_of_their_own_workspace_shows_another_ones_row(
    planted: Planter, quiet: None, workspace: Any, other_owner: Any
) -> None:
    before = digest_of(workspace.schema_name)
    hits, broken, asked = [], [], 0
    for _, method, path in every_request("globex", planted):
        response = ask(other_owner, method, path)
        asked += 1
        if response.has_canary and not echoes(path):
            hits.append(f"{method} {path}")
        if response.status_code == 500:
            broken.append(f"{method} {path}")
    assert asked > 150
    assert hits == []
    assert broken == []
    assert digest_of(workspace.schema_name) == before


def test_no_route_of_a_foreign_workspace_opens(
    planted: Planter, quiet: None, workspace: Any, other_owner: Any, outsider: Any
) -> None:
    before = digest_of(workspace.schema_name)
    opened, strangers = [], (signed_in(other_owner), signed_in(outsider))
    for _, method, path in every_request("acme", planted):
        for stranger in strangers:
            response = stranger.generic(method, path)
            if response.status_code != 404 or (has_canary(response) and not echoes(path)):
                opened.append(f"{method} {path}: {response.status_code}")
    assert opened == []
    assert digest_of(workspace.schema_name) == before


def value_for(name: str, schema: dict[str, Any], ids: dict[str, list[str]]) -> Any:
    """An input with the other workspace's ids wherever an id can stand."""
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            return value_for(name, option, ids)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "uuid" or name.endswith("_id"):
        return ids.get(name.removesuffix("_id").rstrip("s"), ids["post"])[0]
    if schema.get("format") == "date-time":
        return "2030-01-01T00:00:00Z"
    kind = schema.get("type", "string")
    if kind == "array":
        return [value_for(name, schema.get("items", {}), ids)]
    return {"integer": 1, "number": 1, "boolean": True, "object": {}}.get(kind, "text")


@pytest.mark.parametrize("key", [action.key for action in registry.all_actions(face=Face.API)])
def test_no_action_reaches_another_workspace(
    key: str,
    planted: Planter,
    quiet: None,
    workspace: Any,
    other_workspace: Any,
    other_owner: Any,
    actor_for: Any,
) -> None:
    action, ids = registry.get(key), planted.ids()
    properties = action.input_model.model_json_schema().get("properties", {})
    given = {name: value_for(name, schema, ids) for name, schema in properties.items()}
    before = digest_of(workspace.schema_name)
    actor = actor_for(other_owner, other_workspace)
    with workspace_context(other_workspace), transaction.atomic():
        try:
            output = orchestrator.run(action=key, actor=actor, input=given)
            said = "" if output is None else output.model_dump_json()
        except Exception as error:  # whatever it says must not be the other's either
            said = f"{error} {getattr(error, 'params', '')}"
        transaction.set_rollback(True)
    assert CANARY not in said
    assert digest_of(workspace.schema_name) == before


def test_search_and_api_answers_hold_nothing_foreign(
    planted: Planter, quiet: None, other_owner: Any
) -> None:
    """Asked for the canary by name, wherever one can search."""
    client = signed_in(other_owner)
    for path in ("posts?search=", "assets?search=", "jobs?action=", "events?kind=", "jobs?queue="):
        response = client.get(f"/api/v1/w/globex/{path}{CANARY[:7]}")
        assert response.status_code == 200, path
        assert json.loads(response.content)["data"] == [], path


def test_the_database_itself_refuses_outside_of_a_workspace(planted: Planter) -> None:
    from django.db.utils import ProgrammingError

    for model in tenant_models():
        with pytest.raises(ProgrammingError), transaction.atomic():
            model._base_manager.count()
    assert connection.schema_name == "public"
