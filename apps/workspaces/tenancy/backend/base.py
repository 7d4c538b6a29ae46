"""PostgreSQL backend whose tenant is a ContextVar instead of an attribute of the connection.

It leans on private names of django-tenants 4.0.1, which is therefore pinned exactly; see
tests/workspaces/test_context.py for what must hold.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from django_tenants.postgresql_backend import base
from psycopg.adapt import AdaptersMap

from apps.workspaces.tenancy.state import PUBLIC, Scope, scope


class InstantLoader(BaseTzLoader):
    """Django's loader of instants for a connection in UTC, several times as quick on plain years."""

    timezone = UTC

    def load(self, data: Any) -> Any:
        try:
            found = datetime.fromisoformat(bytes(data).decode())
        except ValueError:  # infinity, years before Christ or after 9999: the driver knows them
            return super().load(data)
        return found if found.tzinfo is UTC else super().load(data)


class DatabaseWrapper(base.DatabaseWrapper):
    """Reads the schema from the context before each cursor; never remembers one of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # A connection is often first made inside a workspace; the parent's constructor goes to
        # public, which must not leak into the context of the code that is waiting for it.
        token = scope.set(PUBLIC)
        try:
            super().__init__(*args, **kwargs)
        finally:
            scope.reset(token)

    @property
    def tenant(self) -> Any:
        return scope.get().tenant

    @tenant.setter
    def tenant(self, value: Any) -> None:
        """The parent's constructor assigns it; the context is the truth."""

    @property
    def schema_name(self) -> str:
        return scope.get().schema_name

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """The parent's constructor assigns it; the context is the truth."""

    @property
    def include_public_schema(self) -> bool:
        return scope.get().include_public

    @include_public_schema.setter
    def include_public_schema(self, value: bool) -> None:
        """The parent's constructor assigns it; the context is the truth."""

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            params["context"] = AdaptersMap(params["context"])
            params["context"].register_loader("timestamptz", InstantLoader)
        return params

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Kept for django-tenants' own callers. Ours use ``workspace_context``."""
        workspace = None if isinstance(tenant, base.FakeTenant) else tenant
        scope.set(Scope(workspace, tenant.schema_name, include_public))

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Set the search path when it differs from what this connection has; one comparison if not."""
        if self._setting_search_path:
            return
        wanted = self._get_cursor_search_paths()
        if wanted == self.search_path_set_schemas:
            return
        super()._handle_search_path(cursor)
