"""What the door reads, by statements written by hand: they stand before every single request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection

from apps.workspaces.models import ApiKey, Membership, Role, Workspace

_MEMBERSHIP = """
SELECT {membership}, {workspace}, {role}, {person}
FROM workspaces_membership membership
JOIN workspaces_workspace workspace ON workspace.id = membership.workspace_id
JOIN workspaces_role role ON role.id = membership.role_id
JOIN accounts_user person ON person.id = membership.user_id
WHERE membership.user_id = %s AND workspace.slug = %s AND person.is_active
"""
_KEY = """
SELECT {membership}, {workspace}, {role}, {person}, {key}
FROM workspaces_apikey key
JOIN accounts_user person ON person.id = key.user_id
LEFT JOIN (
    workspaces_membership membership
    JOIN workspaces_workspace workspace ON workspace.id = membership.workspace_id
    JOIN workspaces_role role ON role.id = membership.role_id
) ON membership.user_id = key.user_id AND person.is_active AND workspace.slug = %s
WHERE key.key_hash = %s
"""


def membership(*, user_id: int, slug: str) -> Membership | None:
    """The membership of an active person, with ``workspace``, ``role`` and ``user``. One statement."""
    line = _one(_statement(_MEMBERSHIP), [user_id, slug])
    return None if line is None else _membership(line)


def key(*, key_hash: str, slug: str) -> tuple[ApiKey | None, Membership | None]:
    """The key, with its ``user``, and that person's membership as above. One statement."""
    line = _one(_statement(_KEY), [slug, key_hash])
    if line is None:
        return None, None
    columns = _columns()
    found: ApiKey = columns["key"].read(line)
    found.user = columns["person"].read(line)
    return found, None if line[0] is None else _membership(line)


class _Columns(NamedTuple):
    """Where a model's columns stand in a line, and what turns them into the model."""

    model: Any
    sql: str
    names: list[str]
    start: int
    converters: list[tuple[int, Any]]

    def read(self, line: Sequence[Any]) -> Any:
        values = list(line[self.start : self.start + len(self.names)])
        for place, convert in self.converters:
            values[place] = convert(values[place], None, connection)
        return self.model.from_db(connection.alias, self.names, values)


def _membership(line: Sequence[Any]) -> Membership:
    columns = _columns()
    found: Membership = columns["membership"].read(line)
    found.workspace = columns["workspace"].read(line)
    found.role = columns["role"].read(line)
    found.user = columns["person"].read(line)
    return found


@cache
def _columns() -> dict[str, _Columns]:
    """By name, in the order in which both statements have them."""
    models: dict[str, Any] = {
        "membership": Membership,
        "workspace": Workspace,
        "role": Role,
        "person": get_user_model(),
        "key": ApiKey,
    }
    found, start = {}, 0
    for name, model in models.items():
        fields = model._meta.concrete_fields
        found[name] = _Columns(
            model,
            ", ".join(f'{name}."{field.column}"' for field in fields),
            [field.attname for field in fields],
            start,
            [
                (place, field.from_db_value)
                for place, field in enumerate(fields)
                if hasattr(field, "from_db_value")
            ],
        )
        start += len(fields)
    return found


@cache
def _statement(text: str) -> str:
    return text.format(**{name: columns.sql for name, columns in _columns().items()})


def _one(statement: str, parameters: list[Any]) -> Sequence[Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        line: Sequence[Any] | None = cursor.fetchone()
    return line
