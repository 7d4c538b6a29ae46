"""Cache keys that carry the workspace, so that no two can read each other's."""

from __future__ import annotations

from apps.workspaces.tenancy.state import scope


def workspace_key(key: str, key_prefix: str, version: int) -> str:
    """``KEY_FUNCTION`` of the ``default`` cache. The ``shared`` cache has plain keys."""
    return f"{key_prefix}:{scope.get().schema_name}:{version}:{key}"
