"""What API tests share: callers of each kind, and keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.workspaces.models import ApiKey
from apps.workspaces.services import api_keys


class Api:
    """A program with a key. Answers are Django's test responses; ``json()`` reads them."""

    def __init__(self, workspace: Any, raw_key: str | None) -> None:
        self.base = f"/api/v1/w/{workspace.slug}"
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {raw_key}"} if raw_key else {}

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        address = path if path.startswith("/api/") else f"{self.base}/{path}"
        body = json.dumps(data) if not isinstance(data, str | bytes) else data
        return self.client.generic(
            method,
            address,
            "" if data is None else body,
            content_type="application/json",
            headers={**self.headers, **names},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        return self.call("POST", path, {} if data is None else data, **headers)

    def patch(self, path: str, data: Any, **headers: str) -> Any:
        return self.call("PATCH", path, data, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)


def make_key(user: Any, workspace: Any, **fields: Any) -> tuple[str, ApiKey]:
    """A raw key and its row."""
    raw = api_keys.generate()
    row = ApiKey.objects.create(
        workspace=workspace,
        user=user,
        name=fields.pop("name", "test"),
        prefix=raw[:12],
        key_hash=api_keys.digest(raw),
        **fields,
    )
    return raw, row


@pytest.fixture
def api_for(workspace: Any) -> Callable[..., Api]:
    """``api_for(user, workspace=…, scopes=[…])``: a client with a fresh key of that person."""

    def make(user: Any, on: Any = None, key_of: Any = None, **fields: Any) -> Api:
        raw, _ = make_key(user, key_of or on or workspace, **fields)
        return Api(on or workspace, raw)

    return make


@pytest.fixture(autouse=True)
def _fresh_rates() -> None:
    """Buckets of earlier tests are emptied: ids are used again after a roll-back."""
    from apps.workspaces.api import rates

    client = rates.limiter()._client
    for name in client.scan_iter("candy-rate:*", count=1000):
        client.delete(name)
