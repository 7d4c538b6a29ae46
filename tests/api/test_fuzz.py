"""Every operation of the description, asked with good, bad and foreign values: no 500, ever, and no
status that is not written down."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from apps.workspaces.api.openapi.pages import example, resolve
from apps.workspaces.api.openapi.views import description

NASTY: list[Any] = [
    None,
    "",
    "x" * 5000,
    "\u202e🙂\u0300",
    "'; DROP TABLE x; --",
    "{{7*7}}",
    "../../etc/passwd",
    -1,
    0,
    2**70,
    1e308,
    True,
    [],
    {},
    [[[[]]]],
    "2030-13-45T99:99:99Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    str(uuid4()),
]
QUERIES = ["", "?limit=1e9", "?cursor=%00", "?cursor=AAAA", "?x=y", "?limit=%F0%9F", "?mode=never"]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in description()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def fill(path: str, chance: random.Random) -> str:
    path = path.replace("{workspace}", "acme").replace("{member_id}", "1")
    while "{" in path:
        name = path[path.index("{") : path.index("}") + 1]
        path = path.replace(name, chance.choice([str(uuid4()), "0" * 32, "nope"]), 1)
    return path


def bodies(operation: dict[str, Any], chance: random.Random) -> Iterator[Any]:
    """The example, then with one field spoilt at a time, then things that are no object."""
    schemas = description()["components"]["schemas"]
    content = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
    schema = resolve(content.get("schema", {}), schemas)
    good = example(schema, schemas) or {}
    yield good
    for name in list(good) if isinstance(good, dict) else []:
        yield {**good, name: chance.choice(NASTY)}
        yield {key: value for key, value in good.items() if key != name}
    yield {"unknown": 1}
    yield chance.choice(NASTY)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    list(operations()),
    ids=[f"{method} {path}" for method, path, _ in operations()],
)
def test_no_input_breaks_a_route(
    method: str,
    path: str,
    operation: dict[str, Any],
    api_for: Any,
    owner: Any,
    settings: Any,
    tmp_path: Any,
) -> None:
    settings.CANDY_API_RATES = dict.fromkeys(("read", "write", "ai"), "1000000/1000000")
    settings.CANDY_OUTBOUND_ALLOW = []
    settings.MEDIA_ROOT = tmp_path
    chance = random.Random(path + method)
    api = api_for(owner)
    documented = set(operation["responses"]) | {"404", "405"}
    for number, body in enumerate(bodies(operation, chance)):
        address = fill(path, chance) + QUERIES[number % len(QUERIES)]
        data = None if method == "GET" else json.dumps(body)
        with transaction.atomic():
            response = api.call(method, address, data, Idempotency_Key=f"k{number}")
            transaction.set_rollback(True)
        assert response.status_code != 500, f"{address} {body!r:.300}: {response.content!r:.500}"
        assert str(response.status_code) in documented, f"{address} {body!r:.300}"
        if response.status_code >= 400:
            assert set(response.json()) == {"error"}, address
